/** Waiting for the kernel on other threads: poll(2), eventfds that end the wait, and writes that the kernel takes its time for. */
import { check, cString, dlopenLibc, errno, libc } from "./libc.ts";
import { LinuxError } from "./errno.ts";
import { Fd, O } from "./fd.ts";

/** Events of poll(2). */
export const POLL = { IN: 0x1, PRI: 0x2, ERR: 0x8, HUP: 0x10, NVAL: 0x20 } as const;

export interface PollTarget {
  fd: Fd;
  events: number;
}

const symbols = {
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
  write: { parameters: ["i32", "buffer", "u64"], result: "i64", nonblocking: true },
} as const satisfies Deno.ForeignLibraryInterface;

let opened: Deno.DynamicLibrary<typeof symbols>["symbols"] | undefined;

function waiting(): NonNullable<typeof opened> {
  return opened ??= dlopenLibc(symbols);
}

/** Opens what waiting takes: for tests, as `loadLibc()`. */
export function loadPoll(): void {
  waiting();
}

/**
 * Waits until one of the descriptors has something to tell; resolves with the events of each. Takes one of the program's
 * blocking threads as long as it waits, so there is to be one wait for many descriptors, with one of them an `EventFd`
 * that ends it.
 */
export async function poll(targets: readonly PollTarget[], timeoutMs = -1): Promise<number[]> {
  const bytes = new Uint8Array(8 * targets.length);
  const view = new DataView(bytes.buffer);
  targets.forEach(({ fd, events }, at) => {
    view.setInt32(at * 8, fd.number, true);
    view.setInt16(at * 8 + 4, events, true);
  });
  // a signal's interruption (−1) looks like nothing having happened: who waits asks again
  await waiting().poll(bytes, BigInt(targets.length), timeoutMs);
  return targets.map((_, at) => view.getInt16(at * 8 + 6, true));
}

/** eventfd(2): a counter that wakes who polls it. */
export class EventFd extends Fd {
  constructor() {
    super(check(libc().eventfd(0, O.CLOEXEC | O.NONBLOCK), "eventfd", "make an eventfd"), "eventfd");
  }

  /** Wakes. */
  signal(): void {
    writeFd(this, new Uint8Array(new BigUint64Array([1n]).buffer));
  }

  /** Sets it back, so that it sleeps until the next signal. */
  drain(): void {
    // EAGAIN: there was none
    libc().read(this.number, new Uint8Array(8), 8n);
  }
}

/** Something that waits for the kernel, round after round, until it is stopped. */
export abstract class KernelWatch {
  /** To be among the descriptors of every wait: it is signalled at the end, and by whoever has news for the next round. */
  protected readonly wake = new EventFd();
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  /** Waits and acts while not {@linkcode stopped}; closes what it has opened. */
  protected abstract run(): Promise<void>;

  /** What a constructor ends with. */
  protected begin(): void {
    this.#done = this.run().finally(() => {
      this.#stopped = true;
      this.wake.close();
    });
  }

  protected get stopped(): boolean {
    return this.#stopped;
  }

  async stop(): Promise<void> {
    if (!this.#stopped) {
      this.#stopped = true;
      this.wake.signal();
    }
    await this.#done;
  }
}

/** write(2) of it all: control files take a text in one piece or not at all. */
export function writeFd(fd: Fd, content: string | Uint8Array<ArrayBuffer>): void {
  const bytes = typeof content === "string" ? cString(content) : content;
  const written = Number(libc().write(fd.number, bytes, BigInt(bytes.length)));
  if (written !== bytes.length) throw new LinuxError(`write ${fd.path}`, "write", written < 0 ? errno() : 5);
}

/** As {@linkcode writeFd}, on another thread: some control files answer only when every processor has taken note. */
export async function writeFdAside(fd: Fd, content: string): Promise<void> {
  const bytes = cString(content);
  const written = Number(await waiting().write(fd.number, bytes, BigInt(bytes.length)));
  // the reason stays with the other thread: asked again, here
  if (written !== bytes.length) writeFd(fd, content);
}
