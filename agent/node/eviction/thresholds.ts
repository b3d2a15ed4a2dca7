/**
 * Thresholds from the configuration: how little of what may be left, for how long. Pure.
 *
 * Rules of kubelet's: 0 % and 100 % stand for no threshold; `allocatableMemory.available` comes with a hard
 * `memory.available` where pods' cgroup is limited, so that pods are evicted before they run into that limit together;
 * containerfs has no thresholds of its own but those of the file system that it is part of, or nodefs' where it is part
 * of none.
 */
import { canonicalQuantity, quantityBytes } from "../../objects/mod.ts";
import type { Signal } from "./signals.ts";

/** An amount, or a part of the capacity. */
export type ThresholdValue = { quantity: number; text: string } | { percent: number };

export interface Threshold {
  signal: Signal;
  value: ThresholdValue;
  /** What is won back beyond the threshold once it was met. */
  minReclaim?: ThresholdValue;
  /** 0: hard. */
  graceMs: number;
}

export interface ThresholdConfig {
  /** Signal → quantity or percentage. */
  hard: Readonly<Record<string, string>>;
  soft: Readonly<Record<string, string>>;
  softGraceMs: Readonly<Record<string, number>>;
  minimumReclaim: Readonly<Record<string, string>>;
  /** Whether pods together are held to what is allocatable. */
  podsLimited: boolean;
}

/** Thresholds in no particular order. */
export function thresholdsOf(config: ThresholdConfig): Threshold[] {
  const { hard, soft, softGraceMs, minimumReclaim, podsLimited } = config;
  const found: Threshold[] = [];
  const take = (list: Readonly<Record<string, string>>, graceMs: (signal: string) => number) => {
    for (const [signal, text] of Object.entries(list)) {
      const value = thresholdValue(text);
      if (!value || signal.startsWith("containerfs.")) continue;
      const minReclaim = minimumReclaim[signal] === undefined ? undefined : thresholdValue(minimumReclaim[signal]);
      const threshold = { value, ...(minReclaim ? { minReclaim } : {}), graceMs: graceMs(signal) };
      found.push({ ...threshold, signal: signal as Signal });
      const [disk, what] = signal.split(".");
      if (disk === "nodefs") found.push({ ...threshold, signal: `containerfs.${what}` as Signal });
    }
  };
  take(hard, () => 0);
  take(soft, (signal) => softGraceMs[signal] ?? 0);
  if (podsLimited && !Object.hasOwn(hard, "allocatableMemory.available")) {
    for (const each of found.filter(({ signal, graceMs }) => signal === "memory.available" && graceMs === 0)) {
      found.push({ ...each, signal: "allocatableMemory.available" });
    }
  }
  return found;
}

/** Undefined: no threshold. */
export function thresholdValue(text: string): ThresholdValue | undefined {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent !== undefined) {
    const value = Number(percent);
    return value > 0 && value < 100 ? { percent: value } : undefined;
  }
  const quantity = quantityBytes(text);
  return quantity > 0 ? { quantity, text: canonicalQuantity(text) } : undefined;
}

/** What the value stands for where there is `capacity`. */
export function amountOf(value: ThresholdValue, capacity: number): number {
  return "percent" in value ? Math.floor(capacity * value.percent / 100) : value.quantity;
}

/** How few may be left before the threshold is met; with `reclaim` what must be left once it was. */
export function neededOf({ value, minReclaim }: Threshold, capacity: number, reclaim: boolean): number {
  return amountOf(value, capacity) + (reclaim && minReclaim ? amountOf(minReclaim, capacity) : 0);
}

/** Names a threshold among others: a signal may have a hard and a soft one. */
export function thresholdKey({ signal, graceMs }: Threshold): string {
  return graceMs > 0 ? `${signal}/soft` : signal;
}
