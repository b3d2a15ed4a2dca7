/**
 * Small files that are read again and again, kept open between: to open one of a cgroup and to close it costs the kernel
 * five times what reading does. Those that nobody has read for a while are closed, so that nothing is kept when nobody
 * asks.
 *
 *     read ──► recent ── sweep ─► older ── sweep ─► closed
 *                └──────────── read ◄──┘
 */
import { libc } from "./libc.ts";
import { openSmallFile, readDescriptor, readSmallFile } from "./small_files.ts";

export interface KeptFilesOptions {
  /** Runs `fn` once after `ms`; the returned function cancels it. */
  after(ms: number, fn: () => void): () => void;
  /** A file is kept for this long after it was read, and twice as long at most. */
  keepMs?: number;
  /** How many are kept; each costs the kernel a page and a bit. */
  most?: number;
}

/** Longer than the minute that scrapes are apart at most. */
const defaultKeepMs = 65_000;

/** Most for whoever may open as many as that; else a quarter of what this process may open. */
const defaultMost = 4096;

export class KeptFiles {
  readonly #after: KeptFilesOptions["after"];
  readonly #keepMs: number;
  readonly #most: number;
  #recent = new Map<string, number>();
  #older = new Map<string, number>();
  #cancel: (() => void) | undefined;

  constructor({ after, keepMs = defaultKeepMs, most = Math.min(defaultMost, mayOpen() >> 2) }: KeptFilesOptions) {
    this.#after = after;
    this.#keepMs = keepMs;
    this.#most = most;
  }

  /** How many are open. */
  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** As `readSmallFile()`. */
  read(path: string): string | undefined {
    const fd = this.#recent.get(path) ?? this.#again(path);
    if (fd !== undefined) {
      const text = readDescriptor(fd, path);
      if (text !== undefined) return text;
      // its cgroup was removed, and may have been made anew
      libc().close(fd);
      this.#recent.delete(path);
    }
    if (this.size >= this.#most) return readSmallFile(path);
    const opened = openSmallFile(path);
    if (opened === undefined) return undefined;
    this.#recent.set(path, opened);
    this.#cancel ??= this.#after(this.#keepMs, () => this.#sweep());
    return readDescriptor(opened, path);
  }

  /** Closes all of them. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const files of [this.#recent, this.#older]) closeAll(files);
  }

  #again(path: string): number | undefined {
    const fd = this.#older.get(path);
    if (fd === undefined) return undefined;
    this.#older.delete(path);
    this.#recent.set(path, fd);
    return fd;
  }

  #sweep(): void {
    closeAll(this.#older);
    [this.#recent, this.#older] = [this.#older, this.#recent];
    this.#cancel = this.#older.size > 0 ? this.#after(this.#keepMs, () => this.#sweep()) : undefined;
  }
}

function closeAll(files: Map<string, number>): void {
  const { close } = libc();
  for (const fd of files.values()) close(fd);
  files.clear();
}

/** The soft limit of open files; the kernel's own default where it is not told. */
function mayOpen(): number {
  return Number(/^Max open files +(\d+)/m.exec(readSmallFile("/proc/self/limits") ?? "")?.[1] ?? 1024);
}
