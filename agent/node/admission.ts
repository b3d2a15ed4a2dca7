/**
 * May a pod run here? Kubelet's admission, its reasons and its words. Pure: pods and node in, decisions out.
 *
 * A pod that was admitted before keeps its place, whatever the node looks like now: running pods are counted first and
 * never refused. The others follow by priority and age, each one seeing those that were admitted before it. A manifest
 * pod that was refused is simply put in again: it is admitted when room has appeared.
 *
 * A critical pod that lacks nothing but room displaces others (`preemption.ts`) and waits until they are gone.
 */
import { type Pod, podContainers } from "../objects/mod.ts";
import { displacedReason } from "../pods/status/pod_status.ts";
import { type Amounts, podRequests } from "../resources/mod.ts";
import { isCritical } from "./critical.ts";
import { pressureRefusal } from "./eviction/admission.ts";
import type { Pressure } from "./eviction/signals.ts";
import { type HostPort, hostPortConflict, hostPorts } from "./host_ports.ts";
import { matchesNode } from "./node_affinity.ts";
import { planPreemption, preemptionDisruption, preemptionMessage, without } from "./preemption.ts";
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
  /** Guaranteed pods have CPUs of their own (`cpuManagerPolicy: static`), which no resize changes. */
  staticCpus?: boolean;
  /** What the node is short of. */
  pressures?: readonly Pressure[];
}

/** A pod that wants to be, or is, on the node. Pods that are over (Succeeded, Failed) are left out. */
export interface AdmissionPod {
  pod: Pod;
  /** It was admitted before: it runs, or was adopted. */
  admitted: boolean;
  /** From the manifest directory: like kubelet's static pods it is not asked for tolerations. */
  manifest?: boolean;
  /** It is on its way out: what it holds will be free. */
  ending?: boolean;
}

/** A refusal: `reason` and `message` go into the pod's status. */
export interface Refusal {
  admit: false;
  reason: string;
  message: string;
  /** The pod runs, and has to go: what its condition DisruptionTarget says. */
  disruption?: string;
  /** The resource that a critical pod lacks, for which this one goes. */
  preemptedFor?: string;
  /** It is refused for want of this much alone; what `admitPod` says of it, not a decision. */
  lacking?: Amounts;
}

export type Decision =
  | { admit: true }
  | Refusal
  /** Not yet: others end to make room for it. */
  | { admit: "later" };

/** Decisions by pod UID, in the order in which they were taken. */
export function planAdmission(pods: readonly AdmissionPod[], node: AdmissionNode): Map<string, Decision> {
  const used = new Usage();
  const decisions = new Map<string, Decision>();
  const held: AdmissionPod[] = [];
  for (const each of [...pods].sort(admissionOrder)) {
    let decision: Decision = each.admitted ? { admit: true } : admitPod(each, used, node);
    if (decision.admit === false) {
      const { lacking, ...refusal } = decision;
      decision = lacking && isCritical(each.pod) ? displace(each.pod, held, lacking, decisions) : refusal;
    }
    if (decision.admit) {
      used.add(each.pod);
      held.push(each);
    }
    decisions.set(each.pod.metadata.uid ?? "", decision);
  }
  return decisions;
}

