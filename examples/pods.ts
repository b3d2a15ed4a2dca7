/** Pods as `deno task up` shows them. */
import type { Pod } from "../agent/objects/mod.ts";

type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

/** Names of the pods that have shown what they do: ready, or ended at least once. */
export function settledPods(pods: readonly Pod[]): string[] {
  return pods.filter((pod) => {
    const isReady = pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
    return isReady ||
      allStatuses(pod).some(({ state, lastState }) => state?.terminated?.exitCode || lastState?.terminated);
  }).map((pod) => pod.metadata.name!);
}

/** A table as `kubectl get pods -o wide` prints it. */
export function podTable(pods: readonly Pod[]): string {
  const rows = pods.map((pod) => {
    const statuses = allStatuses(pod).filter(({ state, ready }) => ready || state?.terminated?.exitCode !== 0);
    return [
      pod.metadata.name!,
      `${statuses.filter(({ ready }) => ready).length}/${statuses.length}`,
      reason(pod),
      String(statuses.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0)),
      pod.status?.podIP ?? "<none>",
    ];
  }).sort(([a], [b]) => a < b ? -1 : 1);
  const table = [["NAME", "READY", "STATUS", "RESTARTS", "IP"], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("   ").trimEnd()).join("\n");
}

function allStatuses(pod: Pod): ContainerStatus[] {
  return [...pod.status?.initContainerStatuses ?? [], ...pod.status?.containerStatuses ?? []];
}

/** The word that tells most: a container's reason before the pod's phase. */
function reason(pod: Pod): string {
  for (const { state } of pod.status?.containerStatuses ?? []) {
    const word = state?.waiting?.reason ?? state?.terminated?.reason;
    if (word) return word;
  }
  return pod.status?.phase ?? "Pending";
}
