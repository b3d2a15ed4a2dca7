/**
 * Images from a directory instead of a registry: every `*.tar`, `*.tar.gz` and `*.tar.zst` (OCI or Docker archives) below
 * `<rootDir>/images` is imported at start and when it changes. An archive that has not changed, and whose images the runtime
 * still has, is not touched again. Its images are pinned for as long as the file is there.
 */
import { join } from "node:path";
import type { CriClient } from "../../cri/mod.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { Logger } from "../telemetry/log.ts";
import type { ImageImporter } from "./importer.ts";
import type { ImagePins } from "./pins.ts";

export interface PreloadOptions {
  dir: string;
  image: CriClient["image"];
  importer: ImageImporter;
  pins: ImagePins;
  log: Logger;
  clock?: Clock;
  /** A changed directory is read when nothing has changed in it for so long: archives take time to be copied. */
  settleMs?: number;
  /** Called when new images are there: containers that wait for them need not wait longer. */
  onImported?: (names: string[]) => void;
}

/** An archive as it lies in the directory. */
export interface ArchiveFile {
  path: string;
  modified: number;
  size: number;
}

export interface PreloadPlan {
  import: ArchiveFile[];
  /** Archives that are gone: their images may be collected again. */
  unpin: string[];
}

/** Pure: what there is to do, from the files, what was imported before, and the images that the runtime has. */
export function planPreload(
  files: readonly ArchiveFile[],
  pins: Pick<ImagePins, "archive" | "archives">,
  known: ReadonlySet<string>,
): PreloadPlan {
  const paths = new Set(files.map(({ path }) => path));
  return {
    import: files.filter(({ path, modified, size }) => {
      const before = pins.archive(path);
      return before?.modified !== modified || before.size !== size || !before.ids.every((id) => known.has(id));
    }),
    unpin: pins.archives().filter((path) => !paths.has(path)),
  };
}

export class ImagePreloader {
  readonly #options: Required<Omit<PreloadOptions, "onImported">> & Pick<PreloadOptions, "onImported">;
  #watcher: Deno.FsWatcher | undefined;
  #cancelTimer = () => {};
  #syncing: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();
  /** Archives that could not be imported as they are now: not tried again until they change. */
  readonly #failed = new Map<string, string>();

  constructor(options: PreloadOptions) {
    this.#options = { clock: systemClock, settleMs: 1000, ...options };
  }

  /** Imports what is there and watches for more; resolves when the first round is done. */
  async start(): Promise<void> {
    Deno.mkdirSync(this.#options.dir, { recursive: true, mode: 0o700 });
    this.#watch();
    await this.sync();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancelTimer();
    try {
      this.#watcher?.close();
    } catch { /* ended by itself */ }
    await this.#syncing;
  }

  /** Resolves when no archive is being imported. */
  idle(): Promise<void> {
    return this.#syncing;
  }

  /** One round; rounds never overlap. Archives that fail are logged and do not hold back the others. */
  sync(): Promise<void> {
    return this.#syncing = this.#syncing.then(() => this.#round()).catch((err) => {
      if (!this.#stop.signal.aborted) this.#options.log.error("cannot preload images", { dir: this.#options.dir, err });
    });
  }

  async #round(): Promise<void> {
    const { dir, image, importer, pins, log, onImported } = this.#options;
    const { signal } = this.#stop;
    const files = archiveFiles(dir);
    if (files.length === 0 && pins.archives().length === 0) return;
    const { images } = await image.listImages({}, { signal });
    const plan = planPreload(files, pins, new Set(images.map(({ id }) => id)));
    for (const path of plan.unpin) {
      const { names } = pins.archive(path)!;
      pins.setArchive(path, undefined);
      const others = new Set(pins.archives().flatMap((other) => pins.archive(other)!.names));
      const free = names.filter((name) => !others.has(name));
      await importer.release?.(free, signal).catch((err) => log.debug("cannot unpin images", { archive: path, err }));
    }
    for (const { path, modified, size } of plan.import) {
      const version = `${modified} ${size}`;
      if (this.#failed.get(path) === version) continue;
      try {
        const names = await importer.import(path, signal);
        const ids: string[] = [];
        for (const name of names) ids.push(await settled(image, name, signal));
        pins.setArchive(path, { modified, size, ids, names });
        this.#failed.delete(path);
        log.info("images preloaded", { archive: path, images: names.join(" ") });
        onImported?.(names);
      } catch (err) {
        if (signal.aborted) return;
        this.#failed.set(path, version);
        log.warn("cannot preload images", { archive: path, err });
      }
    }
  }

  async #watch(): Promise<void> {
    const { dir, clock, settleMs, log } = this.#options;
    try {
      const watcher = this.#watcher = Deno.watchFs(dir, { recursive: false });
      for await (const event of watcher) {
        if (event.kind === "access") continue;
        this.#cancelTimer();
        this.#cancelTimer = clock.after(settleMs, () => void this.sync());
      }
    } catch (err) {
      if (!this.#stop.signal.aborted) {
        log.warn("cannot watch the image directory: archives are read at start only", { dir, err });
      }
    }
  }
}

/** The archives of a directory, in order of name; dot-files are on their way in or out. */
function archiveFiles(dir: string): ArchiveFile[] {
  const files: ArchiveFile[] = [];
  for (const { name } of Deno.readDirSync(dir)) {
    if (name.startsWith(".") || !/\.(?:tar|tar\.gz|tgz|tar\.zst)$/.test(name)) continue;
    const path = join(dir, name);
    try {
      const stat = Deno.statSync(path);
      if (stat.isFile) files.push({ path, modified: stat.mtime?.getTime() ?? 0, size: stat.size });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // removed meanwhile, or a broken symlink
    }
  }
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** The id of an image that was just imported: containerd's CRI plugin learns of it by an event, a moment later. */
export async function settled(image: CriClient["image"], name: string, signal: AbortSignal): Promise<string> {
  for (let wait = 5; wait < 2000; wait *= 2) {
    const found = (await image.imageStatus({ image: { image: name } }, { signal })).image;
    if (found) return found.id;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  throw new Error(`Cannot find image ${name} in the runtime after it was imported`);
}
