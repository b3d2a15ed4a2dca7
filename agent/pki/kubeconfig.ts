/** Kubeconfig files: one cluster, one user, one context. Pure. */
import { encodeBase64 } from "./base64.ts";

export interface KubeconfigInput {
  server: string;
  caCertificate: string;
  /** What the user is called in the file. */
  user: string;
  credential: { token: string } | { certificate: string; key: string };
}

const data = (text: string) => encodeBase64(new TextEncoder().encode(text));

export function kubeconfig({ server, caCertificate, user, credential }: KubeconfigInput): string {
  const who = "token" in credential ? [`    token: ${JSON.stringify(credential.token)}`] : [
    `    client-certificate-data: ${data(credential.certificate)}`,
    `    client-key-data: ${data(credential.key)}`,
  ];
  return [
    "apiVersion: v1",
    "kind: Config",
    "clusters:",
    "- name: islet",
    "  cluster:",
    `    server: ${server}`,
    `    certificate-authority-data: ${data(caCertificate)}`,
    "users:",
    `- name: ${JSON.stringify(user)}`,
    "  user:",
    ...who,
    "contexts:",
    "- name: islet",
    "  context:",
    "    cluster: islet",
    `    user: ${JSON.stringify(user)}`,
    "current-context: islet",
    "",
  ].join("\n");
}

/** The URL of a TLS listener as a client on this machine reaches it. */
export function serverUrl(address: string, port: number): string {
  const host = address === "" || address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
