/**
 * Removes images that nothing needs: a look every five minutes and after every pull, which costs a statfs(2) and one list
 * of containers, and lists images only where some may have to go.
 *
 *     containers ─► UseBook ─┐
 *     file system ───────────┼─► planCollection() ─► RemoveImage, one after the other, as long as space is wanted
 *     pods, pins, book ──────┘
 *
 * The eviction of pods asks for space by `reclaim` and `deleteUnused` before it ends any pod.
 */
import type { CriClient, Image } from "../../cri/mod.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { Pod } from "../objects/mod.ts";
import { podNameLabel, podNamespaceLabel } from "../runtime/labels.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import { errorText, type Logger } from "../telemetry/log.ts";
import type { ImagePins } from "./pins.ts";
import {
  type CollectionPlan,
  type CollectionPolicy,
  type HeldImage,
  type Hold,
  planCollection,
  pressure,
  type Removal,
  type Space,
  usedPercent,
} from "./plan_collection.ts";
import { sandboxImageOf } from "./sandbox_image.ts";
import type { UseBook } from "./use_book.ts";
import { WantedImages } from "./wanted.ts";

export interface ImageCollectorOptions {
  cri: {
    runtime: Pick<CriClient["runtime"], "listContainers" | "status">;
    image: Pick<CriClient["image"], "listImages" | "removeImage">;
  };
  pins: ImagePins;
  book: UseBook;
  policy: CollectionPolicy;
  /** Pods that are to run, now or later. */
  wanted(): Iterable<Pod>;
  /** The file system that images are on; undefined where it does not tell. */
  space(): Promise<Space | undefined>;
  nodeName: string;
  events: EventRecorder;
  log: Logger;
  clock?: Clock;
  /** Told of every image that was removed to make room or for its age. */
  onCollected?: (reason: Removal["reason"]) => void;
}

export interface PruneOptions {
  /** Those that are young or were imported by hand, too. */
  all?: boolean;
  dryRun?: boolean;
}

export interface Pruned {
  images: HeldImage[];
  /** As measured; 0 for a dry run. */
  freedBytes: number;
}

/** kubelet's ImageGCPeriod. */
const periodMs = 5 * 60_000;
/** Least time between two rounds that are not asked for. */
const pauseMs = 10_000;

export class ImageCollector {
  readonly #options: ImageCollectorOptions & { clock: Clock };
  #cancel = () => {};
  #stopped = false;
  /** Rounds take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  /** The last round failed, too. */
  #failed = false;

  constructor(options: ImageCollectorOptions) {
    this.#options = { clock: systemClock, ...options };
  }

  /** Looks now, and from then on every five minutes. */
  start(): void {
    this.#stopped = false;
    void this.#round();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#turn;
  }

  /** An image has come from a registry: there may be less room now. */
  pulled(id: string): void {
    this.#options.book.used(id);
    this.#wakeIn(pauseMs);
  }

