/**
 * What only the runtime knows of the disk: containers' writable layers, and which file systems these and images are on. It
 * counts them by itself (the managed containerd once a minute), so asking more often than now and then tells nothing new.
 */
import type { CriClient, FilesystemUsage as RuntimeFilesystem } from "../../cri/mod.ts";
import type { Clock } from "../clock.ts";
import type { DirectoryUsage } from "./disk_usage.ts";

export interface RuntimeStorageOptions {
  cri: { runtime: Pick<CriClient["runtime"], "listContainerStats">; image: Pick<CriClient["image"], "imageFsInfo"> };
  labelSelector: Record<string, string>;
  clock: Clock;
  freshMs?: number;
}

/** What the runtime keeps somewhere. */
export interface RuntimePlace extends DirectoryUsage {
  mountpoint: string;
}

export interface RuntimePlaces {
  images: RuntimePlace;
  /** Of writable layers: the same one, unless the runtime names another (KEP-4191). */
  layers: RuntimePlace;
}

const timeoutMs = 10_000;

export class RuntimeStorage {
  readonly #layers: Remembered<Map<string, DirectoryUsage>>;
  readonly #places: Remembered<RuntimePlaces | undefined>;

  constructor({ cri, labelSelector, clock, freshMs = 15_000 }: RuntimeStorageOptions) {
    this.#layers = new Remembered(clock, freshMs, async () => {
      const { stats } = await cri.runtime.listContainerStats({ filter: { labelSelector } }, { timeoutMs });
      const found = new Map<string, DirectoryUsage>();
      for (const { attributes, writableLayer } of stats) {
        if (!attributes || !writableLayer?.usedBytes) continue;
        found.set(attributes.id, {
          bytes: Number(writableLayer.usedBytes.value),
          inodes: writableLayer.inodesUsed && Number(writableLayer.inodesUsed.value),
          at: milliseconds(writableLayer.timestamp, clock),
        });
      }
      return found;
    });
    this.#places = new Remembered(clock, freshMs, async () => {
      const { imageFilesystems, containerFilesystems } = await cri.image.imageFsInfo({}, { timeoutMs });
      const images = placeOf(imageFilesystems[0], clock);
      // runtimes from before Kubernetes 1.29 know of one for both
      return images && { images, layers: placeOf(containerFilesystems[0], clock) ?? images };
    });
  }

  /** By container ID; empty when the runtime does not tell. */
  async layers(): Promise<ReadonlyMap<string, DirectoryUsage>> {
    return await this.#layers.get() ?? new Map();
  }

  async places(): Promise<RuntimePlaces | undefined> {
    return await this.#places.get();
  }
}

/** Where a container's writes go, from the mountinfo of one of its processes: the upper directory of an overlay. */
export function writableLayer(mountinfo: string): string | undefined {
  // 36 35 0:32 / / rw,relatime - overlay overlay rw,lowerdir=…,upperdir=/path,workdir=…
  const root = mountinfo.split("\n").find((line) => line.split(" ")[4] === "/");
  const path = root && /(?:^|[ ,])upperdir=([^ ,]+)/.exec(root.slice(root.indexOf(" - ")))?.[1];
  return path?.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
}

function placeOf(told: RuntimeFilesystem | undefined, clock: Clock): RuntimePlace | undefined {
  if (!told?.fsId?.mountpoint) return undefined;
  return {
    mountpoint: told.fsId.mountpoint,
    bytes: Number(told.usedBytes?.value ?? 0n),
    inodes: told.inodesUsed && Number(told.inodesUsed.value),
    at: milliseconds(told.timestamp, clock),
  };
}

function milliseconds(ns: bigint, clock: Clock): number {
  return ns > 0n ? Number(ns / 1_000_000n) : clock.now();
}

/** An answer that holds for a while; who asks meanwhile, or while it is on its way, gets the same. */
class Remembered<T> {
  #answer: Promise<T | undefined> | undefined;
  #askedAt = -Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly freshMs: number,
    private readonly ask: () => Promise<T>,
  ) {}

  get(): Promise<T | undefined> {
    const now = this.clock.mono();
    if (this.#answer && now - this.#askedAt < this.freshMs) return this.#answer;
    this.#askedAt = now;
    // a runtime that is silent, or has no such call, tells nothing; that holds as long as an answer would
    return this.#answer = this.ask().catch(() => undefined);
  }
}
