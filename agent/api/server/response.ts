/** From a Response to node's ServerResponse: nothing is read of a stream while the client is behind. */
import type { ServerResponse } from "node:http";

/**
 * Sends an answer; resolves when it is sent, or when the client is gone. A stream that fails on the way ends the
 * connection, so that the client cannot take a part for the whole.
 */
export async function sendResponse(
  response: Response,
  outgoing: ServerResponse,
  { head, stalledMs }: { head: boolean; stalledMs: number },
): Promise<void> {
  outgoing.statusCode = response.status;
  if (response.statusText) outgoing.statusMessage = response.statusText;
  for (const [name, value] of response.headers) outgoing.setHeader(name, value);
  if (head || !response.body) {
    await response.body?.cancel();
    outgoing.end();
    return;
  }
  const reader = response.body.getReader();
  const gone = once(outgoing);
  outgoing.on("close", () => void reader.cancel().catch(() => {}));
  try {
    let next = reader.read();
    for (let first = true;; first = false) {
      const { done, value } = await next;
      if (done) break;
      if (value.length === 0) {
        next = reader.read();
        continue;
      }
      next = reader.read();
      if (first && !outgoing.hasHeader("content-length") && await isEnd(next)) {
        outgoing.setHeader("content-length", value.length);
      }
      if (!outgoing.write(value)) await drained(outgoing, gone, stalledMs);
      if (outgoing.destroyed) return void reader.cancel().catch(() => {});
    }
    outgoing.end();
  } catch {
    outgoing.destroy();
  }
}

/** Whether a stream is at its end as far as can be said without waiting. */
async function isEnd(next: Promise<ReadableStreamReadResult<Uint8Array>>): Promise<boolean> {
  let ended = false;
  next.then(({ done }) => ended = done, () => {});
  for (let turn = 0; turn < 4 && !ended; turn++) await undefined;
  return ended;
}

function once(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => outgoing.once("close", resolve));
}

/** Waits until the client has taken what was written; one that takes nothing for too long is let go. */
async function drained(outgoing: ServerResponse, gone: Promise<void>, stalledMs: number): Promise<void> {
  if (outgoing.destroyed) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let drain = () => {};
  await Promise.race([
    gone,
    new Promise<void>((resolve) => outgoing.once("drain", drain = resolve)),
    new Promise<void>((resolve) =>
      timer = setTimeout(() => {
        outgoing.destroy();
        resolve();
      }, stalledMs)
    ),
  ]);
  clearTimeout(timer);
  outgoing.off("drain", drain);
}
