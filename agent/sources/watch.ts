/**
 * A directory's events (inotify) as hints: "this name is complete", "this name is being written", "look at everything".
 * What is there is always found out by looking. Seen on Linux: a write ends with `access` (close after write), a rename
 * into place with `rename`; a link to nowhere or out of the directory may come as `remove` or not at all.
 *
 * While the directory does not exist its parent is watched for it.
 */
import { basename, dirname, join, resolve } from "node:path";

export interface WatchListener {
  /** `complete`: nobody is writing to it any more, as far as the event tells. */
  onName(name: string, complete: boolean): void;
  /** Anything may have changed: the directory itself, or events were lost. */
  onEverything(): void;
}

export type WatchFs = (path: string) => AsyncIterable<Deno.FsEvent> & { close(): void };

/** Deno keeps 16 events that were not taken yet and silently drops what comes on top. */
const everyManyEvents = 12;

const watchFs: WatchFs = (path) => Deno.watchFs(path, { recursive: false });

export class DirectoryWatch {
  #watcher?: ReturnType<WatchFs>;
  #watched = "";
  #directory: string;
  #closed = false;
  /** Events since the last word to look at everything. */
  #events = 0;
  #fifos = new HeldFifos();

  constructor(directory: string, private listener: WatchListener, private watch: WatchFs = watchFs) {
    this.#directory = resolve(directory);
  }

  /**
   * Watches the directory if it is not being watched: the first time, when it has come, was replaced, or the watch broke.
   * Returns whether events are expected of it.
   */
  ensure(): boolean {
    if (this.#closed) return false;
    this.#fifos.hold(this.#directory);
    const identity = this.#identity();
    if (this.#watcher && this.#watched === identity) return identity !== "";
    this.#stop();
    const target = identity === "" ? dirname(this.#directory) : this.#directory;
    try {
      const watcher = this.watch(target);
      this.#watcher = watcher;
      this.#watched = identity;
      this.#listen(watcher, identity === "");
    } catch {
      // Neither it nor its parent, or no inotify watches are left: the next look at everything tries again.
      this.#watcher = undefined;
    }
    return this.#watcher !== undefined && identity !== "";
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  /** Device and inode: a directory that was moved away keeps its watch, and the new one of the name has none. */
  #identity(): string {
    try {
      const { dev, ino, isDirectory } = Deno.statSync(this.#directory);
      return isDirectory ? `${dev}:${ino}` : "";
    } catch {
      return "";
    }
  }

  async #listen(watcher: ReturnType<WatchFs>, parent: boolean): Promise<void> {
    try {
      for await (const event of watcher) {
        if (this.#watcher !== watcher) return;
        this.#tell(event, parent);
      }
    } catch { /* the watch broke: told below */ }
    if (this.#watcher !== watcher) return;
    this.#watcher = undefined;
    this.listener.onEverything();
  }

  /** When events were dropped, 16 were waiting: one of those is the twelfth, and the look that it asks for sees all. */
  #tell(event: Deno.FsEvent, parent: boolean): void {
    if (event.flag === "rescan" || event.paths.length === 0) return this.listener.onEverything();
    const complete = event.kind !== "create" && event.kind !== "modify";
    for (const path of event.paths) {
      if (resolve(path) === this.#directory) this.listener.onEverything();
      else if (!parent) this.listener.onName(basename(path), complete);
    }
    if (++this.#events < everyManyEvents) return;
    this.#events = 0;
    this.listener.onEverything();
  }

  #stop(): void {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    if (!watcher) return;
    this.#fifos.hold(this.#directory);
    try {
      watcher.close();
    } catch { /* it had ended */ }
  }
}

/**
 * Deno's watcher opens every path that an event names, to see whether it is there. On a FIFO it waits there for a
 * writer, no event comes any more, and closing it waits as well. While we hold the FIFO open ourselves it does not; so we
 * hold it for as long as it is there, also after closing: letting go is an event, too.
 */
class HeldFifos {
  #held = new Map<string, Deno.FsFile>();

  hold(directory: string): void {
    const present = new Set<string>();
    try {
      for (const { name, isFile, isDirectory } of Deno.readDirSync(directory)) {
        const path = join(directory, name);
        if (isFile || isDirectory || !isFifo(path)) continue;
        present.add(path);
        // For reading and writing: on Linux that never waits for another end.
        if (!this.#held.has(path)) this.#held.set(path, Deno.openSync(path, { read: true, write: true }));
      }
    } catch { /* no directory, or a FIFO that is not ours to open: the watcher cannot wait at it either */ }
    for (const path of this.#held.keys()) if (!present.has(path)) this.#close(path);
  }

  #close(path: string): void {
    this.#held.get(path)?.close();
    this.#held.delete(path);
  }
}

function isFifo(path: string): boolean {
  try {
    return Deno.statSync(path).isFifo === true;
  } catch {
    return false;
  }
}
