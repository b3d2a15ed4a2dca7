/** Reads protobuf's wire format: tags, integers, and what has a length. */

/** What was read is no protobuf: cut off, or made up. */
export class WireError extends Error {
  override readonly name = "WireError";
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Nothing in a request nests deeper. */
const maxDepth = 100;

/** How values are written: as a number, or as bytes with their length before them. */
export const wireTypes = { integer: 0, bytes: 2 } as const;

export class Reader {
  #at = 0;

  constructor(private readonly data: Uint8Array, private readonly depth = 0) {
    if (depth > maxDepth) throw new WireError("messages are nested too deeply");
  }

  get more(): boolean {
    return this.#at < this.data.length;
  }

  /** A message within this one. */
  nested(): Reader {
    return new Reader(this.bytes(), this.depth + 1);
  }

  tag(): { number: number; wire: number } {
    const tag = this.#varint();
    const number = Number(tag >> 3n);
    if (number === 0) throw new WireError("a field has the number 0");
    return { number, wire: Number(tag & 7n) };
  }

  /** A signed integer of up to 64 bits. */
  integer(): number {
    return Number(BigInt.asIntN(64, this.#varint()));
  }

  bytes(): Uint8Array {
    const length = Number(this.#varint());
    if (length > this.data.length - this.#at) throw new WireError("unexpected EOF");
    return this.data.subarray(this.#at, this.#at += length);
  }

  text(): string {
    try {
      return decoder.decode(this.bytes());
    } catch (err) {
      if (err instanceof WireError) throw err;
      throw new WireError("a text is not UTF-8");
    }
  }

  skip(wire: number): void {
    if (wire === 0) this.#varint();
    else if (wire === 1) this.#step(8);
    else if (wire === 2) this.bytes();
    else if (wire === 5) this.#step(4);
    else throw new WireError(`a field has the unknown type ${wire}`);
  }

  #step(bytes: number): void {
    if (bytes > this.data.length - this.#at) throw new WireError("unexpected EOF");
    this.#at += bytes;
  }

  #varint(): bigint {
    let low = 0, shift = 0;
    // Nearly all of them are short.
    for (; shift < 28; shift += 7) {
      if (!this.more) throw new WireError("unexpected EOF");
      const byte = this.data[this.#at++];
      low |= (byte & 127) << shift;
      if (byte < 128) return BigInt(low);
    }
    let value = BigInt(low);
    for (; shift < 70; shift += 7) {
      if (!this.more) throw new WireError("unexpected EOF");
      const byte = this.data[this.#at++];
      value |= BigInt(byte & 127) << BigInt(shift);
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new WireError("integer overflow");
  }
}
