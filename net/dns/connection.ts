/** DNS by TCP: one client's connection. */
import type { Clock } from "./clock.ts";
import type { Transport } from "./query.ts";
import { setUint16, uint16 } from "./wire.ts";

/** One query's bytes → its reply's; undefined for what deserves none. Never throws, never rejects. */
export type Handler = (
  bytes: Uint8Array,
  transport: Transport,
) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

export interface ConnectionOptions {
  handle: Handler;
  clock: Clock;
  maxPipelined: number;
  idleMs: number;
}

/** One client's connection: queries come in one after another, replies go out as they are ready. */
export class Connection {
  readonly done: Promise<void>;
  #open = true;
  #waiting = 0;
  #cancelIdle = () => {};
  #roomMade: (() => void) | undefined;
  #writing = Promise.resolve();

  constructor(
    private readonly conn: Deno.Conn,
    private readonly options: ConnectionOptions,
    private readonly heardOf: () => void,
  ) {
    this.done = this.#serve();
  }

  async close(): Promise<void> {
    this.#shut();
    await this.done;
  }

  #shut(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#cancelIdle();
    this.#roomMade?.();
    try {
      this.conn.close();
    } catch {
      // the other side was faster
    }
  }

  async #serve(): Promise<void> {
    try {
      this.#rest();
      const head = new Uint8Array(2);
      while (this.#open) {
        if (!await this.#fill(head)) break;
        const bytes = new Uint8Array(uint16(head, 0));
        if (!await this.#fill(bytes)) break;
        this.heardOf();
        this.#waiting++;
        this.#rest();
        void this.#answer(bytes);
        while (this.#open && this.#waiting >= this.options.maxPipelined) {
          await new Promise<void>((resolve) => this.#roomMade = resolve);
        }
      }
      // a client that has said all it wants still gets its replies
      while (this.#open && this.#waiting > 0) await new Promise<void>((resolve) => this.#roomMade = resolve);
    } catch {
      // reset, or closed by us
    } finally {
      this.#shut();
      await this.#writing;
    }
  }

  async #answer(bytes: Uint8Array): Promise<void> {
    const reply = await this.options.handle(bytes, "tcp");
    if (!reply) this.#shut();
    else this.#writing = this.#writing.then(() => this.#write(reply));
    await this.#writing;
    this.#waiting--;
    this.#rest();
    this.#roomMade?.();
  }

  async #write(reply: Uint8Array): Promise<void> {
    if (!this.#open) return;
    const framed = new Uint8Array(reply.length + 2);
    setUint16(framed, 0, reply.length);
    framed.set(reply, 2);
    try {
      for (let sent = 0; sent < framed.length;) sent += await this.conn.write(framed.subarray(sent));
    } catch {
      this.#shut();
    }
  }

  /** Begins the time anew that the client has for its next query, or for reading its replies. */
  #rest(): void {
    this.#cancelIdle();
    if (this.#open) this.#cancelIdle = this.options.clock.after(this.options.idleMs, () => this.#shut());
  }

  /** Reads as many bytes as there is room for; false at the end of the stream. */
  async #fill(bytes: Uint8Array): Promise<boolean> {
    for (let read = 0; read < bytes.length;) {
      const more = await this.conn.read(bytes.subarray(read));
      if (more === null) return false;
      read += more;
    }
    return true;
  }
}
