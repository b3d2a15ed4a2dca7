/** Looking at certificates, with what the platform has: no library is loaded for it. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { canonicalAddress } from "./names.ts";
import { pem } from "./keys.ts";

export interface Certificate {
  /** PEM of the certificate alone. */
  text: string;
  notAfter: number;
  commonName: string;
  organizations: string[];
  dnsNames: string[];
  addresses: string[];
  isAuthority: boolean;
  x509: X509Certificate;
}

/** Reads the first certificate of a PEM text. Throws where there is none. */
export function readCertificate(text: string): Certificate {
  const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text);
  if (!block) throw new Error("it holds no CERTIFICATE");
  const x509 = new X509Certificate(block[0] + "\n");
  const subject = (x509.subject ?? "").split("\n").map((line) => line.split(/=(.*)/s));
  const names = (x509.subjectAltName ?? "").split(", ");
  const named = (prefix: string) =>
    names.filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length));
  return {
    text: pem("CERTIFICATE", new Uint8Array(x509.raw)),
    notAfter: Date.parse(x509.validTo),
    commonName: subject.find(([type]) => type === "CN")?.[1] ?? "",
    organizations: subject.filter(([type]) => type === "O").map(([, value]) => value),
    dnsNames: named("DNS:"),
    addresses: named("IP Address:").map(canonicalAddress),
    isAuthority: x509.ca,
    x509,
  };
}

/** Whether a certificate is signed by this CA. */
export function isSignedBy(certificate: Certificate, authority: Certificate): boolean {
  return certificate.x509.checkIssued(authority.x509) && certificate.x509.verify(authority.x509.publicKey);
}

/** Whether a certificate is of this private key. */
export function belongsTo(certificate: Certificate, key: string): boolean {
  return certificate.x509.checkPrivateKey(createPrivateKey(key));
}
