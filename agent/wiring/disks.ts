/**
 * The node's disks as eviction sees them: the file systems of pods' directories, of images and of containers' layers, and
 * which of them are one. Where the runtime keeps what is its own it is asked once it answers; nothing is watched apart from
 * nodefs before.
 */
import { realpathSync } from "node:fs";
import type { Clock } from "../clock.ts";
import { mountOf, readMounts } from "../linux/mod.ts";
import { type Disk, type DiskLayout, layoutName } from "../node/eviction/mod.ts";
import type { FilesystemUsage, NodeUsage } from "../stats/mod.ts";
import type { Logger } from "../telemetry/log.ts";

export interface DisksOptions {
  usage: Pick<NodeUsage, "rootDir" | "nodeFs" | "filesystem" | "runtimePlaces">;
  /** What names the file system that a path is on. */
  device?(path: string): string;
  clock: Pick<Clock, "mono">;
  log: Logger;
}

/** How soon the runtime is asked again while it does not tell. */
const placeAgainMs = 30_000;

export class Disks {
  readonly #options: DisksOptions;
  readonly #device: (path: string) => string;
  #places: { images: string; layers: string } | undefined;
  #layout: DiskLayout = { nodefs: "", imagefs: "", containerfs: "" };
  #askedAt = -Infinity;

  constructor(options: DisksOptions) {
    this.#options = options;
    this.#device = options.device ?? deviceOf;
  }

  /** How full a disk is. Layers that are with images, or with pods' directories, have these disks' thresholds. */
  look(disk: Disk): FilesystemUsage | undefined {
    const { usage } = this.#options;
    if (disk === "nodefs") return usage.nodeFs();
    this.#ask();
    if (!this.#places) return undefined;
    if (disk === "imagefs") return usage.filesystem(this.#places.images);
    return layoutName(this.#layout) === "layers apart" ? usage.filesystem(this.#places.layers) : undefined;
  }

  get layout(): DiskLayout {
    return this.#layout;
  }

  #ask(): void {
    const { usage, clock } = this.#options;
    const now = clock.mono();
    if (this.#places || now - this.#askedAt < placeAgainMs) return;
    this.#askedAt = now;
    void usage.runtimePlaces().then((places) => places && this.#learn(places));
  }

  #learn(places: { images: string; layers: string }): void {
    const { usage: { rootDir }, log } = this.#options;
    try {
      this.#layout = {
        nodefs: this.#device(rootDir),
        imagefs: this.#device(places.images),
        containerfs: this.#device(places.layers),
      };
    } catch (err) {
      return log.debug("Cannot tell the node's disks from one another", { err });
    }
    this.#places = places;
    const layout = layoutName(this.#layout);
    log.info("Disks are watched", { layout, ...places });
    if (layout === "layers apart") {
      log.warn(
        "Containers' layers are on a disk of their own, which Kubernetes does not provide for; it has the thresholds of nodefs",
        {
          layers: places.layers,
        },
      );
    }
  }
}

/** By the mount table, as subvolumes of one btrfs have device numbers of their own though they share its room. */
export function deviceOf(path: string): string {
  const real = realpathSync(path);
  const mount = mountOf(readMounts(), real);
  if (!mount) throw new Error(`Cannot find the mount of ${real}`);
  return mount.device;
}
