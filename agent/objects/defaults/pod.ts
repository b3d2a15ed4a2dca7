/** What the API server fills in on pods. Works in place: on objects that nobody else has seen yet. */
import { mountApiAccess } from "./api_access.ts";
import type { Pod, PodSpec } from "../pod.ts";
import type { Toleration } from "../scheduling.ts";
import { defaultContainer, normalizeQuantities } from "./container.ts";
import { containerRequests } from "./pod_resources.ts";
import { defaultVolume } from "./volume.ts";

/** The priority classes that every cluster has. */
export const systemPriorities: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
};

export function defaultPod(pod: Pod): void {
  const { spec } = pod;
  spec.dnsPolicy ??= "ClusterFirst";
  spec.restartPolicy ??= "Always";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.securityContext ??= {};
  spec.schedulerName ||= "default-scheduler";
  spec.enableServiceLinks ??= true;
  if (spec.serviceAccount) spec.serviceAccountName ||= spec.serviceAccount;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  if (spec.priority === undefined && spec.priorityClassName) spec.priority = systemPriorities[spec.priorityClassName];
  if (spec.priority === undefined) delete spec.priority;
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of [...spec.initContainers ?? [], ...spec.containers]) {
    defaultContainer(container);
    if (spec.hostNetwork) {
      for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
    }
  }
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container);
  normalizeQuantities(spec.overhead);
  if (spec.resources) defaultPodResources(spec);
}

/** Pod-level requests come from the containers' where those name the resource, else from the pod's limit. */
function defaultPodResources(spec: PodSpec): void {
  const resources = spec.resources!;
  normalizeQuantities(resources.limits);
  normalizeQuantities(resources.requests);
  if (!resources.limits || !Object.keys(resources.limits).length) return;
  const asked = Object.entries(containerRequests(spec)).filter(([name]) => name === "cpu" || name === "memory");
  resources.requests = { ...resources.limits, ...Object.fromEntries(asked), ...resources.requests };
}

const noExecute: Toleration = { operator: "Exists", effect: "NoExecute" };

/**
 * What kubelet adds to pods from its manifest directory: no taint drives them away. And what kube-apiserver would: who asks for
 * the token of its ServiceAccount gets it. Of who does not say the account decides, when the pod is stored.
 */
export function defaultManifestPod(pod: Pod): void {
  const tolerations = pod.spec.tolerations ?? [];
  const has = tolerations.some(({ key, operator, effect, tolerationSeconds }) =>
    !key && operator === "Exists" && effect === "NoExecute" && tolerationSeconds === undefined
  );
  if (!has) pod.spec.tolerations = [...tolerations, { ...noExecute }];
  if (pod.spec.automountServiceAccountToken) {
    pod.spec.serviceAccount = pod.spec.serviceAccountName ||= "default";
    mountApiAccess(pod.spec);
  }
}
