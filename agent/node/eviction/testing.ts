/** Pods and looks at nodes for this room's tests. */
import type { Pod } from "../../objects/mod.ts";
import type { Observations, Signal } from "./signals.ts";
import { type Threshold, thresholdValue } from "./thresholds.ts";

export const mebi = 2 ** 20;

/** A pod that requests so much; its UID is its name. */
export function testPod(
  name: string,
  { requests, limits, priority, more = {} }: {
    requests?: Record<string, string>;
    limits?: Record<string, string>;
    priority?: number;
    more?: Partial<Pod["spec"]>;
  } = {},
): Pod {
  const resources = { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", uid: name, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: {
      containers: [{ name: "main", image: "web", resources }],
      ...(priority === undefined ? {} : { priority }),
      ...more,
    },
  } as Pod;
}

export function threshold(signal: Signal, text: string, more: Partial<Threshold> = {}): Threshold {
  return { signal, value: thresholdValue(text)!, graceMs: 0, ...more };
}

/** `left` of a capacity of a thousand MiB, or as given. */
export function left(amounts: Partial<Record<Signal, number>>, capacity = 1000 * mebi): Observations {
  return new Map(
    Object.entries(amounts).map(([signal, available]) => [signal as Signal, { available, capacity, at: 0 }]),
  );
}
