/**
 * The kernel's log as it is written: `/dev/kmsg`, which answers poll(2), so nothing is spent while the kernel is silent.
 * Source: Linux Documentation/ABI/testing/dev-kmsg.
 */
import { errno, libc } from "./libc.ts";
import { errnoName, LinuxError } from "./errno.ts";
import { type Fd, O, openPath } from "./fd.ts";
import { KernelWatch, POLL, poll } from "./poll.ts";

export interface KernelMessage {
  /** syslog's; 0: the kernel's own. Programs may write to the log, too, but not as the kernel. */
  facility: number;
  text: string;
}

/** The messages of records as they are read: `6,28367,33843828932,-;text`, and lines of details that begin with a space. */
export function kernelMessages(records: string): KernelMessage[] {
  return records.split("\n").flatMap((line) => {
    const [, priority, text] = /^(\d+),\d+,\d+,[^;]*;(.*)$/.exec(line) ?? [];
    return text === undefined ? [] : [{ facility: Number(priority) >> 3, text }];
  });
}

export interface KernelLogOptions {
  path?: string;
  onMessage(message: KernelMessage): void;
  /** It cannot be read any further. */
  onEnd(err: unknown): void;
  /** What is written in the time after a look is looked at together: a driver that is beside itself must not take a CPU. */
  restMs?: number;
}

/** No record is longer. */
const recordBytes = 8192;
/** lseek(2) to behind the last record. */
const SEEK_END = 2;

export class KernelLog extends KernelWatch {
  readonly #options: KernelLogOptions;
  readonly #log: Fd;

  /** Begins with what is written from now on. Throws where the log may not be read. */
  constructor(options: KernelLogOptions) {
    super();
    this.#options = options;
    try {
      this.#log = openPath(options.path ?? "/dev/kmsg", O.RDONLY | O.NONBLOCK);
    } catch (err) {
      this.wake.close();
      throw err;
    }
    // a pipe has no end to go to
    libc().lseek(this.#log.number, 0n, SEEK_END);
    this.begin();
  }

  protected override async run(): Promise<void> {
    const { onEnd, restMs = 1000 } = this.#options;
    const wake = { fd: this.wake, events: POLL.IN };
    try {
      while (!this.stopped) {
        const [, told] = await poll([wake, { fd: this.#log, events: POLL.IN }]);
        if (this.stopped) return;
        if (told) this.#read();
        await poll([wake], restMs);
      }
    } catch (err) {
      onEnd(err);
    } finally {
      this.#log.close();
    }
  }

  /** Reads all there is; each read(2) gives one record. */
  #read(): void {
    const buffer = new Uint8Array(recordBytes);
    const decoder = new TextDecoder();
    while (true) {
      const count = Number(libc().read(this.#log.number, buffer, BigInt(recordBytes)));
      if (count < 0) {
        const code = errno();
        if (errnoName(code) === "EAGAIN") return;
        // some were overwritten before they were read: the next read gives the oldest there is
        if (errnoName(code) === "EPIPE" || errnoName(code) === "EINTR") continue;
        throw new LinuxError(`read ${this.#log.path}`, "read", code);
      }
      if (count === 0) throw new Error(`Cannot read ${this.#log.path}: it has ended`);
      for (const message of kernelMessages(decoder.decode(buffer.subarray(0, count)))) this.#options.onMessage(message);
    }
  }
}
