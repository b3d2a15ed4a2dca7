/**
 * Joins a client's channels and a process in a container. Neither side is read while the other one is behind, so that no
 * amount of data is kept here.
 */
import { CommandError, type ExitStatus, type RemoteProcess } from "../../../cri/streams.ts";
import { concat } from "../../../cri/bytes.ts";
import type { Clock } from "../../clock.ts";
import { channel } from "../channels.ts";
import { internalError, type Status, statusOf } from "../status.ts";
import { type ChannelSocket, terminalSize } from "./channel_socket.ts";
import { IdleTimer } from "./idle.ts";

/** Which of a process's streams are wanted. */
export interface Streams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

export interface ProcessOptions {
  streams: Streams;
  clock: Clock;
  idleMs: number;
}

/** A client that waits to be read is told so often that it still has a server: kubectl gives up after a minute. */
const keepAliveMs = 10_000;
/** A terminal's size is a few bytes. */
const longestSize = 1024;
const encoder = new TextEncoder();

/** Says that the connection stands, on the first channel that the client listens to: as kubelet does. */
export async function greet(client: ChannelSocket, { stdout, stderr }: Streams): Promise<void> {
  const first = stdout ? channel.stdout : stderr ? channel.stderr : channel.error;
  await client.send(first, new Uint8Array(0));
}

/** Resolves when both sides have ended. Rejects only for what is wrong here. */
export async function joinProcess(
  client: ChannelSocket,
  process: RemoteProcess,
  { streams, clock, idleMs }: ProcessOptions,
): Promise<void> {
  const idle = new IdleTimer(idleMs, clock, () => {
    client.socket.abort();
    process.close();
  });
  const input = passInput(client, process, streams, clock, idle);
  // without its client a process's streams end at once
  input.then(() => process.close());
  let gone = false;
  try {
    await greet(client, streams);
    for await (const { stream, data } of process.output) {
      idle.touch();
      if (!streams[stream]) continue;
      await client.send(channel[stream], data).catch((err) => {
        gone = true;
        throw err;
      });
    }
    if (!client.socket.gone.aborted) await tell(client, exitStatus(await process.status));
  } catch (err) {
    // the process is lost, or the client
    if (!gone && !client.socket.gone.aborted) await tell(client, failure(err)).catch(() => {});
  } finally {
    process.close();
  }
  await client.socket.close();
  await input;
  idle.stop();
}

/** Tells a client that nothing came of its request. */
export async function refuseProcess(client: ChannelSocket, streams: Streams, status: Status): Promise<void> {
  const ended = drain(client);
  try {
    await greet(client, streams);
    await tell(client, status);
  } catch {
    // gone
  }
  await client.socket.close();
  await ended;
}

/** What the client sends, until it closes. A process that takes no more input is no error: its end tells more. */
async function passInput(
  client: ChannelSocket,
  process: RemoteProcess,
  { stdin, tty }: Streams,
  clock: Clock,
  idle: IdleTimer,
): Promise<void> {
  let taken = stdin;
  let size: Uint8Array[] = [];
  const write = (data: Uint8Array) =>
    patiently(process.write(data).catch(() => taken = false), clock, () => client.socket.keepAlive());
  for (let piece; (piece = await client.receive());) {
    idle.touch();
    const { data, last } = piece;
    if (piece.channel === channel.stdin) {
      if (taken && data.length > 0) await write(data);
      if (client.protocol.credit) client.send(channel.credit, bigEndian(data.length)).catch(() => {});
    } else if (piece.channel === channel.resize && tty) {
      size.push(data.slice());
      if (last) {
        const wanted = terminalSize(concat(size));
        if (wanted) await process.resize(wanted.columns, wanted.rows).catch(() => {});
      }
      if (last || size.reduce((sum, part) => sum + part.length, 0) > longestSize) size = [];
    } else if (piece.channel === channel.close && client.protocol.closes && data[0] === channel.stdin && taken) {
      taken = false;
      await process.closeStdin().catch(() => {});
    }
  }
}

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Reads what nobody wants. */
async function drain(client: ChannelSocket): Promise<void> {
  while (await client.receive());
}

/** Waits, and says from time to time that it does. */
async function patiently(work: Promise<unknown>, clock: Clock, say: () => void): Promise<void> {
  let cancel = clock.after(keepAliveMs, again);
  function again() {
    say();
    cancel = clock.after(keepAliveMs, again);
  }
  try {
    await work;
  } finally {
    cancel();
  }
}

async function tell(client: ChannelSocket, status: Status): Promise<void> {
  if (client.protocol.jsonStatus) return await client.send(channel.error, encoder.encode(JSON.stringify(status)));
  if (status.status === "Failure") await client.send(channel.error, encoder.encode(status.message ?? ""));
}

/** How a command ended. */
export function exitStatus({ exitCode, message }: ExitStatus): Status {
  const base = { kind: "Status", apiVersion: "v1", metadata: {} } as const;
  if (exitCode === 0) return { ...base, status: "Success", code: 200 };
  return {
    ...base,
    status: "Failure",
    reason: "NonZeroExitCode",
    message: message || `command terminated with non-zero exit code: exit status ${exitCode}`,
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
    code: 500,
  };
}

/** Why a command could not be run or is lost: the runtime's own words where there are some. */
function failure(err: unknown): Status {
  if (err instanceof CommandError) return statusOf(internalError(err.said, err));
  const message = err instanceof Error ? err.message : String(err);
  return statusOf(internalError(`Internal error occurred: ${message}`, err));
}
