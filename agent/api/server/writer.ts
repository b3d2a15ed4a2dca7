/** Writing to a connection: in order, at the peer's pace, and not to one that takes nothing for too long. */
import { setImmediate } from "node:timers";
import { Deadline } from "./deadline.ts";
import { latin1Bytes, responseHead } from "./head.ts";
import type { Link } from "./source.ts";

export interface ResponseOptions {
  /** The request was HEAD: only the head is sent. */
  head: boolean;
  /** The peer knows chunks (HTTP/1.1). */
  chunks: boolean;
  /** The connection may serve another request. */
  keep: boolean;
  /** Aborted when the client has gone. */
  gone: AbortSignal;
  /** Makes way for the next request; false where there can be none. */
  settle(): Promise<boolean>;
}

export class Writer {
  #last: Promise<void> = Promise.resolve();
  #failed = false;
  #stalledMs: number | undefined;
  readonly #stall = new Deadline();

  constructor(private readonly link: Link, stalledMs: number, private readonly destroy: () => void) {
    this.#stalledMs = stalledMs;
  }

  /** How long the peer may take nothing from now on; undefined: as long as it likes. A terminal that nobody looks at. */
  limit(stalledMs: number | undefined): void {
    this.#stalledMs = stalledMs;
  }

  /** Resolves when the bytes are the kernel's. Rejects when the connection is gone. */
  write(bytes: Uint8Array): Promise<void> {
    const turn = this.#last.then(() => this.#write(bytes));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Ends our half. */
  end(): Promise<void> {
    const turn = this.#last.then(() => this.link.closeWrite());
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** The connection is closed. */
  closed(): void {
    this.#failed = true;
    this.#stall.end();
  }

  /** Sends an answer; true when another request may follow. */
  async response(response: Response, { head, chunks, keep, gone, settle }: ResponseOptions): Promise<boolean> {
    // a Map costs less than a copy as Headers; nothing here sets cookies, which alone may come more than once
    const headers = new Map<string, string>();
    response.headers.forEach((value, name) => headers.set(name, value));
    headers.delete("transfer-encoding");
    headers.set("date", httpDate());
    const { status } = response;
    const reader = response.body?.getReader();
    const cancel = () => void reader?.cancel().catch(() => {});
    const bodyless = head || status === 204 || status === 304 || status < 200;
    try {
      if (!reader || bodyless) {
        cancel();
        if (!bodyless) headers.set("content-length", "0");
        keep = keep && await settle();
        if (!keep) headers.set("connection", "close");
        await this.write(latin1Bytes(responseHead(status, headers)));
        return keep;
      }
      let next = reader.read();
      // Who opens a stream waits for its head, however long nothing happens on it.
      const silent = !(await isSettled(next));
      let first = silent ? undefined : await next;
      while (first && !first.done && first.value.length === 0) first = await (next = reader.read());
      if (first && !first.done) next = reader.read();
      const whole = first !== undefined && (first.done || await isEnd(next));
      // before the head, which says whether the connection goes on
      keep = keep && await settle();
      if (!keep) headers.set("connection", "close");
      if (whole) {
        const body = first!.value ?? new Uint8Array(0);
        headers.set("content-length", String(body.length));
        await this.write(joined(latin1Bytes(responseHead(status, headers)), body));
        return keep;
      }
      // a whole answer is sent even to who has ended its half; nobody is known to wait for a stream
      if (gone.aborted) return cancel(), false;
      gone.addEventListener("abort", cancel);
      const framed = chunks && !headers.has("content-length");
      if (framed) headers.set("transfer-encoding", "chunked");
      else if (!headers.has("content-length")) {
        keep = false;
        headers.set("connection", "close");
      }
      let left = framed ? Infinity : Number(headers.get("content-length") ?? Infinity);
      const frame = (bytes: Uint8Array) => framed ? chunk(bytes) : bytes;
      const begin = first?.value ?? new Uint8Array(0);
      const bytes = latin1Bytes(responseHead(status, headers));
      await this.write(begin.length > 0 ? joined(bytes, frame(begin)) : bytes);
      left -= begin.length;
      for (;;) {
        const { done, value } = await next;
        if (done) break;
        next = reader.read();
        if (value.length === 0) continue;
        left -= value.length;
        if (left < 0) throw new Error("the answer is longer than it says");
        await this.write(frame(value));
      }
      if (framed) await this.write(latin1Bytes("0\r\n\r\n"));
      else if (left !== Infinity && left > 0) throw new Error("the answer is shorter than it says");
      return keep;
    } catch {
      // the client must not take a part for the whole
      cancel();
      this.destroy();
      return false;
    } finally {
      gone.removeEventListener("abort", cancel);
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#failed) throw new Error("Cannot write: the connection is closed");
    if (this.#stalledMs !== undefined) this.#stall.set(this.#stalledMs, this.destroy);
    try {
      for (let at = 0; at < bytes.length;) at += await this.link.write(bytes.subarray(at));
    } catch (err) {
      this.#failed = true;
      throw err;
    } finally {
      this.#stall.clear();
    }
  }
}

/** Whether a stream is at its end as far as can be said without waiting. */
async function isEnd(next: Promise<ReadableStreamReadResult<Uint8Array>>): Promise<boolean> {
  let ended = false;
  next.then(({ done }) => ended = done, () => {});
  for (let turn = 0; turn < 6 && !ended; turn++) await undefined;
  return ended;
}

/** Whether a read has come to something by now, or does within this turn of the event loop. */
async function isSettled(next: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => void (settled = true);
  next.then(settle, settle);
  for (let turn = 0; turn < 20 && !settled; turn++) await undefined;
  if (!settled) await new Promise<void>((resolve) => setImmediate(resolve));
  return settled;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** One chunk with its frame, so that it goes out in one piece. */
function chunk(bytes: Uint8Array): Uint8Array {
  const size = bytes.length.toString(16);
  const framed = new Uint8Array(size.length + 4 + bytes.length);
  framed.set(latin1Bytes(`${size}\r\n`));
  framed.set(bytes, size.length + 2);
  framed.set([13, 10], framed.length - 2);
  return framed;
}

let dated = { second: 0, text: "" };

/** The Date header, made once a second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dated.second) dated = { second, text: new Date(second * 1000).toUTCString() };
  return dated.text;
}
