/**
 * Kubernetes' channel protocols over WebSocket: each message begins with a byte (or in the base64 ones with a digit) that
 * says which stream the rest belongs to. Later versions tell how the command ended as JSON, the last one can say that
 * stdin has ended.
 */
import { creditProtocol, tokenProtocol, v4Protocol, v5Protocol } from "../channels.ts";

export interface ChannelProtocol {
  /** As Sec-WebSocket-Protocol has it; "" where the client named none. */
  name: string;
  base64?: boolean;
  /** Whether the error channel holds a Status; in the oldest ones it holds its message, and nothing after success. */
  jsonStatus?: boolean;
  /** Whether channel 255 says that another one has ended. */
  closes?: boolean;
  /** Whether channel 6 tells how many bytes of input were passed on: for clients that cannot feel the connection's pace. */
  credit?: boolean;
}

/** What exec and attach are served in. */
export const processProtocols: readonly ChannelProtocol[] = [
  { name: creditProtocol, jsonStatus: true, closes: true, credit: true },
  { name: v5Protocol, jsonStatus: true, closes: true },
  { name: v4Protocol, jsonStatus: true },
  { name: "v4.base64.channel.k8s.io", jsonStatus: true, base64: true },
  { name: "channel.k8s.io" },
  { name: "base64.channel.k8s.io", base64: true },
  { name: "" },
];

/** What ports are forwarded in without a tunnel: two channels a port, data and error. */
export const portProtocols: readonly ChannelProtocol[] = [
  { name: v4Protocol },
  { name: "v4.base64.channel.k8s.io", base64: true },
  { name: "" },
];

/** The protocols that a WebSocket's client offers; a token among them is none, and nobody else's to see. */
export function offeredProtocols(headers: Headers): string[] {
  return listed(headers.get("sec-websocket-protocol")).filter((name) => !name.startsWith(tokenProtocol));
}

/** The names in a header that is a list. */
export function listed(header: string | null | undefined): string[] {
  return (header ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** The first of the offered protocols that is known; none offered is a protocol, too. */
export function chooseProtocol(
  offered: readonly string[],
  known: readonly ChannelProtocol[],
): ChannelProtocol | undefined {
  for (const name of offered.length > 0 ? offered : [""]) {
    const found = known.find((protocol) => protocol.name === name);
    if (found) return found;
  }
  return undefined;
}
