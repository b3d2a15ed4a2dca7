/**
 * Kubernetes' channel protocols over WebSocket: each binary message begins with a byte that says what it is. v5 adds the
 * end of stdin; islet's own adds credit, so that neither side has to keep what the other one has not read.
 */
export const v4Protocol = "v4.channel.k8s.io";
export const v5Protocol = "v5.channel.k8s.io";
/** v5, and the server tells on channel {@link channel}.credit how many bytes of stdin it has passed on. */
export const creditProtocol = "v5.channel.islet.dev";
/** Begins a protocol that is none: behind it comes a bearer token, in base64url without padding. */
export const tokenProtocol = "base64url.bearer.authorization.k8s.io.";

export const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, credit: 6, close: 255 } as const;

/** Bytes of stdin that a client may have under way with credit. */
export const stdinWindow = 1024 * 1024;

/** A message of a channel. */
export function frame(channel: number, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(1 + data.length);
  message[0] = channel;
  message.set(data, 1);
  return message;
}

/** A message of a channel that holds JSON. */
export function jsonFrame(channel: number, value: unknown): Uint8Array<ArrayBuffer> {
  return frame(channel, new TextEncoder().encode(JSON.stringify(value)));
}

/** The message that says that stdin has ended. */
export const stdinEnd: Uint8Array<ArrayBuffer> = new Uint8Array([channel.close, channel.stdin]);
