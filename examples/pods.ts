/** Pods as `deno task up` shows them. */
import { isSidecar, type Pod } from "../agent/objects/mod.ts";

type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

/** Pods that fail do so soon after they have started: ready for so long, a pod is taken to be one that stays. */
const staysMs = 4000;

/** Names of the pods that have shown what they do: ready for a while, or ended at least once. */
export function settledPods(pods: readonly Pod[], now: number = Date.now()): string[] {
  return pods.filter((pod) => {
    const ready = pod.status?.conditions?.find(({ type, status }) => type === "Ready" && status === "True");
    const since = Date.parse(ready?.lastTransitionTime ?? "");
    return now - since >= staysMs ||
      counted(pod).some(({ state, lastState }) => state?.terminated ?? lastState?.terminated);
  }).map((pod) => pod.metadata.name!);
}

/** A table as `kubectl get pods -o wide` prints it. */
export function podTable(pods: readonly Pod[]): string {
  const rows = pods.map((pod) => {
    const statuses = counted(pod);
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

/** The containers that kubectl counts: the regular ones and sidecars, not what only prepares the pod. */
function counted(pod: Pod): ContainerStatus[] {
  const sidecars = new Set(pod.spec.initContainers?.filter(isSidecar).map(({ name }) => name));
  const ofInit = pod.status?.initContainerStatuses?.filter(({ name }) => sidecars.has(name)) ?? [];
  return [...ofInit, ...pod.status?.containerStatuses ?? []];
}

/** The word that tells most: a container's reason before the pod's phase. */
function reason(pod: Pod): string {
  for (const { state } of pod.status?.containerStatuses ?? []) {
    const word = state?.waiting?.reason ?? state?.terminated?.reason;
    if (word) return word;
  }
  return pod.status?.phase ?? "Pending";
}
