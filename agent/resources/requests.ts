/**
 * What a whole pod asks for: the requests and limits of its containers added up as Kubernetes does, so that init
 * containers, which run one after another, count by their peak, and sidecars, which stay, count with everything that
 * runs beside them.
 *
 * ```
 *   init-1   init-2   │ app-1 + app-2
 *   ─────────────────►│──────────────►   time
 *        sidecar ─────┴──────────────►   from its place in the list to the end
 *
 *   pod = max(each init + sidecars before it, all apps + all sidecars) + overhead
 * ```
 *
 * Pod-level resources (`spec.resources`) replace the sum for the resources that they name.
 */
import { type Container, cpuMillis, isSidecar, type Pod, quantityBytes } from "../objects/mod.ts";

/** Amounts by resource name: `cpu` in millicores, everything else in bytes or pieces. */
export type Amounts = Record<string, number>;

/** A quantity map as it stands in a manifest. */
export type QuantityList = { readonly [name: string]: string | number } | undefined;

/** A manifest's quantity map as numbers. */
export function amounts(list: QuantityList): Amounts {
  const out: Amounts = {};
  for (const [name, quantity] of Object.entries(list ?? {})) out[name] = amountOf(name, quantity);
  return out;
}

/** One quantity as a number: millicores for `cpu`, units for everything else; rounded up. */
export function amountOf(name: string, quantity: string | number): number {
  return name === "cpu" ? cpuMillis(quantity) : quantityBytes(quantity);
}

/** Whether `spec.resources` can name this resource. */
export function isPodLevelResource(name: string): boolean {
  return name === "cpu" || name === "memory" || name.startsWith("hugepages-");
}

/** `spec.resources.requests` or `.limits`, only what counts at pod level. */
export function podLevel(pod: Pod, which: "requests" | "limits"): Amounts {
  const all = amounts(pod.spec.resources?.[which]);
  return Object.fromEntries(Object.entries(all).filter(([name]) => isPodLevelResource(name)));
}

/** Whether the pod declares resources of its own beside its containers'. */
export function hasPodLevelResources(pod: Pod): boolean {
  return (["requests", "limits"] as const).some((which) => Object.keys(podLevel(pod, which)).length > 0);
}

export interface AggregateOptions {
  /** Leave `spec.overhead` (the runtime class's own cost) out. */
  withoutOverhead?: boolean;
  /** Leave `spec.resources` out: containers only. */
  withoutPodLevel?: boolean;
}

/** What the scheduler and admission hold the pod to need. */
export function podRequests(pod: Pod, options: AggregateOptions = {}): Amounts {
  const total = aggregate(pod, "requests");
  if (!options.withoutPodLevel) Object.assign(total, podLevel(pod, "requests"));
  if (!options.withoutOverhead) addTo(total, amounts(pod.spec.overhead));
  return total;
}

/**
 * The most that the pod may use, for the resources that are limited at all. Overhead widens an existing limit and never
 * makes one.
 */
export function podLimits(pod: Pod, options: AggregateOptions = {}): Amounts {
  const total = aggregate(pod, "limits");
  if (!options.withoutPodLevel) Object.assign(total, podLevel(pod, "limits"));
  if (!options.withoutOverhead) {
    for (const [name, amount] of Object.entries(amounts(pod.spec.overhead))) {
      if (total[name] !== undefined) total[name] += amount;
    }
  }
  return total;
}

/** A container's own requests. */
export function containerRequests(container: Container): Amounts {
  return amounts(container.resources?.requests);
}

/** A container's own limits. */
export function containerLimits(container: Container): Amounts {
  return amounts(container.resources?.limits);
}

function aggregate(pod: Pod, which: "requests" | "limits"): Amounts {
  const of = (container: Container) => amounts(container.resources?.[which]);
  const running: Amounts = {};
  for (const container of pod.spec.containers) addTo(running, of(container));
  const sidecars: Amounts = {};
  const peak: Amounts = {};
  for (const container of pod.spec.initContainers ?? []) {
    if (isSidecar(container)) {
      addTo(running, of(container));
      addTo(sidecars, of(container));
      raiseTo(peak, sidecars);
    } else {
      raiseTo(peak, addTo({ ...sidecars }, of(container)));
    }
  }
  return raiseTo(running, peak);
}

function addTo(total: Amounts, more: Amounts): Amounts {
  for (const [name, amount] of Object.entries(more)) total[name] = (total[name] ?? 0) + amount;
  return total;
}

function raiseTo(total: Amounts, least: Amounts): Amounts {
  for (const [name, amount] of Object.entries(least)) total[name] = Math.max(total[name] ?? 0, amount);
  return total;
}
