/**
 * CPUs handed out one by one, wired: pods that are let in get theirs, containers are made with them, and whenever what is
 * shared changes, running containers are told, by the runtime.
 *
 *     admission ─► CpuLedger ─► messages of new containers (cpuset, annotation)
 *                      └──────► UpdateContainerResources for running ones, where their cgroup says something else
 *
 * Under the policy `none` containers that an earlier, static life confined are given all CPUs again, once.
 */
import { type CgroupFs, formatCpuList, parseCpuList } from "../../cgroups/mod.ts";
import type { CriClient } from "../../cri/mod.ts";
import type { NodeConfig } from "../config/mod.ts";
import { CpuLedger, readTopology, reservedCpus } from "../node/cpus/mod.ts";
import { thisMachine } from "../node/mod.ts";
import { type Container, type Pod, podContainers } from "../objects/mod.ts";
import type { PodObserver } from "../observed/observer.ts";
import type { ObservedContainer, ObservedPod } from "../observed/types.ts";
import type { Verdict } from "../pods/worker/intents.ts";
import { amounts, type CgroupPathOptions, podCgroup } from "../resources/mod.ts";
import { cpusAnnotation } from "../runtime/mod.ts";
import { containerCgroup } from "../stats/targets.ts";
import type { Logger } from "../telemetry/log.ts";

export interface PodCpusOptions {
  config: Pick<NodeConfig, "cpuManager" | "reservation">;
  cri: Pick<CriClient, "runtime">;
  cgroups: Pick<CgroupFs, "read" | "controllers">;
  cgroupPaths: CgroupPathOptions;
  runtimeName(): string;
  /** Pods of this node that have not ended. */
  pods(): Iterable<Pod>;
  observed(uid: string): ObservedPod | undefined;
  /** Called when all containers have been told once. */
  spread(): void;
  log: Logger;
}

export class PodCpus {
  readonly #options: PodCpusOptions;
  readonly #ledger: CpuLedger;
  readonly #static: boolean;
  /** What containers whose cgroup cannot be read were told last, by ID. */
  #told = new Map<string, string>();
  #turn: Promise<void> = Promise.resolve();

  /** @throws Error on a machine that cannot confine anybody. */
  constructor(options: PodCpusOptions) {
    this.#options = options;
    if (!options.cgroups.controllers.has("cpuset")) {
      throw new Error("Cannot hand out CPUs (cpuManagerPolicy static): this machine has no cgroup controller cpuset");
    }
    const { cpuManager, reservation: { systemReserved, kubeReserved } } = options.config;
    const topology = readTopology(thisMachine);
    const millis = (amounts(systemReserved).cpu ?? 0) + (amounts(kubeReserved).cpu ?? 0);
    const reserved = cpuManager.reserved ?? reservedCpus(topology, millis);
    this.#ledger = new CpuLedger({ topology, ...cpuManager, reserved });
    this.#static = cpuManager.policy === "static";
    options.log.info("CPUs are handed out one by one", {
      policy: cpuManager.policy,
      reserved: formatCpuList(reserved),
    });
  }

  /** The CPUs of a container that is about to be made; undefined: it is not confined. */
  of(pod: Pod, { name }: Container): { list: string; own: boolean } | undefined {
    if (!this.#static) return undefined;
    const own = this.#ledger.own(pod.metadata.uid!, name);
    return { list: formatCpuList(own ?? this.#ledger.shared), own: own !== undefined };
  }

  /** Whether containers of the pod have CPUs of their own. */
  has(pod: Pod): boolean {
    return this.#static && this.#ledger.has(pod.metadata.uid!);
  }

  /** Gives the pods that are on the node, and those alone, their CPUs; answers who cannot have them. */
  admit(pods: readonly { pod: Pod; running: boolean }[]): Map<string, Verdict> {
    const refused = new Map<string, Verdict>();
    if (!this.#static) return refused;
    const before = formatCpuList(this.#ledger.shared);
    this.#ledger.retain(new Set(pods.map(({ pod }) => pod.metadata.uid!)));
    for (const { pod, running } of pods) if (running) this.#adopt(pod);
    for (const { pod, running } of pods) {
      const refusal = this.#ledger.allocate(pod);
      if (!refusal) continue;
      if (!running) refused.set(pod.metadata.uid!, refusal);
      else this.#options.log.warn("A running pod shares CPUs that were to be its own", { ...refusal });
    }
    if (formatCpuList(this.#ledger.shared) !== before) this.spread();
    return refused;
  }

  /** Brings running containers to the CPUs that they are to have now. */
  spread(uid?: string): void {
    this.#turn = this.#turn.then(() => this.#spread(uid)).catch((err) =>
      this.#options.log.warn("Cannot tell containers which CPUs they have", { err })
    );
  }

  /** Looks at containers whenever they change; first at all of them. */
  follow(observer: Pick<PodObserver, "onChange">): void {
    observer.onChange.add((uid) => this.spread(uid));
    this.spread();
    void this.#turn.then(() => this.#options.spread());
  }

  #adopt(pod: Pod): void {
    const uid = pod.metadata.uid!;
    const containers = this.#options.observed(uid)?.containers ?? [];
    for (const { container } of podContainers(pod)) {
      if (this.#ledger.own(uid, container.name)) continue;
      const newest = containers.find(({ name }) => name === container.name);
      const cpus = parseCpuList(newest?.annotations[cpusAnnotation] ?? "");
      if (cpus?.length) this.#ledger.adopt(pod, container, cpus);
    }
  }

  async #spread(uid: string | undefined): Promise<void> {
    for (const pod of this.#options.pods()) {
      if (uid !== undefined && pod.metadata.uid !== uid) continue;
      const containers = this.#options.observed(pod.metadata.uid!)?.containers ?? [];
      for (const container of containers) {
        if (container.state === "running") await this.#confine(pod, container);
      }
    }
  }

  async #confine(pod: Pod, { id, name }: ObservedContainer): Promise<void> {
    const { cri, log } = this.#options;
    const wanted = formatCpuList(this.#ledger.own(pod.metadata.uid!, name) ?? this.#ledger.shared);
    if (wanted === this.#now(pod, id)) return;
    try {
      await cri.runtime.updateContainerResources({ containerId: id, linux: { cpusetCpus: wanted } });
      this.#told.set(id, wanted);
      log.debug("A container has other CPUs now", { pod: pod.metadata.name, container: name, cpus: wanted });
    } catch (err) {
      log.debug("Cannot tell a container which CPUs it has", { pod: pod.metadata.name, container: name, err });
    }
  }

  #now(pod: Pod, id: string): string | undefined {
    const { cgroups, cgroupPaths, runtimeName } = this.#options;
    const path = containerCgroup(podCgroup(pod, cgroupPaths), id, cgroupPaths.driver, runtimeName());
    const cpus = parseCpuList(cgroups.read(path, "cpuset.cpus") ?? "");
    return cpus?.length ? formatCpuList(cpus) : this.#told.get(id);
  }
}
