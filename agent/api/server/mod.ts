/**
 * The doors of the API: HTTP/1.1 on a Unix socket and on TLS ports, around an app's `fetch`.
 *
 *     door.ts ─► listener.ts, tls.ts: connections ─► connection.ts ─► head.ts, body.ts, writer.ts, upgrade.ts
 *
 * It is written here, and not node's or Deno's own server, because no one of those has it all: node:http cannot listen on
 * a Unix socket on Deno 2.7 and costs 10 MB and 30 ms on 2.9, and Deno.serve neither hands over raw connections nor
 * limits how slowly a client may send.
 */
export type { Fetch } from "./connection.ts";
export { type Door, type DoorOptions, openDoor } from "./door.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export { limitWatches, mostWatches } from "./watch_limit.ts";
export type { TlsMaterial } from "./incoming.ts";
