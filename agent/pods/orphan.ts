/**
 * A pod object for something that the runtime still has and the store does not: enough of a spec to end it by its own
 * rules, read back from what was written on its containers.
 */
import type { Container, Pod } from "../objects/mod.ts";
import type { ObservedPod } from "../observed/types.ts";
import { readIdentity, stopRules } from "../runtime/mod.ts";

/** Rebuilds containers, hooks, ports and grace from annotations; images and volumes do not matter any more. */
export function orphanPod(observed: ObservedPod): Pod {
  const any = observed.sandboxes[0] ?? observed.containers[0];
  const identity = any && readIdentity(any);
  const regular: Container[] = [];
  const init: Container[] = [];
  let grace: number | undefined;
  for (const seen of observed.containers) {
    if ([...regular, ...init].some(({ name }) => name === seen.name)) continue;
    const rules = stopRules(seen);
    grace ??= rules.deletionGracePeriodSeconds ?? rules.gracePeriodSeconds;
    const { preStop, stopSignal } = rules;
    const container = {
      name: seen.name,
      image: seen.image,
      ports: rules.ports,
      ...(preStop || stopSignal ? { lifecycle: { preStop, stopSignal } } : {}),
      ...(rules.role === "sidecar" ? { restartPolicy: "Always" as const } : {}),
    };
    (rules.role === "sidecar" || rules.role === "init" ? init : regular).push(container);
  }
  const firstMade = (name: string) =>
    Math.min(...observed.containers.filter((seen) => seen.name === name).map(({ createdAt }) => createdAt));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: identity?.name ?? (observed.name || "unknown"),
      namespace: identity?.namespace ?? (observed.namespace || "default"),
      uid: observed.uid,
    },
    spec: {
      containers: regular,
      // sidecars end in reverse order of their start
      ...(init.length > 0 ? { initContainers: init.sort((a, b) => firstMade(a.name) - firstMade(b.name)) } : {}),
      ...(grace !== undefined ? { terminationGracePeriodSeconds: grace } : {}),
    },
  };
}
