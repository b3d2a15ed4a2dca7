/**
 * Which images go, by kubelet's rules (image garbage collection): those that nobody has used for longer than a maximum age,
 * and, when the file system is over its high threshold, those used longest ago until it is at the low one. Pure.
 *
 * The sizes that runtimes tell are those of compressed layers, some of them shared: how much a removal frees is measured
 * by whoever does it. So the plan says in which order to go on, and at how much free space to stop.
 */

/** Why an image must stay. */
export type Hold =
  | "in use"
  | "wanted"
  | "preloaded"
  | "sandbox image"
  | "pinned by the runtime"
  | "imported by hand";

/** An image as collection sees it. Times are monotonic ms. */
export interface HeldImage {
  id: string;
  /** Tags, then digests. */
  names: readonly string[];
  bytes: number;
  /** Since when it is known. */
  seenAt: number;
  /** undefined: never, as far as that is known. */
  usedAt?: number;
  /** undefined: nothing needs it. */
  hold: Hold | undefined;
  /** Pods that use or want it: `namespace/name`. */
  pods: readonly string[];
}

export interface CollectionPolicy {
  /** imageGCHighThresholdPercent; 100: never for want of space. */
  highPercent: number;
  /** imageGCLowThresholdPercent. */
  lowPercent: number;
  /** imageMinimumGCAge: younger images stay. */
  minAgeMs: number;
  /** imageMaximumGCAge: those unused for longer go; 0: no limit. */
  maxAgeMs: number;
}

/** The file system that images are on. */
export interface Space {
  capacityBytes: number;
  availableBytes: number;
}

export interface Removal {
  image: HeldImage;
  /** As kubelet's metric has it. */
  reason: "age" | "space";
}

export interface CollectionPlan {
  /** In this order. Those for `space` only as long as less than `targetBytes` are available. */
  removals: Removal[];
  /** What is to be available in the end; undefined: there is room enough. */
  targetBytes?: number;
  /** Monotonic ms at which something that is too young now may be collected. */
  nextAt?: number;
}

/** How full it is in percent, and what has to be available again; undefined below the threshold. */
export function pressure(
  { capacityBytes, availableBytes }: Space,
  { highPercent, lowPercent }: Pick<CollectionPolicy, "highPercent" | "lowPercent">,
): { percent: number; targetBytes: number } | undefined {
  if (highPercent >= 100) return undefined;
  const percent = usedPercent({ capacityBytes, availableBytes });
  return percent >= highPercent
    ? { percent, targetBytes: Math.floor(capacityBytes * (100 - lowPercent) / 100) }
    : undefined;
}

/** Rounded up, as kubelet computes it. */
export function usedPercent({ capacityBytes, availableBytes }: Space): number {
  return 100 - Math.floor(Math.min(availableBytes, capacityBytes) * 100 / capacityBytes);
}

/** Plans a round at `now`. `space` is undefined where it is not known; `targetBytes` stands in for the thresholds. */
export function planCollection(
  images: readonly HeldImage[],
  space: Space | undefined,
  now: number,
  policy: CollectionPolicy,
  targetBytes: number | undefined = space && pressure(space, policy)?.targetBytes,
): CollectionPlan {
  const free = images.filter(({ hold }) => hold === undefined).sort(evictionOrder);
  const old = (image: HeldImage) => policy.maxAgeMs > 0 && now - lastUse(image) > policy.maxAgeMs;
  const removals: Removal[] = free.filter(old).map((image) => ({ image, reason: "age" }));
  if (targetBytes === undefined) return { removals };
  const rest = free.filter((image) => !old(image));
  const young = rest.filter(({ seenAt }) => now - seenAt < policy.minAgeMs);
  for (const image of rest) if (!young.includes(image)) removals.push({ image, reason: "space" });
  const nextAt = Math.min(...young.map(({ seenAt }) => seenAt + policy.minAgeMs));
  return { removals, targetBytes, ...(young.length > 0 ? { nextAt } : {}) };
}

/** Least recently used first; of those never used the one that came first. */
function evictionOrder(a: HeldImage, b: HeldImage): number {
  const used = ({ usedAt }: HeldImage) => usedAt ?? Number.NEGATIVE_INFINITY;
  return used(a) === used(b) ? a.seenAt - b.seenAt : used(a) - used(b);
}

function lastUse({ usedAt, seenAt }: HeldImage): number {
  return Math.max(usedAt ?? seenAt, seenAt);
}
