/** Byte chunks → whole lines. */

const eol = 0x0a;

/** A line longer than this is given out in pieces: no log can make a reader grow without end. */
const longestLine = 1024 * 1024;

export class LineSplitter {
  #rest: Uint8Array[] = [];
  #restSize = 0;

  /** Bytes of the line whose end has not been seen. */
  get pending(): number {
    return this.#restSize;
  }

  /** Calls `line` for each line that ends in `chunk`; the argument is valid until the call returns. */
  push(chunk: Uint8Array, line: (bytes: Uint8Array) => void): void {
    let start = 0;
    for (let end = chunk.indexOf(eol); end >= 0; end = chunk.indexOf(eol, start)) {
      const piece = chunk.subarray(start, end);
      line(this.#restSize > 0 ? this.#join(piece) : piece);
      start = end + 1;
    }
    if (start < chunk.length) {
      this.#rest.push(chunk.slice(start));
      this.#restSize += chunk.length - start;
      if (this.#restSize > longestLine) line(this.#join(new Uint8Array()));
    }
  }

  /** The line that has no end, if any. */
  end(line: (bytes: Uint8Array) => void): void {
    if (this.#restSize > 0) line(this.#join(new Uint8Array()));
  }

  #join(last: Uint8Array): Uint8Array {
    const all = new Uint8Array(this.#restSize + last.length);
    let at = 0;
    for (const part of [...this.#rest, last]) {
      all.set(part, at);
      at += part.length;
    }
    this.#rest = [];
    this.#restSize = 0;
    return all;
  }
}
