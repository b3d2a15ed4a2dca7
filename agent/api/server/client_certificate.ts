/** What a client's certificate says, once the TLS layer has verified it against our CA. */
import type { Socket } from "node:net";
import type { RequestEnv } from "../request.ts";

type Peer = Pick<RequestEnv, "certificate" | "certificateError">;

/** Once a connection: a handshake's outcome does not change. */
const known = new WeakMap<object, Peer>();

interface TlsSocket {
  authorized?: boolean;
  authorizationError?: unknown;
  getPeerCertificate?(): { raw?: Uint8Array; subject?: Record<string, string | string[]> } | undefined;
}

/** The certificate of the connection's client, or why it does not count. Nothing without one. */
export function clientCertificate(socket: Socket): Peer {
  let peer = known.get(socket);
  if (!peer) known.set(socket, peer = read(socket as unknown as TlsSocket));
  return peer;
}

function read(socket: TlsSocket): Peer {
  const certificate = socket.getPeerCertificate?.();
  if (!certificate?.raw) return {};
  if (!socket.authorized) {
    return { certificateError: String(socket.authorizationError ?? "it is not of this node's CA") };
  }
  const { CN, O } = certificate.subject ?? {};
  return {
    certificate: { commonName: [CN ?? ""].flat().at(-1) ?? "", organizations: [O ?? []].flat() },
  };
}