  /** Removes unused images until `bytes` more are available; answers how many are. */
  async reclaim(bytes: number): Promise<number> {
    return (await this.#inTurn(async () => {
      const space = await this.#options.space();
      if (!space) return { freed: 0 };
      return await this.#collect(await this.images(), space, space.availableBytes + bytes);
    })).freed;
  }

  /** Removes all images that nothing needs and that are old enough; answers how many bytes that freed. */
  async deleteUnused(): Promise<number> {
    return await this.reclaim(Infinity);
  }

  /** The same by somebody's command. */
  async prune({ all = false, dryRun = false }: PruneOptions = {}): Promise<Pruned> {
    return await this.#inTurn(async () => {
      const { policy, clock } = this.#options;
      const images = (await this.images()).map((image) =>
        all && image.hold === "imported by hand" ? { ...image, hold: undefined } : image
      );
      const rules = { ...policy, maxAgeMs: 0, ...(all ? { minAgeMs: 0 } : {}) };
      const { removals } = planCollection(images, undefined, clock.mono(), rules, Infinity);
      if (dryRun) return { images: removals.map(({ image }) => image), freedBytes: 0 };
      const { removed, freed, errors } = await this.#remove({ removals, targetBytes: Infinity });
      if (errors.length > 0) throw new Error(`Cannot remove all unused images: ${errors.join("; ")}`);
      return { images: removed, freedBytes: freed };
    });
  }

  /** All images, and what holds them. */
  async images(): Promise<HeldImage[]> {
    const { cri, book, wanted } = this.#options;
    const [users, { images }, sandbox] = await Promise.all([
      this.#noteUse(),
      cri.image.listImages({}),
      this.#sandboxImage(),
    ]);
    book.retain(new Set(images.map(({ id }) => id)));
    const wants = new WantedImages(wanted());
    return images.map((image) => {
      const { id, repoTags, repoDigests, size } = image;
      const names = [...repoTags, ...repoDigests];
      const using = [id, ...repoDigests].flatMap((ref) => [...users.get(ref) ?? []]);
      const wanting = wants.by(id, names);
      const isSandbox = sandbox !== undefined && names.includes(sandbox);
      return {
        id,
        names,
        bytes: Number(size),
        ...book.times(id),
        hold: this.#hold(image, { used: using.length > 0, wanted: wanting.length > 0, isSandbox }),
        // containers of no pod have no name
        pods: [...new Set([...using, ...wanting])].filter((name) => name !== "/").sort(),
      };
    });
  }

  #hold({ id, pinned }: Image, by: { used: boolean; wanted: boolean; isSandbox: boolean }): Hold | undefined {
    const { pins, book } = this.#options;
    if (by.used) return "in use";
    if (by.wanted) return "wanted";
    if (by.isSandbox || pins.isSandbox(id)) return "sandbox image";
    if (pins.isPinned(id)) return "preloaded";
    if (book.isKept(id)) return "imported by hand";
    // what is pinned by islet's own label is preloaded, or was until its archive was taken away
    return pinned ? "pinned by the runtime" : undefined;
  }

  /** Who uses which image now, by the ids that the runtime names images by; and the book knows it. */
  async #noteUse(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const { cri, book } = this.#options;
    const { containers } = await cri.runtime.listContainers({});
    const users = new Map<string, Set<string>>();
    for (const { imageId, imageRef, labels } of containers) {
      const id = imageId || imageRef;
      if (!id) continue;
      const pods = users.get(id) ?? new Set();
      users.set(id, pods.add(`${labels[podNamespaceLabel] ?? ""}/${labels[podNameLabel] ?? ""}`));
    }
    book.inUse(new Set(users.keys()));
    return users;
  }

  /** The image that the runtime says it makes sandboxes of, where it does. */
  async #sandboxImage(): Promise<string | undefined> {
    const { info } = await this.#options.cri.runtime.status({ verbose: true });
    return sandboxImageOf(info.config);
  }

  async #round(): Promise<void> {
    this.#cancel();
    let nextAt: number | undefined;
    try {
      nextAt = await this.#inTurn(() => this.#look());
      this.#failed = false;
    } catch (err) {
      if (this.#stopped) return;
      const { log, events } = this.#options;
      // as with kubelet, a first failure may be that of a runtime that has just been started
      log.warn(`Image garbage collection failed ${this.#failed ? "multiple times in a row" : "once"}`, { err });
      if (this.#failed) events.event(this.#node(), "Warning", "ImageGCFailed", errorText(err));
      this.#failed = true;
    }
    const { clock } = this.#options;
    this.#wakeIn(nextAt === undefined ? periodMs : Math.min(periodMs, Math.max(pauseMs, nextAt - clock.mono())));
  }

  /** One look; collects where that is due. */
  async #look(): Promise<number | undefined> {
    const { policy, events } = this.#options;
    if (policy.highPercent >= 100 && policy.maxAgeMs === 0) return undefined;
    const space = await this.#options.space();
    if (space?.capacityBytes === 0) {
      const message = "invalid capacity 0 on image filesystem";
      events.event(this.#node(), "Warning", "InvalidDiskCapacity", message);
      throw new Error(message);
    }
    const over = space && pressure(space, policy);
    if (!over && policy.maxAgeMs === 0) {
      await this.#noteUse();
      return undefined;
    }
    const { wantedBytes, freed, errors, nextAt, short } = await this.#collect(await this.images(), space);
    if (errors.length > 0) {
      throw new Error(
        `wanted to free ${wantedBytes} bytes, but freed ${freed} bytes space with errors in image deletion: ${
          errors.join(", ")
        }`,
      );
    }
    if (over && short && nextAt === undefined) {
      const message =
        `Insufficient free disk space on the node's image filesystem (${over.percent}% of ${
          size(space!.capacityBytes)
        } used). Failed to free sufficient space by deleting unused images (freed ${freed} bytes). ` +
        "Investigate disk usage, as it could be used by active images, logs, volumes, or other data.";
      events.event(this.#node(), "Warning", "FreeDiskSpaceFailed", message);
      throw new Error(message);
    }
    return nextAt;
  }

  async #collect(images: readonly HeldImage[], space: Space | undefined, targetBytes?: number): Promise<
    { wantedBytes: number; freed: number; errors: string[]; short: boolean; nextAt?: number }
  > {
    const { policy, clock, log } = this.#options;
    const plan = planCollection(images, space, clock.mono(), policy, targetBytes);
    const wantedBytes = plan.targetBytes === undefined ? 0 : Math.max(0, plan.targetBytes - space!.availableBytes);
    if (wantedBytes > 0) {
      log.info("Removing unused images to make room", {
        usedPercent: usedPercent(space!),
        wantedBytes: Number.isFinite(wantedBytes) ? wantedBytes : "all",
        unused: plan.removals.length,
      });
    }
    const { freed, errors, short } = await this.#remove(plan);
    return { wantedBytes, freed, errors, short, ...(short ? { nextAt: plan.nextAt } : {}) };
  }

  /** Carries a plan out; goes on after an image that cannot be removed. `short`: there is less room than was wanted. */
  async #remove(
    { removals, targetBytes }: CollectionPlan,
  ): Promise<{ removed: HeldImage[]; freed: number; errors: string[]; short: boolean }> {
    const { cri, book, log, wanted, onCollected } = this.#options;
    const removed: HeldImage[] = [], errors: string[] = [];
    const available = async () => (await this.#options.space())?.availableBytes ?? 0;
    const before = await available();
    let now = before;
    for (const { image, reason } of removals) {
      if (this.#stopped || reason === "space" && now >= targetBytes!) break;
      // pods may have come since the plan was made
      if (new WantedImages(wanted()).by(image.id, image.names).length > 0) continue;
      try {
        await cri.image.removeImage({ image: { image: image.id } });
        book.forget(image.id);
        removed.push(image);
        onCollected?.(reason);
        log.info("Removed an unused image", { image: image.names[0] ?? image.id, id: image.id, reason });
      } catch (err) {
        errors.push(errorText(err));
      }
      now = await available();
    }
    return {
      removed,
      freed: Math.max(0, now - before),
      errors,
      short: targetBytes !== undefined && now < targetBytes,
    };
  }

  #node() {
    const { nodeName } = this.#options;
    // kubelet refers to nodes by their name in the place of the UID
    return { kind: "Node", name: nodeName, uid: nodeName };
  }

  #wakeIn(ms: number): void {
    this.#cancel();
    if (!this.#stopped) this.#cancel = this.#options.clock.after(ms, () => void this.#round());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/** `114.7 GiB`: as kubelet prints a size. */
function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  for (; bytes >= 1024 && at < units.length - 1; at++) bytes /= 1024;
  return at === 0 ? `${bytes} B` : `${bytes.toFixed(1)} ${units[at]}`;
}
