/**
 * May a pod run here? Kubelet's admission, its reasons and its words. Pure: pods and node in, decisions out.
 *
 * A pod that was admitted before keeps its place, whatever the node looks like now: running pods are counted first and
 * never refused. The others follow by priority and age, each one seeing those that were admitted before it. A manifest
 * pod that was refused is simply put in again: it is admitted when room has appeared.
 */
import { type Pod, podContainers } from "../objects/mod.ts";
import { type Amounts, podRequests } from "../resources/mod.ts";
import { type HostPort, hostPortConflict, hostPorts } from "./host_ports.ts";
import { matchesNode } from "./node_affinity.ts";
import { forbiddenSysctl } from "./sysctls.ts";
import { type Taint, untoleratedTaint } from "./taints.ts";

/** What admission knows of the node. */
export interface AdmissionNode {
  name: string;
  labels: { readonly [key: string]: string };
  taints?: readonly Taint[];
  /** With `pods`, the number of them. */
  allocatable: Amounts;
  /** Names and prefixes (`net.*`): `safeSysctls(kernel)` and allowedUnsafeSysctls. */
  allowedSysctls: readonly string[];
  /** Does the kernel enforce AppArmor? */
  appArmor: boolean;
  /** Loaded AppArmor profiles, where they can be read. */
  appArmorProfiles?: ReadonlySet<string>;
  /** Does the runtime know supplementalGroupsPolicy Strict? */
  supplementalGroupsPolicy: boolean;
  /** The machine is being shut down: nothing new starts. */
  shuttingDown?: boolean;
}

/** A pod that wants to be, or is, on the node. Pods that are over (Succeeded, Failed) are left out. */
export interface AdmissionPod {
  pod: Pod;
  /** It was admitted before: it runs, or was adopted. */
  admitted: boolean;
  /** From the manifest directory: like kubelet's static pods it is not asked for tolerations. */
  manifest?: boolean;
}

export type Decision =
  | { admit: true }
  /** `reason` and `message` go into the pod's status. */
  | { admit: false; reason: string; message: string };

/** Decisions by pod UID, in the order in which they were taken. */
export function planAdmission(pods: readonly AdmissionPod[], node: AdmissionNode): Map<string, Decision> {
  const used = new Usage();
  const decisions = new Map<string, Decision>();
  for (const each of [...pods].sort(admissionOrder)) {
    const decision: Decision = each.admitted ? { admit: true } : admitPod(each, used, node);
    if (decision.admit) used.add(each.pod);
    decisions.set(each.pod.metadata.uid ?? "", decision);
  }
  return decisions;
}

/** Admitted before first, then by priority, then the older one, then by name. */
export function admissionOrder(a: AdmissionPod, b: AdmissionPod): number {
  return Number(b.admitted) - Number(a.admitted) ||
    (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0) ||
    created(a.pod) - created(b.pod) ||
    compareText(fullName(a.pod), fullName(b.pod));
}

/** What admitted pods hold. */
export class Usage {
  pods = 0;
  requests: Amounts = {};
  ports: HostPort[] = [];

  add(pod: Pod): void {
    this.pods++;
    for (const [name, amount] of Object.entries(podRequests(pod))) {
      this.requests[name] = (this.requests[name] ?? 0) + amount;
    }
    this.ports.push(...hostPorts(pod));
  }
}

/** One pod against what is held already; the first reason found, in kubelet's order. */
export function admitPod({ pod, manifest }: AdmissionPod, used: Usage, node: AdmissionNode): Decision {
  const refuse = (reason: string, message: string): Decision => ({ admit: false, reason, message });
  const predicate = (name: string, what: string) => refuse(name, `Predicate ${name} failed: ${what}`);

  if (node.shuttingDown) return refuse("NodeShutdown", "Pod was rejected as the node is shutting down.");
  const sysctl = forbiddenSysctl(pod, node.allowedSysctls);
  if (sysctl !== undefined) return refuse("SysctlForbidden", sysctl);
  if ((pod.metadata.labels?.["kubernetes.io/os"] ?? "linux") !== "linux") {
    return refuse(
      "PodOSSelectorNodeLabelDoesNotMatch",
      "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    );
  }
  if ((pod.spec.os?.name ?? "linux") !== "linux") {
    return refuse("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS");
  }
  if (pod.spec.securityContext?.supplementalGroupsPolicy === "Strict" && !node.supplementalGroupsPolicy) {
    return refuse(
      "SupplementalGroupsPolicyNotSupported",
      "SupplementalGroupsPolicy=Strict is not supported in this node",
    );
  }
  const short = shortage(pod, used, node.allocatable);
  if (short) {
    return refuse(
      `OutOf${short.name}`,
      `Node didn't have enough resource: ${short.name}, requested: ${short.requested}, used: ${short.used}, ` +
        `capacity: ${short.capacity}`,
    );
  }
  if (!matchesNode(pod, node)) return predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
  if (pod.spec.nodeName && pod.spec.nodeName !== node.name) {
    return predicate("NodeName", "node(s) didn't match the requested node name");
  }
  if (hostPortConflict(hostPorts(pod), used.ports)) {
    return predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports");
  }
  if (!manifest && untoleratedTaint(node.taints ?? [], pod.spec.tolerations ?? [])) {
    return predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate");
  }
  const appArmor = appArmorProblem(pod, node);
  if (appArmor !== undefined) return refuse("AppArmor", `Cannot enforce AppArmor: ${appArmor}`);
  return { admit: true };
}

/**
 * The first resource of which too little is left. A pod that requests nothing of a resource does not mind that it is
 * overcommitted, and a resource of another's making (`example.com/gpu`) that the node does not have is not asked for.
 */
function shortage(
  pod: Pod,
  used: Usage,
  allocatable: Amounts,
): { name: string; requested: number; used: number; capacity: number } | undefined {
  const room = allocatable.pods;
  if (room !== undefined && used.pods + 1 > room) {
    return { name: "pods", requested: 1, used: used.pods, capacity: room };
  }
  const requests = podRequests(pod);
  const first = ["cpu", "memory", "ephemeral-storage"];
  for (const name of [...first, ...Object.keys(requests).filter((each) => !first.includes(each)).sort()]) {
    const requested = requests[name] ?? 0;
    const capacity = allocatable[name] ?? (name.includes("/") ? undefined : 0);
    if (requested <= 0 || capacity === undefined) continue;
    const held = used.requests[name] ?? 0;
    if (requested > capacity - held) return { name, requested, used: held, capacity };
  }
  return undefined;
}

function appArmorProblem(pod: Pod, node: AdmissionNode): string | undefined {
  const profiles = [
    pod.spec.securityContext?.appArmorProfile,
    ...podContainers(pod).map(({ container }) => container.securityContext?.appArmorProfile),
  ].filter((profile) => profile !== undefined && profile.type !== "Unconfined");
  if (profiles.length === 0) return undefined;
  if (!node.appArmor) return "AppArmor is not enabled on the host";
  const unloaded = profiles.map((profile) => profile?.localhostProfile)
    .find((name) => name !== undefined && node.appArmorProfiles !== undefined && !node.appArmorProfiles.has(name));
  return unloaded === undefined ? undefined : `profile ${JSON.stringify(unloaded)} is not loaded`;
}

function created(pod: Pod): number {
  return Date.parse(pod.metadata.creationTimestamp ?? "") || 0;
}

function fullName(pod: Pod): string {
  return `${pod.metadata.namespace}/${pod.metadata.name}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
