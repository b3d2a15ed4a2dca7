/** Connections that leave HTTP: exec, attach and port-forward take over the raw socket with what was read of it already. */
import type { Duplex } from "node:stream";
import type { Upgrade, UpgradedSocket } from "../request.ts";

/** The pending upgrade of a request. `accepted` tells whether the route has taken the connection. */
export interface PendingUpgrade extends Upgrade {
  readonly accepted: boolean;
}

export function pendingUpgrade(socket: Duplex, head: Uint8Array): PendingUpgrade {
  let accepted = false;
  return {
    get accepted() {
      return accepted;
    },
    accept(headers) {
      if (accepted) throw new Error("Cannot take over a connection twice");
      accepted = true;
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headerLines(headers)}\r\n`);
      return takeOver(socket, head);
    },
  };
}

/** The streams of a socket, each way with the other side's pace. */
export function takeOver(socket: Duplex, head: Uint8Array): UpgradedSocket {
  let readEnded = false;
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      const end = (finish: () => void) => {
        if (readEnded) return;
        readEnded = true;
        finish();
      };
      if (head.length > 0) controller.enqueue(copy(head));
      socket.on("data", (chunk: Uint8Array) => {
        if (readEnded) return;
        controller.enqueue(copy(chunk));
        if ((controller.desiredSize ?? 0) <= 0) socket.pause();
      });
      socket.on("end", () => end(() => controller.close()));
      socket.on("close", () => end(() => controller.close()));
      socket.on("error", (err) => end(() => controller.error(err)));
      socket.pause();
    },
    pull() {
      socket.resume();
    },
    cancel() {
      readEnded = true;
      socket.resume(); // what still comes is dropped, so that the end is seen
    },
  }, { highWaterMark: 64 * 1024, size: (chunk) => chunk.length });

  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      socket.on("error", (err) => controller.error(err));
      socket.on("close", () => controller.error(new Error("Cannot write: the connection is closed")));
    },
    write(chunk) {
      if (socket.write(chunk)) return;
      return new Promise<void>((resolve) => {
        const done = () => {
          socket.off("drain", done);
          socket.off("close", done);
          resolve();
        };
        socket.on("drain", done);
        socket.on("close", done);
      });
    },
    close() {
      socket.end();
    },
    abort() {
      socket.destroy();
    },
  });
  return { readable, writable, close: () => void socket.destroy() };
}

/** Writes a whole answer to a socket whose upgrade was refused, and closes it. */
export async function refuseUpgrade(socket: Duplex, response: Response, method: string): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.set("content-length", String(body.length));
  headers.set("connection", "close");
  headers.delete("transfer-encoding");
  const reason = response.statusText || reasons[response.status] || "Error";
  socket.write(`HTTP/1.1 ${response.status} ${reason}\r\n${headerLines(headers)}\r\n`);
  socket.end(method === "HEAD" ? undefined : body);
}

const reasons: Record<number, string> = {
  200: "OK",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  429: "Too Many Requests",
  500: "Internal Server Error",
};

function headerLines(headers: Headers | Record<string, string>): string {
  const pairs = headers instanceof Headers ? [...headers] : Object.entries(headers);
  return pairs.map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, " ")}\r\n`).join("");
}

function copy(chunk: Uint8Array): Uint8Array {
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
}
