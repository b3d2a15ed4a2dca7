/**
 * Exec, attach and port-forward: the CRI call answers with a URL of the runtime's streaming server, and the data flow
 * there over a WebSocket in Kubernetes' channel protocols. Each message starts with a byte that names its channel.
 *
 *     const { url } = await cri.runtime.exec({ containerId, cmd: ["sh"], stdin: true, stdout: true, stderr: true });
 *     const process = await openProcess(url);
 *     for await (const { stream, data } of process.output) …     // must be read to its end
 *     const { exitCode } = await process.status;
 *
 * `v4.channel.k8s.io` (containerd 1.6) has no way to say that stdin has ended; `v5.channel.k8s.io` does, and so does SPDY
 * (spdy.ts), which every runtime speaks.
 */
import { StreamError } from "./bytes.ts";
import { WebSocketConnection } from "./websocket.ts";

export { StreamError } from "./bytes.ts";

const v4 = "v4.channel.k8s.io";
const v5 = "v5.channel.k8s.io";
const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 };

export interface OutputChunk {
  stream: "stdout" | "stderr";
  /** Valid until the next chunk is read. */
  data: Uint8Array;
}

export interface ExitStatus {
  exitCode: number;
  /** The runtime's words when the command failed; else empty. */
  message: string;
}

/** A command in a container, or a container that is attached to. */
export interface RemoteProcess {
  /** What it writes, in the order it arrives. Nothing is read from the runtime before it is read here. */
  readonly output: ReadableStream<OutputChunk>;
  /** Resolves when the runtime tells how it ended; rejects with a StreamError when it could not run or was lost. */
  readonly status: Promise<ExitStatus>;
  write(data: Uint8Array): Promise<void>;
  /** Says that stdin has ended. False where the protocol cannot: the process goes on waiting for input. */
  closeStdin(): Promise<boolean>;
  /** The terminal's new size. */
  resize(columns: number, rows: number): Promise<void>;
  /** Leaves. The runtime ends an exec'd command's streams, not necessarily the command. */
  close(): void;
}

/** Opens the URL that Exec or Attach answered with. */
export async function openProcess(url: string, options: { signal?: AbortSignal } = {}): Promise<RemoteProcess> {
  const socket = await WebSocketConnection.open(url, [v5, v4], options);
  const status = Promise.withResolvers<ExitStatus>();
  status.promise.catch(() => {}); // told to whoever asks, and nobody need ask

  const output = new ReadableStream<OutputChunk>({
    async pull(controller) {
      try {
        for (let message; (message = await socket.receive());) {
          const channel = message[0];
          const data = message.subarray(1);
          if (channel === channels.error && data.length > 0) {
            const ended = parseStatus(new TextDecoder().decode(data));
            if (ended instanceof Error) status.reject(ended);
            else status.resolve(ended);
          } else if ((channel === channels.stdout || channel === channels.stderr) && data.length > 0) {
            controller.enqueue({ stream: channel === channels.stdout ? "stdout" : "stderr", data });
            return;
          }
        }
        status.reject(new StreamError("Cannot tell how the command ended: the stream closed without a status"));
        controller.close();
      } catch (err) {
        status.reject(err);
        controller.error(err);
      }
    },
    cancel() {
      status.reject(new StreamError("Cannot tell how the command ended: its output was not read to the end"));
      socket.close();
    },
  }, { highWaterMark: 0 });

  return {
    output,
    status: status.promise,
    write: (data) => socket.send(new Uint8Array([channels.stdin]), data),
    async closeStdin() {
      if (socket.protocol !== v5) return false;
      await socket.send(new Uint8Array([channels.close, channels.stdin]));
      return true;
    },
    resize: (columns, rows) =>
      socket.send(
        new Uint8Array([channels.resize]),
        new TextEncoder().encode(JSON.stringify({ Width: columns, Height: rows })),
      ),
    close: () => socket.close(),
  };
}

/** The command could not be run, or its end cannot be told: the runtime's own Status. */
export class CommandError extends StreamError {
  override name = "CommandError";
  constructor(readonly reason: string, readonly said: string) {
    super(`Cannot run the command: ${said}`);
  }
}

/** The error channel's only message: a Kubernetes Status. */
export function parseStatus(text: string): ExitStatus | CommandError {
  let status;
  try {
    status = JSON.parse(text);
  } catch {
    return new CommandError("", text.trim());
  }
  if (status.status === "Success") return { exitCode: 0, message: "" };
  const causes: { reason?: string; message?: string }[] = status.details?.causes ?? [];
  const exitCode = Number(causes.find(({ reason }) => reason === "ExitCode")?.message);
  const message = status.message ?? "";
  if (status.reason === "NonZeroExitCode" && Number.isInteger(exitCode)) return { exitCode, message };
  return new CommandError(status.reason ?? "", message || text);
}

/** One forwarded connection. */
export interface PortConnection {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
  /** The runtime's complaint (nobody listens on the port), or undefined when the connection ended without one. */
  readonly error: Promise<string | undefined>;
  close(): void;
}

/** Opens the URL that PortForward answered with; that request must have named exactly one port. */
export async function openPort(url: string, options: { signal?: AbortSignal } = {}): Promise<PortConnection> {
  const socket = await WebSocketConnection.open(url, [v4], options);
  const complaint = Promise.withResolvers<string | undefined>();
  // the first message of both channels, 0 data and 1 error, is the port's number
  const greeted = [false, false];

  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        for (let message; (message = await socket.receive());) {
          const channel = message[0];
          if (channel > 1) continue;
          const data = message.subarray(greeted[channel] ? 1 : 3);
          greeted[channel] = true;
          if (data.length === 0) continue;
          if (channel === 0) return controller.enqueue(data);
          complaint.resolve(new TextDecoder().decode(data));
        }
        complaint.resolve(undefined);
        controller.close();
      } catch (err) {
        complaint.resolve((err as Error).message);
        controller.error(err);
      }
    },
    cancel: () => socket.close(),
  }, { highWaterMark: 0 });

  const writable = new WritableStream<Uint8Array>({
    write: (data) => socket.send(new Uint8Array([0]), data),
    // a WebSocket cannot be half closed: the peer's answer may still come
    abort: () => socket.close(),
  });
  return { readable, writable, error: complaint.promise, close: () => socket.close() };
}
