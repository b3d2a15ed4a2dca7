/** What listeners are, what they are told to heed, and what they hand over: connections with what is known of the peer. */
import type { RequestEnv } from "../request.ts";
import type { Link } from "./source.ts";

/** What a TLS door shows, and by whom its clients' certificates must be signed. All PEM. */
export interface TlsMaterial {
  certificate: string;
  key: string;
  clientCA?: string;
}

export interface Incoming {
  link: Link;
  env: Pick<RequestEnv, "remote" | "certificate" | "certificateError">;
}

export interface ListenerOptions {
  /** Called for every connection that is ready for a request. */
  onConnection(incoming: Incoming): void;
  /** Whether there is room for one more connection; asked when one comes in, before TLS. */
  hasRoom(): boolean;
  /** A connection begins or ends its handshake. */
  onHandshake(change: 1 | -1): void;
  /** Time for a handshake. */
  handshakeMs: number;
  onError(err: unknown): void;
}

export interface Listener {
  readonly port: number;
  renew(tls: TlsMaterial): Promise<void>;
  /** Takes no more connections. */
  close(): void;
}

/** `127.0.0.1:80`, `[::1]:80` */
export function addressText(host: string | undefined, port: number | undefined): string {
  return host?.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
