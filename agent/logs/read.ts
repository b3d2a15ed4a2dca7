/**
 * Reads a container's log: whole, its tail, or followed across rotations until the container is over.
 *
 *     for await (const bytes of readLog({ path, ended }, { follow: true, tailLines: 10 }, { signal })) …
 *
 * As with kubelet the log is the current file; with `history` the rotated files before it belong to it too. A file that
 * is not there is an empty log (nothing was written yet) unless it is not to be followed: then it is an error.
 */
import { dirname } from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import { LogWaiter } from "./follow.ts";
import { LineSplitter } from "./lines.ts";
import { parseEntry } from "./line.ts";
import { openLog } from "./open.ts";
import { readableFiles, rotatedFiles } from "./paths.ts";
import { Renderer, type RenderOptions } from "./render.ts";
import { countLines, tailOffset, type TailState } from "./tail.ts";

/** Which log. */
export interface LogSource {
  /** The file that the runtime writes. */
  path: string;
  /** Aborted when the container is over and writes no more; only for `follow`. */
  ended?: AbortSignal;
}

/** Which part of it; names and meanings as in PodLogOptions. */
export interface ReadOptions extends Omit<RenderOptions, "since"> {
  /** Goes on until the container is over. */
  follow?: boolean;
  /** Only the last lines; 0 for none (with `follow`: only what is new). */
  tailLines?: number;
  /** Only entries younger than this; `sinceTime` (ms since the epoch) wins over it. */
  sinceSeconds?: number;
  sinceTime?: number;
  /** The rotated files before the current one are read too. */
  history?: boolean;
}

export interface ReadContext {
  /** Ends the reading without an error. */
  signal?: AbortSignal;
  clock?: Clock;
}

/** Bytes are given out in pieces of about this size. */
const pieceSize = 64 * 1024;
/** A runtime that reopens a log opens the new file before it closes the old one. */
const switchMs = 50;

/**
 * The log as bytes, lines ended by a newline.
 * @throws Deno.errors.NotFound when there is no such log and it is not followed.
 */
export async function* readLog(
  source: LogSource,
  options: ReadOptions = {},
  context: ReadContext = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const { signal, clock = systemClock } = context;
  const since = options.sinceTime ??
    (options.sinceSeconds === undefined ? undefined : clock.now() - options.sinceSeconds * 1000);
  const renderer = new Renderer({ ...options, since });
  if (renderer.full) return;
  const splitter = new LineSplitter();
  const line = (bytes: Uint8Array) => {
    const entry = parseEntry(bytes);
    if (entry) renderer.add(entry);
  };
  /** Renders what a sequence of chunks holds. */
  async function* render(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      splitter.push(chunk, line);
      if (renderer.size >= pieceSize || renderer.full) yield renderer.take();
      if (renderer.full || signal?.aborted) return;
    }
    if (renderer.size > 0) yield renderer.take();
  }

  const waiter = options.follow ? new LogWaiter(dirname(source.path), clock) : undefined;
  let opened: Deno.FsFile | undefined;
  try {
    opened = await openCurrent(source, waiter, signal);
    if (!opened) return;
    let file: Deno.FsFile = opened;
    const size = file.statSync().size;
    const tail: TailState = { wanted: options.tailLines ?? Infinity, atEnd: true };
    const offset = options.tailLines === undefined ? 0 : tailOffset(file, size, tail, options.stream);
    // A line that ends in this file may begin in the one before, so offset 0 asks further, whatever is still wanted.
    if (options.history && offset === 0 && options.tailLines !== 0) {
      yield* render(historyChunks(source.path, file, tail, options, signal));
      if (renderer.full || signal?.aborted) return;
    }
    file.seekSync(offset, Deno.SeekMode.Start);
    while (true) {
      // Asked before reading: what was written before the end is read.
      const over = !waiter || source.ended?.aborted === true;
      yield* render(chunksOf(file));
      if (renderer.full || signal?.aborted) return;
      const next: Deno.FsFile | undefined = waiter && reopen(source.path, file);
      if (waiter && next) {
        let skipped: string[];
        // The runtime has a new file: give it time to let go of the old one, and read that to its end.
        const old: Deno.FsFile = file;
        try {
          await waiter.pause(switchMs, [signal]);
          yield* render(chunksOf(old));
          splitter.end(line);
          skipped = filesBetween(source.path, old);
        } finally {
          opened = file = next;
          old.close();
        }
        if (renderer.full || signal?.aborted) return;
        for (const path of skipped) yield* render(fileChunks(path));
        continue;
      }
      if (over) break;
      await waiter.wait([signal, source.ended]);
      if (signal?.aborted) return;
    }
    splitter.end(line);
    renderer.finish();
    if (renderer.size > 0) yield renderer.take();
  } finally {
    waiter?.close();
    opened?.close();
  }
}

