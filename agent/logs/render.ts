/**
 * Log entries → the bytes that a reader of the log sees: filtered by stream and time, parts of a line joined, stamped,
 * and cut at a number of bytes. Pure but for its own state; one `Renderer` per reading.
 */
import { entryTime, fixedTime, type LogEntry, type LogStream } from "./line.ts";

/** How a log is shown; names and meanings as in PodLogOptions. */
export interface RenderOptions {
  /** Only entries not older than this (ms since the epoch). */
  since?: number;
  /** Every line begins with its time. */
  timestamps?: boolean;
  /** Ends the log, also within a line, after so many bytes. */
  limitBytes?: number;
  /** Only this stream; both by default. */
  stream?: LogStream;
}

/** A line's parts are held until its end comes, unless they grow beyond this. */
const longestHeld = 1024 * 1024;
const newline = new Uint8Array([0x0a]);
const encoder = new TextEncoder();

/** A line whose end has not come. */
interface OpenLine {
  parts: Uint8Array[];
  size: number;
}

export class Renderer {
  #left: number;
  #open = new Map<LogStream, OpenLine>();
  #out = new Uint8Array(4096);
  #size = 0;

  constructor(private readonly options: RenderOptions) {
    this.#left = options.limitBytes ?? Infinity;
  }

  /** True when limitBytes is reached. */
  get full(): boolean {
    return this.#left <= 0;
  }

  /** Bytes that wait for `take`. */
  get size(): number {
    return this.#size;
  }

  /** Adds one entry. */
  add(entry: LogEntry): void {
    const { since, stream, timestamps } = this.options;
    if (stream !== undefined && entry.stream !== stream) return;
    const known = this.#open.get(entry.stream);
    if (!known && since !== undefined && entryTime(entry) < since) return;
    const open = known ?? { parts: [], size: 0 };
    if (!known && timestamps) open.parts.push(encoder.encode(fixedTime(entry.time) + " "));
    open.parts.push(entry.partial ? entry.content.slice() : entry.content);
    open.size += entry.content.length;
    if (!entry.partial) {
      for (const part of open.parts) this.#write(part);
      this.#write(newline);
      this.#open.delete(entry.stream);
    } else {
      if (open.size > longestHeld) {
        for (const part of open.parts.splice(0)) this.#write(part);
        open.size = 0;
      }
      this.#open.set(entry.stream, open);
    }
  }

  /** Gives out lines whose end will not come. */
  finish(): void {
    for (const { parts } of this.#open.values()) for (const part of parts) this.#write(part);
    this.#open.clear();
  }

  /** What was rendered since the last call. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#out.slice(0, this.#size);
    this.#size = 0;
    return bytes;
  }

  /** Copies at once: `bytes` lie in a buffer that is read into again. */
  #write(bytes: Uint8Array): void {
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    if (this.#size + part.length > this.#out.length) {
      const larger = new Uint8Array(2 * (this.#size + part.length));
      larger.set(this.#out.subarray(0, this.#size));
      this.#out = larger;
    }
    this.#out.set(part, this.#size);
    this.#size += part.length;
    this.#left -= part.length;
  }
}