/** Room for a critical pod: what is on its way out anyway, then at others' cost, whose decisions change. */
function displace(
  pod: Pod,
  held: readonly AdmissionPod[],
  lacking: Amounts,
  decisions: Map<string, Decision>,
): Decision {
  const goes = ({ pod, ending }: AdmissionPod) => ending || decisions.get(pod.metadata.uid ?? "")?.admit === false;
  const leaving = held.filter(goes);
  const short = without(lacking, leaving.map(({ pod }) => pod));
  if (Object.keys(short).length === 0) return { admit: "later" };
  const plan = planPreemption(pod, held.filter((each) => !goes(each)).map(({ pod }) => pod), short);
  if ("lacking" in plan) {
    const list = Object.entries(plan.lacking).map(([name, amount]) => `(res: ${name}, q: ${amount}), `).join("");
    return {
      admit: false,
      reason: "UnexpectedAdmissionError",
      message:
        "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of " +
        `pods to preempt: no set of running pods found to reclaim resources: [${list}]`,
    };
  }
  for (const { metadata } of plan.victims) {
    decisions.set(metadata.uid ?? "", {
      admit: false,
      reason: displacedReason,
      message: preemptionMessage,
      disruption: preemptionDisruption,
      preemptedFor: Object.keys(short)[0],
    });
  }
  return { admit: "later" };
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

  if (node.shuttingDown) return refuse("NodeShutdown", "Pod was rejected as the node is shutting down.");
  const pressure = pressureRefusal(pod, node.pressures ?? []);
  if (pressure) return refuse(pressure.reason, pressure.message);
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
  const misfit = mismatch(pod, manifest, used, node);
  const [short, ...more] = shortages(pod, used, node.allocatable);
  // room can be made for a critical pod: it is told what cannot be helped
  if (short && !(misfit && isCritical(pod))) {
    const { name, requested, used: held, capacity } = short;
    return {
      admit: false,
      reason: `OutOf${name}`,
      message:
        `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${held}, capacity: ${capacity}`,
      lacking: Object.fromEntries(
        [short, ...more].map(({ name, requested, used, capacity }) => [name, requested - (capacity - used)]),
      ),
    };
  }
  if (misfit) return refuse(misfit.name, `Predicate ${misfit.name} failed: ${misfit.what}`);
  const appArmor = appArmorProblem(pod, node);
  if (appArmor !== undefined) return refuse("AppArmor", `Cannot enforce AppArmor: ${appArmor}`);
  return { admit: true };
}

/** What is in the way but for room: the first in kubelet's order. */
function mismatch(
  pod: Pod,
  manifest: boolean | undefined,
  used: Usage,
  node: AdmissionNode,
): { name: string; what: string } | undefined {
  if (!matchesNode(pod, node)) {
    return { name: "NodeAffinity", what: "node(s) didn't match Pod's node affinity/selector" };
  }
  if (pod.spec.nodeName && pod.spec.nodeName !== node.name) {
    return { name: "NodeName", what: "node(s) didn't match the requested node name" };
  }
  if (hostPortConflict(hostPorts(pod), used.ports)) {
    return { name: "NodePorts", what: "node(s) didn't have free ports for the requested pod ports" };
  }
  if (!manifest && untoleratedTaint(node.taints ?? [], pod.spec.tolerations ?? [])) {
    return { name: "TaintToleration", what: "node(s) had taints that the pod didn't tolerate" };
  }
  return undefined;
}

/** A resource of which too little is left. */
interface Shortage {
  name: string;
  requested: number;
  used: number;
  capacity: number;
}

/**
 * All resources of which too little is left. A pod that requests nothing of a resource does not mind that it is
 * overcommitted, and a resource of another's making (`example.com/gpu`) that the node does not have is not asked for.
 */
function shortages(pod: Pod, used: Usage, allocatable: Amounts): Shortage[] {
  const found: Shortage[] = [];
  const room = allocatable.pods;
  if (room !== undefined && used.pods + 1 > room) {
    found.push({ name: "pods", requested: 1, used: used.pods, capacity: room });
  }
  const requests = podRequests(pod);
  const first = ["cpu", "memory", "ephemeral-storage"];
  for (const name of [...first, ...Object.keys(requests).filter((each) => !first.includes(each)).sort()]) {
    const requested = requests[name] ?? 0;
    const capacity = allocatable[name] ?? (name.includes("/") ? undefined : 0);
    if (requested <= 0 || capacity === undefined) continue;
    const held = used.requests[name] ?? 0;
    if (requested > capacity - held) found.push({ name, requested, used: held, capacity });
  }
  return found;
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
