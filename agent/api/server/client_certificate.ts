/** What a client's certificate says, once the TLS layer has verified it against our CA. */
import type { RequestEnv } from "../request.ts";

interface TlsSocket {
  authorized?: boolean;
  authorizationError?: unknown;
  getPeerCertificate?(): object | undefined;
}

interface Certificate {
  raw?: Uint8Array;
  subject?: Record<string, string | string[]>;
}

/** The certificate of the connection's client, or why it does not count. Nothing without one. */
export function clientCertificate(socket: TlsSocket): Pick<RequestEnv, "certificate" | "certificateError"> {
  const certificate = socket.getPeerCertificate?.() as Certificate | undefined;
  if (!certificate?.raw) return {};
  if (!socket.authorized) {
    return { certificateError: String(socket.authorizationError ?? "it is not of this node's CA") };
  }
  const { CN, O } = certificate.subject ?? {};
  return { certificate: { commonName: [CN ?? ""].flat().at(-1) ?? "", organizations: [O ?? []].flat() } };
}
