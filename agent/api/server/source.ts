/** Reading from a connection with a few bytes of foresight: heads, bodies, and what follows them. */

/** The part of a connection that is used: Deno.Conn has it. */
export interface Link {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
}

const empty = new Uint8Array(0);
/** What one read takes at most; small while nothing is expected, because many connections only wait. */
const waitingSize = 2048;
const bodySize = 32 * 1024;

export class Source {
  /** Bytes that were read and not yet used. */
  #ahead: Uint8Array = empty;
  #reading?: Promise<boolean>;
  #ended = false;

  constructor(private readonly link: Pick<Link, "read">) {}

  /** Whether the peer has ended its half, or the connection is broken; and all before that is used up. */
  get ended(): boolean {
    return this.#ended && this.#ahead.length === 0;
  }

  /** The bytes that are there already. */
  get ahead(): Uint8Array {
    return this.#ahead;
  }

  /** Marks the first bytes of `ahead` as used. */
  use(count: number): void {
    this.#ahead = count === this.#ahead.length ? empty : this.#ahead.subarray(count);
  }

  /** Waits for more bytes than there are; false at the end. Never rejects: a broken connection is its end. */
  more(room: number | Uint8Array = waitingSize): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    return this.#reading ??= this.#read(room).finally(() => this.#reading = undefined);
  }

  /** The next bytes, whatever number; undefined at the end. They are the caller's, unless read into `room`. */
  async next(room?: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#ahead.length === 0 && !await this.more(room ?? bodySize)) return undefined;
    const bytes = this.#ahead;
    this.#ahead = empty;
    return bytes;
  }

  async #read(room: number | Uint8Array): Promise<boolean> {
    const buffer = typeof room === "number" ? new Uint8Array(room) : room;
    const count = await this.link.read(buffer).catch(() => null);
    if (count === null) {
      this.#ended = true;
      return false;
    }
    // who sends little at a time must not keep whole buffers occupied
    const isLittle = typeof room === "number" && count < room / 4;
    const fresh = isLittle ? buffer.slice(0, count) : buffer.subarray(0, count);
    if (this.#ahead.length === 0) this.#ahead = fresh;
    else {
      const joined = new Uint8Array(this.#ahead.length + count);
      joined.set(this.#ahead);
      joined.set(fresh, this.#ahead.length);
      this.#ahead = joined;
    }
    return true;
  }
}
