/** What people do with images by hand: look at them, pull, import, prune. */
import type { CriClient } from "../../cri/mod.ts";
import { type Clock, systemClock, timestamp } from "../clock.ts";
import type { ImageCollector, PruneOptions } from "./collector.ts";
import type { ImageImporter } from "./importer.ts";
import type { ImageManager } from "./manager.ts";
import type { HeldImage, Hold } from "./plan_collection.ts";
import { settled } from "./preload.ts";
import { parseReference } from "./reference.ts";
import type { UseBook } from "./use_book.ts";

/** An image as it is shown. */
export interface ImageInfo {
  id: string;
  repoTags: string[];
  repoDigests: string[];
  /** As the runtime tells: mostly of the compressed layers. */
  sizeBytes: number;
  firstSeen: string;
  lastUsed?: string;
  /** Why it is never collected. */
  hold?: Hold;
  /** Pods that use or want it: `namespace/name`. */
  pods: string[];
}

/** The command cannot be carried out for what was asked. */
export class ImageCommandError extends Error {
  override readonly name = "ImageCommandError";
}

export interface ImageCommandsOptions {
  collector: Pick<ImageCollector, "images" | "prune">;
  manager: Pick<ImageManager, "pull">;
  /** undefined: the runtime takes no archives from us. */
  importer: ImageImporter | undefined;
  image: CriClient["image"];
  book: UseBook;
  clock?: Clock;
  /** Images have come or gone by hand: names of those that came. */
  onChanged?: (names: string[]) => void;
}

export class ImageCommands {
  readonly #options: ImageCommandsOptions & { clock: Clock };

  constructor(options: ImageCommandsOptions) {
    this.#options = { clock: systemClock, ...options };
  }

  async list(): Promise<ImageInfo[]> {
    const images = (await this.#options.collector.images()).map((image) => this.#info(image));
    const name = ({ repoTags, repoDigests, id }: ImageInfo) => repoTags[0] ?? repoDigests[0] ?? id;
    return images.sort((a, b) => name(a) < name(b) ? -1 : 1);
  }

  async prune(options: PruneOptions): Promise<{ images: ImageInfo[]; freedBytes: number }> {
    const { images, freedBytes } = await this.#options.collector.prune(options);
    if (images.length > 0 && !options.dryRun) this.#options.onChanged?.([]);
    return { images: images.map((image) => this.#info(image)), freedBytes };
  }

  /** Pulls with the node's own credentials. */
  async pull(name: string, signal: AbortSignal): Promise<ImageInfo | undefined> {
    try {
      parseReference(name);
    } catch (err) {
      throw new ImageCommandError((err as Error).message);
    }
    const { imageRef } = await this.#options.manager.pull(name, signal);
    this.#options.onChanged?.([name]);
    return (await this.list()).find(({ id }) => id === imageRef);
  }

  /** Imports an archive, packed or not. Its images stay until somebody prunes them: they cannot be pulled again. */
  async import(archive: ReadableStream<Uint8Array<ArrayBuffer>>, signal: AbortSignal): Promise<ImageInfo[]> {
    const { importer, image, book, onChanged } = this.#options;
    if (!importer) {
      throw new ImageCommandError("CRI has no call to import images, and this runtime has no other way that is known");
    }
    const names = await importer.import(archive, signal);
    const ids = new Set<string>();
    for (const name of names) ids.add(await settled(image, name, signal));
    for (const id of ids) book.keep(id);
    onChanged?.(names);
    return (await this.list()).filter(({ id }) => ids.has(id));
  }

  #info({ id, names, bytes, seenAt, usedAt, hold, pods }: HeldImage): ImageInfo {
    const { clock } = this.#options;
    const stamp = (at: number) => timestamp(clock.now() - (clock.mono() - at));
    const isDigest = (name: string) => name.includes("@");
    return {
      id,
      repoTags: names.filter((name) => !isDigest(name)),
      repoDigests: names.filter(isDigest),
      sizeBytes: bytes,
      firstSeen: stamp(seenAt),
      ...(usedAt === undefined ? {} : { lastUsed: stamp(usedAt) }),
      ...(hold ? { hold } : {}),
      pods: [...pods],
    };
  }
}
