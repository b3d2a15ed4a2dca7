/** What the containers of a pod ask for together: for pod-level defaults and their check. */
import type { PodSpec } from "../pod.ts";
import { isSidecar } from "../pod_containers.ts";
import { formatQuantity, isQuantity, parseQuantity } from "../quantity.ts";

type Amounts = Map<string, bigint>;

/**
 * Requests by resource: the regular containers and sidecars together, or the neediest moment of the start-up, when an
 * init container runs beside the sidecars started before it.
 */
export function containerRequests({ containers, initContainers = [] }: PodSpec): Record<string, string> {
  const total: Amounts = new Map();
  const binary = new Set<string>();
  const requests = (container: typeof containers[number]): Amounts => {
    const amounts: Amounts = new Map();
    for (const [name, amount] of Object.entries(container.resources?.requests ?? {})) {
      if (!isQuantity(amount)) continue;
      if (amount.endsWith("i")) binary.add(name);
      amounts.set(name, parseQuantity(amount));
    }
    return amounts;
  };
  const add = (to: Amounts, amounts: Amounts) => {
    for (const [name, amount] of amounts) to.set(name, (to.get(name) ?? 0n) + amount);
  };
  for (const container of containers) add(total, requests(container));
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const container of initContainers) {
    const own = requests(container);
    if (isSidecar(container)) {
      add(sidecars, own);
      add(total, own);
    }
    const moment: Amounts = new Map(sidecars);
    if (!isSidecar(container)) add(moment, own);
    for (const [name, amount] of moment) if (amount > (peak.get(name) ?? 0n)) peak.set(name, amount);
  }
  for (const [name, amount] of peak) if (amount > (total.get(name) ?? 0n)) total.set(name, amount);
  return Object.fromEntries(
    [...total].map(([name, amount]) => [name, formatQuantity(amount, binary.has(name) ? "BinarySI" : "DecimalSI")]),
  );
}
