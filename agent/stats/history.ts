/**
 * The last hour, for people: CPU and memory of the node and of each pod, a point every thirty seconds, in memory alone. A
 * look costs three small files a pod, which is some 0.01 % of a core at 50 pods; what is remembered, a kilobyte a pod.
 *
 *     look ─ every 30 s ─► points ─► one column of all rings        a pod that has been gone for an hour is forgotten
 */
import type { Clock } from "../clock.ts";
import { nodeKey, type Point } from "./sampler.ts";

export interface UsageHistoryOptions {
  clock: Clock;
  /** Looks at the node and its pods now: by pod UID, and `node`. */
  look(): Map<string, Point>;
  periodMs?: number;
  /** How many points are remembered. */
  length?: number;
}

/** One thing's hour, oldest first. */
export interface Series {
  /** Cores; undefined where there is none. */
  cpu: (number | undefined)[];
  /** Bytes of the working set. */
  memory: (number | undefined)[];
}

export interface History {
  /** Wall-clock milliseconds of the last point. */
  end: number;
  periodMs: number;
  /** By pod UID. */
  pods: Map<string, Series>;
  node: Series;
}

interface Ring {
  cpu: Float32Array;
  memory: Float32Array;
  cpuNs: number;
  /** Monotonic milliseconds of the last look that found it. */
  seen: number;
}

/** Pods that come and go: the longest gone are forgotten first. */
const mostRings = 400;

export class UsageHistory {
  readonly #options: Required<UsageHistoryOptions>;
  readonly #rings = new Map<string, Ring>();
  #column = -1;
  #filled = 0;
  #end = 0;
  #cancel = () => {};

  constructor(options: UsageHistoryOptions) {
    this.#options = { periodMs: 30_000, length: 120, ...options };
  }

  /** Looks from now on. */
  start(): void {
    const { clock, periodMs } = this.#options;
    this.#look();
    this.#cancel = clock.after(periodMs, () => this.start());
  }

  stop(): void {
    this.#cancel();
  }

  read(): History {
    const pods = new Map<string, Series>();
    for (const [key, ring] of this.#rings) if (key !== nodeKey) pods.set(key, this.#series(ring));
    const node = this.#rings.get(nodeKey);
    return {
      end: this.#end,
      periodMs: this.#options.periodMs,
      pods,
      node: node ? this.#series(node) : { cpu: [], memory: [] },
    };
  }

  #look(): void {
    const { clock, look, length, periodMs } = this.#options;
    let points: Map<string, Point>;
    try {
      points = look();
    } catch {
      // what cannot be looked at has no point
      points = new Map();
    }
    const now = clock.mono(), column = this.#column = (this.#column + 1) % length;
    this.#filled = Math.min(length, this.#filled + 1);
    this.#end = clock.now();
    for (const ring of this.#rings.values()) ring.cpu[column] = ring.memory[column] = NaN;
    for (const [key, { cpuNs, workingSetBytes }] of points) {
      let ring = this.#rings.get(key);
      if (!ring) {
        const empty = () => new Float32Array(length).fill(NaN);
        this.#rings.set(key, ring = { cpu: empty(), memory: empty(), cpuNs: NaN, seen: now });
      }
      // a counter that went back belongs to a cgroup that was made anew
      if (cpuNs >= ring.cpuNs) ring.cpu[column] = (cpuNs - ring.cpuNs) / 1e6 / (now - ring.seen);
      ring.memory[column] = workingSetBytes;
      ring.cpuNs = cpuNs;
      ring.seen = now;
    }
    if (this.#rings.size === points.size) return;
    const gone = [...this.#rings].filter(([, { seen }]) => seen !== now).sort(([, a], [, b]) => a.seen - b.seen);
    for (const [key, { seen }] of gone) {
      if (now - seen >= length * periodMs || this.#rings.size > mostRings) this.#rings.delete(key);
    }
  }

  #series({ cpu, memory }: Ring): Series {
    const { length } = this.#options;
    const inOrder = (ring: Float32Array) =>
      Array.from({ length: this.#filled }, (_, at) => {
        const value = ring[(this.#column + 1 + length - this.#filled + at) % length];
        return Number.isNaN(value) ? undefined : value;
      });
    return { cpu: inOrder(cpu), memory: inOrder(memory) };
  }
}
