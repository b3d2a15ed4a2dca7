/** Connections that leave HTTP: exec, attach and port-forward take over the raw connection with what was read of it. */
import type { UpgradedSocket } from "../request.ts";
import type { Source } from "./source.ts";
import type { Writer } from "./writer.ts";

const roomSize = 32 * 1024;

/** The streams of a connection, each way at the other side's pace. It is closed when both ways have ended. */
export function takeOver(source: Source, writer: Writer, close: () => void): UpgradedSocket {
  let ended = false;
  let closed = false;
  let failing: WritableStreamDefaultController | undefined;
  const cut = () => {
    if (closed) return;
    closed = true;
    failing?.error(new Error("Cannot write: the connection is closed"));
    close();
  };
  let room: Uint8Array | undefined;
  const readable = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // one buffer a connection: through some flow gigabytes
      const bytes = await source.next(room ??= new Uint8Array(roomSize));
      if (bytes) return controller.enqueue(bytes);
      ended = true;
      controller.close();
      if (writing.ended) cut();
    },
    async cancel() {
      ended = true;
      if (writing.ended) return cut();
      // what still comes is dropped, so that the end is seen
      while (await source.next());
      cut();
    },
  }, { highWaterMark: 0 });

  const writing = { ended: false };
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      failing = controller;
    },
    async write(chunk) {
      try {
        await writer.write(chunk);
      } catch (err) {
        cut();
        throw err;
      }
    },
    async close() {
      writing.ended = true;
      if (ended) return cut();
      await writer.end().catch(() => {});
    },
    abort() {
      writing.ended = true;
      cut();
    },
  });
  return { readable, writable, close: cut };
}
