/**
 * How much of the machine pods may have, as kubelet computes it. Pure arithmetic over `Amounts`.
 *
 *     capacity ─ kubeReserved ─ systemReserved                      = limit of the kubepods cgroup
 *     capacity ─ kubeReserved ─ systemReserved ─ eviction threshold = allocatable: what requests are held against
 */
import { formatQuantity, parseQuantity, quantityBytes } from "../objects/mod.ts";
import { type Amounts, amounts, type QuantityList } from "../resources/mod.ts";

/** What is held back; names and forms of the KubeletConfiguration. */
export interface Reservation {
  systemReserved?: QuantityList;
  kubeReserved?: QuantityList;
  /** Signal → quantity or percentage: `{ "memory.available": "100Mi", "nodefs.available": "10%" }`. */
  evictionHard?: { readonly [signal: string]: string };
}

/** The resource that an eviction signal protects, for those that count against allocatable. */
const protectedResource: Record<string, string> = {
  "memory.available": "memory",
  "nodefs.available": "ephemeral-storage",
};

/** What pods' requests are held against: `status.allocatable` of the node. */
export function allocatable(capacity: Amounts, reservation: Reservation): Amounts {
  const left = withoutHugePages(subtract(capacity, reserved(reservation), evictionReserve(capacity, reservation)));
  // Process ids are no resource of the node's status.
  delete left.pid;
  return left;
}

/** What all pods together may use: the limits of the kubepods cgroup where allocatable is enforced on pods. */
export function podsBudget(capacity: Amounts, reservation: Reservation): Amounts {
  return withoutHugePages(subtract(capacity, reserved(reservation)));
}

/** Resources of which more is held back than there is; the words of kubelet's error. Empty when all is well. */
export function reservationProblems(capacity: Amounts, reservation: Reservation): string[] {
  const held = sum(reserved(reservation), evictionReserve(capacity, reservation));
  return Object.keys(capacity).filter((name) => (held[name] ?? 0) > capacity[name]).map((name) =>
    `Resource "${name}" has a reservation of ${quantity(name, held[name])} but a capacity of only ${
      quantity(name, capacity[name])
    }`
  );
}

/** Bytes (or pieces) that an eviction threshold stands for: a quantity, or a percentage of the capacity. */
export function thresholdAmount(threshold: string, capacity: number): number {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(threshold);
  return percent ? Math.floor((capacity * Number(percent[1])) / 100) : quantityBytes(threshold);
}

/** Amounts as Kubernetes writes them: `{ cpu: "1900m", memory: "2014508Ki", pods: "110" }`. */
export function quantities(list: Amounts): Record<string, string> {
  return Object.fromEntries(Object.entries(list).map(([name, amount]) => [name, quantity(name, amount)]));
}

function quantity(name: string, amount: number): string {
  if (name === "cpu") return formatQuantity(parseQuantity(`${Math.floor(amount)}m`));
  const nanos = BigInt(Math.floor(amount)) * 1_000_000_000n;
  const pieces = name === "pods" || name === "pid" || name.includes("/");
  return formatQuantity(nanos, pieces ? "DecimalSI" : "BinarySI");
}

function reserved({ systemReserved, kubeReserved }: Reservation): Amounts {
  return sum(amounts(systemReserved), amounts(kubeReserved));
}

function evictionReserve(capacity: Amounts, { evictionHard = {} }: Reservation): Amounts {
  const out: Amounts = {};
  for (const [signal, threshold] of Object.entries(evictionHard)) {
    const name = protectedResource[signal];
    if (name !== undefined && capacity[name] !== undefined) out[name] = thresholdAmount(threshold, capacity[name]);
  }
  return out;
}

/** Huge pages are memory that is set aside at boot: they are not ordinary memory any more. */
function withoutHugePages(list: Amounts): Amounts {
  const huge = Object.entries(list).filter(([name]) => name.startsWith("hugepages-"))
    .reduce((total, [, amount]) => total + amount, 0);
  return list.memory === undefined ? list : { ...list, memory: Math.max(0, list.memory - huge) };
}

function subtract(from: Amounts, ...lists: Amounts[]): Amounts {
  const held = sum(...lists);
  return Object.fromEntries(
    Object.entries(from).map(([name, amount]) => [name, Math.max(0, amount - (held[name] ?? 0))]),
  );
}

function sum(...lists: Amounts[]): Amounts {
  const total: Amounts = {};
  for (const list of lists) {
    for (const [name, amount] of Object.entries(list)) total[name] = (total[name] ?? 0) + amount;
  }
  return total;
}
