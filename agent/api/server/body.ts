/** A request's body, read as its reader asks for it and not beyond the limit. */
import { ApiError } from "../status.ts";
import type { RequestHead } from "./head.ts";
import type { Source } from "./source.ts";

/** apimachinery's NewRequestEntityTooLargeError. */
export function tooLarge(limit: number): ApiError {
  return new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${limit}`);
}

/** Longest line of a chunk's size, and all lines of a trailer. */
const maxLine = 256;
const maxTrailer = 4096;
/** A chunk's size; extensions may be there, control characters not: others may take them for a line's end. */
const sizeLine = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

export interface Body {
  /** undefined at the end. @throws {ApiError} 413, 400 */
  next(): Promise<Uint8Array | undefined>;
  /** Whether all of it was read, so that the next request follows. */
  readonly complete: boolean;
}

export function bodyOf(source: Source, { body }: Pick<RequestHead, "body">, limit: number): Body {
  switch (body.type) {
    case "none":
      return { next: () => Promise.resolve(undefined), complete: true };
    case "length":
      return new LengthBody(source, body.length, limit);
    case "chunked":
      return new ChunkedBody(source, limit);
  }
}

const brokenOff = () => new ApiError(400, "BadRequest", "the request's body broke off");

class LengthBody implements Body {
  #left: number;

  constructor(private readonly source: Source, private readonly length: number, private readonly limit: number) {
    this.#left = length;
  }

  get complete(): boolean {
    return this.#left === 0;
  }

  async next(): Promise<Uint8Array | undefined> {
    if (this.length > this.limit) throw tooLarge(this.limit);
    if (this.#left === 0) return undefined;
    if (this.source.ahead.length === 0 && !await this.source.more(32 * 1024)) throw brokenOff();
    const bytes = this.source.ahead.subarray(0, this.#left);
    this.source.use(bytes.length);
    this.#left -= bytes.length;
    return bytes;
  }
}

class ChunkedBody implements Body {
  /** Left of the chunk that is being read. */
  #left = 0;
  #total = 0;
  #first = true;
  #failed?: ApiError;
  complete = false;

  constructor(private readonly source: Source, private readonly limit: number) {}

  async next(): Promise<Uint8Array | undefined> {
    if (this.complete) return undefined;
    if (this.#failed) throw this.#failed;
    try {
      return await this.#piece();
    } catch (err) {
      // what is wrong once has no end that is known: nothing behind it may be taken for another request
      throw this.#failed = err as ApiError;
    }
  }

  async #piece(): Promise<Uint8Array | undefined> {
    if (this.#left === 0) {
      if (!this.#first && await this.#line(maxLine) !== "") throw malformed();
      this.#first = false;
      const [, size] = sizeLine.exec(await this.#line(maxLine)) ?? [];
      if (size === undefined) throw malformed();
      this.#left = parseInt(size, 16);
      this.#total += this.#left;
      if (this.#total > this.limit) throw tooLarge(this.limit);
      if (this.#left === 0) {
        for (let room = maxTrailer;;) {
          const line = await this.#line(room);
          if (line === "") break;
          room -= line.length + 2;
        }
        this.complete = true;
        return undefined;
      }
    }
    if (this.source.ahead.length === 0 && !await this.source.more(32 * 1024)) throw brokenOff();
    const bytes = this.source.ahead.subarray(0, this.#left);
    this.source.use(bytes.length);
    this.#left -= bytes.length;
    return bytes;
  }

  async #line(most: number): Promise<string> {
    for (let from = 0;;) {
      const { ahead } = this.source;
      const end = ahead.indexOf(10, from);
      if (end >= 0) {
        if (end > most || end === 0 || ahead[end - 1] !== 13) throw malformed();
        const line = String.fromCharCode(...ahead.subarray(0, end - 1));
        this.source.use(end + 1);
        return line;
      }
      if (ahead.length > most) throw malformed();
      from = ahead.length;
      if (!await this.source.more()) throw brokenOff();
    }
  }
}

function malformed(): ApiError {
  return new ApiError(400, "BadRequest", "the request's chunks are malformed");
}

/** A body as a Request takes one; `begin` is called when somebody starts to read, `end` when all is read. */
export function bodyStream(
  body: Pick<Body, "next">,
  begin: () => Promise<void>,
  end: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let begun = false;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        if (!begun) {
          begun = true;
          await begin();
        }
        const bytes = await body.next();
        if (bytes) controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
        else {
          end();
          controller.close();
        }
      } catch (err) {
        end();
        controller.error(err);
      }
    },
  }, { highWaterMark: 0 });
}
