/** Who may run, wired: the node as it is now, the plan (`planAdmission`), then CPUs for those who are to have their own. */
import type { NodeConfig } from "../config/mod.ts";
import {
  type AdmissionNode,
  type NodeFacts,
  planAdmission,
  planResize,
  type Pressure,
  safeSysctls,
  type Taint,
} from "../node/mod.ts";
import type { Pod } from "../objects/mod.ts";
import type { Admission, AdmissionPod } from "../pods/gate.ts";
import type { ResizeRefusal } from "../pods/types.ts";
import type { Amounts } from "../resources/mod.ts";
import { isFromFile } from "../sources/mod.ts";
import type { Store, StoreObject } from "../store/mod.ts";
import type { PodCpus } from "./cpus.ts";
import type { PodCgroups } from "./kubepods.ts";

/** Whether CPUs are handed out one by one, or were until now: then containers have to be let out of what they had. */
export function handsOutCpus({ cpuManager }: Pick<NodeConfig, "cpuManager">, store: Store): boolean {
  if (cpuManager.policy === "static") store.setRecord("node", "cpuManagerPolicy", "static");
  return store.record("node", "cpuManagerPolicy") === "static";
}

export interface NodeGateOptions {
  config: Pick<NodeConfig, "nodeName" | "allowedUnsafeSysctls" | "cpuManager">;
  facts: NodeFacts;
  allocatable: Amounts;
  supplementalGroupsPolicy: boolean;
  /** The Node object's, as they are now. */
  node(): { labels: Readonly<Record<string, string>>; taints: readonly Taint[] };
  /** What the node is short of. */
  pressures(): readonly Pressure[];
  kubepods: Pick<PodCgroups, "weigh">;
  /** A pod has to go because a critical one lacks this resource. */
  preempted?(resource: string): void;
  /** Where CPUs are handed out one by one. */
  cpus?: Pick<PodCpus, "admit">;
}

export class NodeGate {
  /** The machine goes down: nothing new starts. */
  shuttingDown = false;
  readonly #options: NodeGateOptions;

  constructor(options: NodeGateOptions) {
    this.#options = options;
  }

  admit(pods: readonly AdmissionPod[]): Map<string, Admission> {
    const { kubepods, cpus } = this.#options;
    const decisions = planAdmission(
      pods.map(({ pod, running, ending }) => ({
        pod,
        admitted: running,
        ending,
        manifest: isFromFile(pod as StoreObject),
      })),
      this.#node(),
    );
    const answers = new Map<string, Admission>();
    for (const [uid, decision] of decisions) {
      if (decision.admit === "later") answers.set(uid, "later");
      else if (!decision.admit) {
        const { reason, message, disruption, preemptedFor } = decision;
        if (preemptedFor) this.#options.preempted?.(preemptedFor);
        answers.set(uid, { reason, message, ...(disruption ? { disruption } : {}) });
      }
    }
    const here = () => pods.filter(({ pod, running }) => running || !answers.has(pod.metadata.uid!));
    for (const [uid, verdict] of cpus?.admit(here()) ?? []) answers.set(uid, verdict);
    kubepods.weigh(here().map(({ pod }) => pod));
    return answers;
  }

  admitResize(pod: Pod, others: readonly Pod[]): ResizeRefusal | undefined {
    return planResize(pod, others, this.#node());
  }

  #node(): AdmissionNode {
    const { config, facts, allocatable, supplementalGroupsPolicy, node, pressures } = this.#options;
    const { labels, taints } = node();
    return {
      labels,
      taints,
      pressures: pressures(),
      name: config.nodeName,
      allocatable,
      allowedSysctls: [...safeSysctls(facts.kernelVersion), ...config.allowedUnsafeSysctls],
      appArmor: facts.appArmor,
      appArmorProfiles: facts.appArmorProfiles,
      supplementalGroupsPolicy,
      shuttingDown: this.shuttingDown,
      staticCpus: config.cpuManager.policy === "static",
    };
  }
}
