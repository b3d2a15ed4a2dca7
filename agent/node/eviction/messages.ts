/** What is said of an evicted pod, in kubelet's words. Pure. */
import { canonicalQuantity, formatQuantity, type Pod, quantityBytes } from "../../objects/mod.ts";
import type { Observation, Pressure, StarvedResource } from "./signals.ts";
import { amountOf, type Threshold } from "./thresholds.ts";

/** What a container holds of the resource that is short. */
export interface ContainerUse {
  name: string;
  bytes: number;
}

/** Why a pod had to go: what was short, by how much, and which containers used more than they asked for. */
export function evictionMessage(
  pod: Pod,
  resource: StarvedResource,
  { threshold, observation }: { threshold: Threshold; observation: Observation },
  containers: readonly ContainerUse[],
): string {
  const format = resource === "memory" || resource === "ephemeral-storage" ? "BinarySI" : "DecimalSI";
  const quantity = (amount: number) => formatQuantity(BigInt(Math.trunc(amount)) * 1_000_000_000n, format);
  const { value } = threshold;
  const limit = "percent" in value ? quantity(amountOf(value, observation.capacity)) : value.text;
  let message = `The node was low on resource: ${resource}. ` +
    `Threshold quantity: ${limit}, available: ${quantity(observation.available)}. `;
  if (format === "DecimalSI") return message;
  for (const { name, bytes } of containers) {
    const spec = [...pod.spec.containers, ...pod.spec.initContainers ?? []].find((each) => each.name === name);
    if (!spec) continue;
    const request = spec.resources?.requests?.[resource] ?? "0";
    if (bytes <= quantityBytes(request)) continue;
    message += `Container ${name} was using ${quantity(bytes)}, request is ${canonicalQuantity(request)}, ` +
      `has larger consumption of ${resource}. `;
  }
  return message;
}

/** Why a pod is not let in. */
export function refusalMessage(pressures: readonly Pressure[]): string {
  return `The node had condition: [${pressures.join(" ")}]. `;
}

export function emptyDirMessage(volume: string, limit: string | number): string {
  return `Usage of EmptyDir volume ${JSON.stringify(volume)} exceeds the limit ${
    JSON.stringify(canonicalQuantity(limit))
  }. `;
}

export function podStorageMessage(limitBytes: number): string {
  const limit = formatQuantity(BigInt(limitBytes) * 1_000_000_000n, "BinarySI");
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${limit}. `;
}

export function containerStorageMessage(container: string, limit: string | number): string {
  return `Container ${container} exceeded its local ephemeral storage limit ${
    JSON.stringify(canonicalQuantity(limit))
  }. `;
}
