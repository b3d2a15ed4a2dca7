/**
 * Joins a client's WebSocket and a process in a container. Nothing is read from the runtime while the client is behind;
 * the other way a client is slowed down by credit, and one that knows no credit is ended when it is far ahead.
 */
import type { ExitStatus, RemoteProcess } from "../../cri/streams.ts";
import { channel, creditProtocol, frame, jsonFrame, v4Protocol } from "./channels.ts";
import { internalError, type Status, statusOf } from "./status.ts";

/** The part of a WebSocket that is used here. */
export type ClientSocket = Pick<
  WebSocket,
  "send" | "close" | "bufferedAmount" | "readyState" | "binaryType" | "onopen" | "onmessage" | "onclose" | "onerror"
>;

export interface Bridge {
  socket: ClientSocket;
  process: RemoteProcess;
  protocol: string;
  streams: { stdin: boolean; stdout: boolean; stderr: boolean };
}

/** Output that may wait for the client. */
const maxBuffered = 1024 * 1024;
/** Input that may wait for the process. */
const maxBehind = 32 * 1024 * 1024;
const drainMs = 5;

/** Resolves when either side has ended. Rejects when the client could not be told. */
export async function bridge({ socket, process, protocol, streams }: Bridge): Promise<void> {
  socket.binaryType = "arraybuffer";
  const opened = Promise.withResolvers<boolean>();
  let gone = false;
  socket.onopen = () => opened.resolve(true);
  socket.onclose = socket.onerror = () => {
    gone = true;
    opened.resolve(false);
    process.close();
  };
  const input = new Input(process, (bytes) => {
    if (protocol !== creditProtocol || gone) return;
    const count = new Uint8Array(5);
    count[0] = channel.credit;
    new DataView(count.buffer).setUint32(1, bytes);
    socket.send(count);
  });
  let overrun = false;
  socket.onmessage = ({ data }) => {
    if (!(data instanceof ArrayBuffer) || data.byteLength === 0) return;
    const message = new Uint8Array(data);
    if (message[0] === channel.stdin && streams.stdin) {
      input.write(message.subarray(1));
      if (input.behind > maxBehind) {
        overrun = true;
        process.close();
      }
    } else if (message[0] === channel.resize) input.resize(message.subarray(1));
    else if (message[0] === channel.close && message[1] === channel.stdin && protocol !== v4Protocol) input.end();
  };
  if (!await opened.promise) return;

  let status: Status;
  try {
    for await (const { stream, data } of process.output) {
      if (gone) return;
      if (!streams[stream]) continue;
      socket.send(frame(channel[stream], data));
      while (!gone && socket.bufferedAmount > maxBuffered) {
        await new Promise((resolve) => setTimeout(resolve, drainMs));
      }
    }
    status = exitStatus(await process.status);
  } catch (err) {
    const message = overrun ? "stdin arrives faster than the container reads it" : (err as Error).message;
    status = statusOf(internalError(message, err));
  } finally {
    process.close();
  }
  if (gone) return;
  socket.send(jsonFrame(channel.error, status));
  socket.close(1000);
}

/** What kubectl's side expects on the error channel. */
export function exitStatus({ exitCode, message }: ExitStatus): Status {
  const base = { kind: "Status", apiVersion: "v1", metadata: {} } as const;
  if (exitCode === 0) return { ...base, status: "Success", code: 200 };
  return {
    ...base,
    status: "Failure",
    reason: "NonZeroExitCode",
    message: message || `command terminated with exit code ${exitCode}`,
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
    code: 500,
  };
}

/** What goes to the process, in order. A process that does not take it any more is no error: its end tells more. */
class Input {
  #writing: Promise<unknown> = Promise.resolve();
  behind = 0;

  constructor(private process: RemoteProcess, private passedOn: (bytes: number) => void) {}

  write(data: Uint8Array): void {
    this.behind += data.length;
    this.#then(async () => {
      await this.process.write(data);
      this.behind -= data.length;
      this.passedOn(data.length);
    });
  }

  end(): void {
    this.#then(() => this.process.closeStdin());
  }

  resize(json: Uint8Array): void {
    let size: { Width?: unknown; Height?: unknown };
    try {
      size = JSON.parse(new TextDecoder().decode(json));
    } catch {
      return;
    }
    const { Width, Height } = size ?? {};
    if (isSize(Width) && isSize(Height)) this.#then(() => this.process.resize(Width, Height));
  }

  #then(step: () => Promise<unknown>): void {
    this.#writing = this.#writing.then(step).catch(() => {});
  }
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 65536;
}
