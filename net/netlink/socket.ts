/**
 * A netlink socket to netfilter, through the C library. The kernel answers a request while it is sent, and a dump as fast as it is
 * read, so calls are synchronous; all but those that list connections, for which the kernel goes through a table with a quarter of
 * a million places on a large machine.
 */

const symbols = {
  __errno_location: { parameters: [], result: "pointer" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  closeAside: { name: "close", parameters: ["i32"], result: "i32", nonblocking: true },
  sendAside: { name: "send", parameters: ["i32", "buffer", "usize", "i32"], result: "isize", nonblocking: true },
  recvAside: { name: "recv", parameters: ["i32", "buffer", "usize", "i32"], result: "isize", nonblocking: true },
} as const satisfies Deno.ForeignLibraryInterface;

let library: Deno.DynamicLibrary<typeof symbols>["symbols"] | undefined;

/** The C library, opened on first use and kept. Tests open it first: to them a library opened half way looks like a leak. */
export function loadLibrary(): Deno.DynamicLibrary<typeof symbols>["symbols"] {
  if (library) return library;
  let failure: unknown;
  // glibc, then musl under its two names
  for (const name of ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`, "libc.so"]) {
    try {
      return library = Deno.dlopen(name, symbols).symbols;
    } catch (error) {
      failure ??= error;
    }
  }
  throw new Error("Cannot open the C library", { cause: failure });
}

const [afNetlink, sockRaw, cloexec, netfilter] = [16, 3, 0o2000000, 12];
const [typeError, typeDone] = [2, 3];
/** The kernel writes at most 32 KiB of a dump at once. */
const bufferSize = 64 << 10;
/** Bytes of a message's header. */
export const headerSize = 16;
/** Flag of a listing's messages: what is listed has changed meanwhile. */
const interrupted = 0x10;
/** EIO: the reason of a call's failure stays with the thread that made it. */
const unknownError = 5;

/** The kernel's answer to a request: 0, or the number of an error. */
export class NetlinkError extends Error {
  override readonly name = "NetlinkError";

  constructor(what: string, readonly errno: number) {
    super(`Cannot ${what}: netlink error ${errno}`);
  }
}

/**
 * A socket belongs to the network namespace in which it was made. After a change of tables, closing one waits for the kernel to
 * have cleared up (nft_rcv_nl_event() in net/netfilter/nf_tables_api.c), which takes ten milliseconds: `await using` does that on
 * another thread.
 */
export class NetlinkSocket implements AsyncDisposable {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(bufferSize);

  constructor() {
    this.#fd = loadLibrary().socket(afNetlink, sockRaw | cloexec, netfilter);
    if (this.#fd < 0) throw new NetlinkError("open a netlink socket", errno());
  }

  /**
   * Sends a request that lists, and gives each message of the answer: its bytes are valid until the next.
   * @returns whether the listing is of one moment, not changed while it was made.
   */
  *dump(request: Uint8Array<ArrayBuffer>, what: string): Generator<Uint8Array, boolean> {
    this.#send(request);
    let isOne = true;
    while (true) {
      for (const message of this.#receive()) {
        if (isInterrupted(message)) isOne = false;
        if (isLast(message, what)) return isOne;
        yield message;
      }
    }
  }

  /** As {@linkcode dump}, on another thread; of one moment or not. */
  async *dumpAside(request: Uint8Array<ArrayBuffer>, what: string): AsyncGenerator<Uint8Array, void> {
    const { sendAside, recvAside } = loadLibrary();
    const sent = Number(await sendAside(this.#fd, request, BigInt(request.length), 0));
    if (sent !== request.length) throw new NetlinkError("ask the kernel", unknownError);
    while (true) {
      const length = Number(await recvAside(this.#fd, this.#buffer, BigInt(this.#buffer.length), 0));
      if (length <= 0) throw new NetlinkError("read the kernel's answer", unknownError);
      for (const message of this.#messages(length)) {
        if (isLast(message, what)) return;
        yield message;
      }
    }
  }

  /** Sends a request that is acknowledged. @returns the error's number, 0 for none. */
  request(request: Uint8Array<ArrayBuffer>): number {
    this.#send(request);
    while (true) {
      for (const message of this.#receive()) {
        if (new DataView(message.buffer, message.byteOffset).getUint16(4, true) === typeError) return errorOf(message);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await loadLibrary().closeAside(this.#fd);
  }

  #send(request: Uint8Array<ArrayBuffer>): void {
    const sent = loadLibrary().send(this.#fd, request, BigInt(request.length), 0);
    if (Number(sent) !== request.length) throw new NetlinkError("ask the kernel", errno());
  }

  #receive(): Uint8Array[] {
    const length = Number(loadLibrary().recv(this.#fd, this.#buffer, BigInt(this.#buffer.length), 0));
    if (length <= 0) throw new NetlinkError("read the kernel's answer", errno());
    return this.#messages(length);
  }

  /** The messages in so many bytes of the buffer. */
  #messages(length: number): Uint8Array[] {
    const view = new DataView(this.#buffer.buffer), messages: Uint8Array[] = [];
    for (let at = 0; at + headerSize <= length;) {
      const size = view.getUint32(at, true);
      if (size < headerSize) break;
      messages.push(this.#buffer.subarray(at, at + size));
      at += (size + 3) & ~3;
    }
    return messages;
  }
}

function isInterrupted(message: Uint8Array): boolean {
  return (new DataView(message.buffer, message.byteOffset).getUint16(6, true) & interrupted) !== 0;
}

/** Whether a listing ends with this message. @throws NetlinkError if it does so with an error. */
function isLast(message: Uint8Array, what: string): boolean {
  const type = new DataView(message.buffer, message.byteOffset).getUint16(4, true);
  if (type !== typeDone && type !== typeError) return false;
  const error = message.length >= headerSize + 4 ? errorOf(message) : 0;
  if (error !== 0) throw new NetlinkError(`list ${what}`, error);
  return true;
}

function errno(): number {
  return new Deno.UnsafePointerView(loadLibrary().__errno_location()!).getInt32();
}

function errorOf(message: Uint8Array): number {
  return -new DataView(message.buffer, message.byteOffset).getInt32(headerSize, true);
}
