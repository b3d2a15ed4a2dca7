/**
 * Which Node object this machine registers: what the machine and its configuration say is kept up, everything else is
 * the users'. Pure.
 *
 * A label or taint of the configuration is set when it is new there and taken away when it is no longer there; what
 * users did to it meanwhile stays until the configuration changes.
 */
import { timestamp } from "../../clock.ts";
import { type Pressure, pressureTaints, type Taint } from "../../node/mod.ts";
import type { Node, NodeSpec, NodeTaint } from "./types.ts";

/** What the configuration says of the node; kept in the store as it was last applied. */
export interface NodeWish {
  labels: Readonly<Record<string, string>>;
  taints: readonly Taint[];
}

export interface Registration {
  name: string;
  /** Of the machine: always as it says. */
  machineLabels: Readonly<Record<string, string>>;
  podCIDRs: readonly string[];
  wish: NodeWish;
  /** The wish that was applied last. */
  applied?: NodeWish;
  /** What the node is short of. */
  pressures?: readonly Pressure[];
  /** Wall-clock ms. */
  now: number;
}

/** The taint that a cordoned node has, as in any cluster. */
const cordon: NodeTaint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

export function registeredNode(current: Node | undefined, registration: Registration): Node {
  const { name, machineLabels, podCIDRs } = registration;
  const spec: NodeSpec = { ...current?.spec };
  if (podCIDRs.length > 0) Object.assign(spec, { podCIDR: podCIDRs[0], podCIDRs: [...podCIDRs] });
  else {
    delete spec.podCIDR;
    delete spec.podCIDRs;
  }
  const { now, pressures = [] } = registration;
  const wished = wishedTaints(current?.spec.taints ?? [], registration);
  let taints = kept(wished, cordon, Boolean(spec.unschedulable), now);
  for (const [pressure, key] of Object.entries(pressureTaints)) {
    taints = kept(taints, { key, effect: "NoSchedule" }, pressures.includes(pressure as Pressure), now);
  }
  if (taints.length > 0) spec.taints = taints;
  else delete spec.taints;
  return {
    ...current,
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      ...current?.metadata,
      name,
      labels: { ...wishedLabels(current?.metadata.labels ?? {}, registration), ...machineLabels },
    },
    spec,
  };
}

function wishedLabels(
  labels: Readonly<Record<string, string>>,
  { wish, applied }: Registration,
): Record<string, string> {
  const result = { ...labels };
  for (const key of Object.keys(applied?.labels ?? {})) if (!Object.hasOwn(wish.labels, key)) delete result[key];
  for (const [key, value] of Object.entries(wish.labels)) {
    if (applied?.labels[key] !== value) result[key] = value;
  }
  return result;
}

function wishedTaints(taints: readonly NodeTaint[], { wish, applied, now }: Registration): NodeTaint[] {
  const before = applied?.taints ?? [];
  const staying = taints.filter((taint) =>
    !before.some((each) => same(each, taint)) || wish.taints.some((each) => same(each, taint))
  );
  const added = wish.taints.filter((taint) =>
    !before.some((each) => same(each, taint) && each.value === taint.value) &&
    !staying.some((each) => same(each, taint) && each.value === taint.value)
  );
  return [
    ...staying.filter((taint) => !added.some((each) => same(each, taint))),
    ...added.map((each) => stamp(each, now)),
  ];
}

/** As the node lifecycle controller keeps it: the taint says what the node says of itself. */
function kept(taints: NodeTaint[], taint: NodeTaint, wanted: boolean, now: number): NodeTaint[] {
  const has = taints.some((each) => same(each, taint));
  if (has === wanted) return taints;
  return has ? taints.filter((each) => !same(each, taint)) : [...taints, { ...taint, timeAdded: timestamp(now) }];
}

function stamp(taint: Taint, now: number): NodeTaint {
  const copy = { ...taint } as NodeTaint;
  return taint.effect === "NoExecute" ? { ...copy, timeAdded: timestamp(now) } : copy;
}

function same(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}