/** The log as a stream: cancelling it ends the reading at once. */
export function logStream(
  source: LogSource,
  options: ReadOptions = {},
  context: ReadContext = {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stop = new AbortController();
  const signal = context.signal ? AbortSignal.any([context.signal, stop.signal]) : stop.signal;
  const reading = readLog(source, options, { ...context, signal });
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reading.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      stop.abort();
      await reading.return();
    },
  }, { highWaterMark: 0 });
}

/** Opens the current file; a follower waits for it to appear. */
async function openCurrent(
  source: LogSource,
  waiter: LogWaiter | undefined,
  signal: AbortSignal | undefined,
): Promise<Deno.FsFile | undefined> {
  while (!signal?.aborted) {
    const over = source.ended?.aborted === true;
    try {
      return openLog(source.path);
    } catch (err) {
      if (!(err instanceof Deno.errors.NotFound) || !waiter) throw err;
      if (over) return undefined;
    }
    await waiter.wait([signal, source.ended]);
  }
  return undefined;
}

/** From where the file stands to its present end. */
async function* chunksOf(file: Deno.FsFile): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(pieceSize);
  for (let read = await file.read(buffer); read !== null; read = await file.read(buffer)) {
    yield buffer.subarray(0, read);
  }
}

/** A whole rotated file, unpacked where it is compressed; one that was removed meanwhile is empty. */
async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  let file: Deno.FsFile;
  try {
    file = openLog(path);
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return;
    throw err;
  }
  if (path.endsWith(".gz")) {
    yield* file.readable.pipeThrough(new DecompressionStream("gzip"));
    return;
  }
  try {
    yield* chunksOf(file);
  } finally {
    file.close();
  }
}

/** What `tail` wants of the rotated files before `current`. */
async function* historyChunks(
  path: string,
  current: Deno.FsFile,
  tail: TailState,
  options: ReadOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const own = current.statSync().ino;
  const older = readableFiles(rotatedFiles(path)).filter((file) => inode(file.path) !== own);
  if (tail.wanted === Infinity) {
    for (const file of older) yield* fileChunks(file.path);
    return;
  }
  // Backwards until a file has lines to spare, then forwards.
  const parts: { path: string; skip: number }[] = [];
  let { wanted, atEnd } = tail;
  for (const file of older.reverse()) {
    const { lines, unfinished } = await countLines(fileChunks(file.path), options.stream);
    if (signal?.aborted) return;
    if (atEnd && unfinished) wanted--;
    if (lines > 0 || unfinished) atEnd = false;
    const skip = Math.max(0, lines - wanted);
    parts.unshift({ path: file.path, skip });
    if (skip > 0) break;
    wanted -= lines;
  }
  for (const part of parts) yield* skipLines(fileChunks(part.path), part.skip, options);
}

/** The chunks after the first `skip` lines. */
async function* skipLines(
  chunks: AsyncIterable<Uint8Array>,
  skip: number,
  { stream }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const splitter = new LineSplitter();
  const newline = new Uint8Array([0x0a]);
  for await (const chunk of chunks) {
    if (skip <= 0 && splitter.pending === 0) {
      yield chunk;
      continue;
    }
    const kept: Uint8Array[] = [];
    splitter.push(chunk, (bytes) => {
      if (skip <= 0) return void kept.push(bytes.slice(), newline);
      const entry = parseEntry(bytes);
      if (entry && !entry.partial && (stream === undefined || entry.stream === stream)) skip--;
    });
    yield* kept;
  }
  const rest: Uint8Array[] = [];
  splitter.end((bytes) => rest.push(bytes));
  yield* rest;
}

/** The file at `path` if it is no longer the open one. */
function reopen(path: string, file: Deno.FsFile): Deno.FsFile | undefined {
  const now = inode(path);
  if (now === undefined || now === file.statSync().ino) return undefined;
  try {
    return openLog(path);
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return undefined;
    throw err;
  }
}

/** Files that were rotated after the open one: a slow reader has more than one rotation to catch up with. */
function filesBetween(path: string, file: Deno.FsFile): string[] {
  const own = file.statSync().ino;
  const rotated = readableFiles(rotatedFiles(path)).map((each) => each.path);
  const at = rotated.findIndex((each) => inode(each) === own);
  return at < 0 ? [] : rotated.slice(at + 1);
}

function inode(path: string): number | null | undefined {
  try {
    return Deno.statSync(path).ino;
  } catch {
    return undefined;
  }
}
