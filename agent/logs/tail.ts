/**
 * Where the last N lines of a log begin. Plain files are read backwards in blocks, so that the cost follows N and not
 * the file; compressed ones can only be read forwards and are counted first. A line is counted by its end (F), its
 * parts (P) are not; an unfinished line at the end of the log counts as one.
 */
import { type LogEntry, type LogStream, parseEntry } from "./line.ts";
import { LineSplitter } from "./lines.ts";

const block = 64 * 1024;

/** Where a backward search stands: lines still wanted, and whether anything was seen yet. */
export interface TailState {
  wanted: number;
  /** No entry was seen after this point, in this file or a newer one. */
  atEnd: boolean;
}

/**
 * The offset in the open file from which `state.wanted` lines follow; 0 when the file holds fewer, and `state` says
 * how many older files have to give.
 */
export function tailOffset(file: Deno.FsFile, size: number, state: TailState, stream?: LogStream): number {
  let end = size;
  /** The beginning of the line that the previous (later) block started within. */
  let later = new Uint8Array();
  while (end > 0) {
    const start = Math.max(0, end - block);
    const bytes = new Uint8Array(end - start + later.length);
    readAt(file, start, bytes.subarray(0, end - start));
    bytes.set(later, end - start);
    // Lines of this stretch, last first; the first one may begin in an earlier block.
    let lineEnd = bytes.length;
    for (let at = bytes.lastIndexOf(0x0a); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(0x0a, at - 1)) {
      if (countsBefore(parseEntry(bytes.subarray(at + 1, lineEnd)), state, stream)) return start + lineEnd + 1;
      lineEnd = at;
    }
    later = bytes.slice(0, lineEnd);
    end = start;
  }
  if (later.length > 0 && countsBefore(parseEntry(later), state, stream)) return later.length + 1;
  return 0;
}

/** Takes one entry, going backwards, into account; true when it ends a line that is no longer wanted. */
function countsBefore(entry: LogEntry | undefined, state: TailState, stream?: LogStream): boolean {
  if (!entry || (stream !== undefined && entry.stream !== stream)) return false;
  if (entry.partial && !state.atEnd) return false;
  state.atEnd = false;
  if (state.wanted <= 0) return true;
  state.wanted--;
  return false;
}

/** Lines that end in a sequence of chunks, and whether parts of one that does not end there follow them. */
export async function countLines(
  chunks: AsyncIterable<Uint8Array>,
  stream?: LogStream,
): Promise<{ lines: number; unfinished: boolean }> {
  const splitter = new LineSplitter();
  let lines = 0;
  let unfinished = false;
  const line = (bytes: Uint8Array) => {
    const entry = parseEntry(bytes);
    if (!entry || (stream !== undefined && entry.stream !== stream)) return;
    unfinished = entry.partial;
    if (!entry.partial) lines++;
  };
  for await (const chunk of chunks) splitter.push(chunk, line);
  splitter.end(line);
  return { lines, unfinished };
}

function readAt(file: Deno.FsFile, offset: number, bytes: Uint8Array): void {
  file.seekSync(offset, Deno.SeekMode.Start);
  let at = 0;
  while (at < bytes.length) {
    const read = file.readSync(bytes.subarray(at));
    if (read === null) return;
    at += read;
  }
}
