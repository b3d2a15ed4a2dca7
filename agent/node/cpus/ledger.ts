/**
 * Who has which CPUs under `cpuManagerPolicy: static`: containers of guaranteed pods that ask for whole CPUs have them for
 * themselves, everybody else shares what is left.
 *
 *     online = reserved ∪ own of containers ∪ free        shared = online − own     (strict: − reserved, too)
 *
 * Nothing is kept on disk: a container carries its CPUs in an annotation, and an agent that starts adopts them from there.
 * Source of the rules: Kubernetes "Control CPU Management Policies on the Node"; reasons and words are kubelet's.
 */
import { type Container, type Pod, podContainers } from "../../objects/mod.ts";
import { containerRequests, hasPodLevelResources, qosClass } from "../../resources/mod.ts";
import { pickCpus } from "./pick.ts";
import { type CpuTopology, threadsPerCore } from "./topology.ts";

export interface CpuPolicy {
  topology: CpuTopology;
  /** The system's: never anybody's own. */
  reserved: readonly number[];
  /** `full-pcpus-only`: whole cores alone. */
  fullPcpusOnly?: boolean;
  /** `strict-cpu-reservation`: nobody shares the reserved ones. */
  strictReservation?: boolean;
}

export interface CpuRefusal {
  reason: string;
  message: string;
}

/** How many CPUs a container is to have for itself; 0: it shares. */
export function ownCpuCount(pod: Pod, container: Container): number {
  if (qosClass(pod) !== "Guaranteed" || hasPodLevelResources(pod)) return 0;
  const millis = containerRequests(container).cpu ?? 0;
  return millis > 0 && millis % 1000 === 0 ? millis / 1000 : 0;
}

/** The CPUs of the system where only their amount is reserved: the first ones, whole cores where that is enough. */
export function reservedCpus(topology: CpuTopology, millis: number): number[] {
  const all = topology.map(({ cpu }) => cpu);
  return pickCpus(topology, all, Math.min(all.length, Math.ceil(millis / 1000)))!;
}

export class CpuLedger {
  readonly #policy: CpuPolicy;
  readonly #online: ReadonlySet<number>;
  /** By pod UID, by container name. */
  #own = new Map<string, Map<string, readonly number[]>>();

  constructor(policy: CpuPolicy) {
    this.#policy = policy;
    this.#online = new Set(policy.topology.map(({ cpu }) => cpu));
  }

  /** A container's own CPUs. */
  own(uid: string, container: string): readonly number[] | undefined {
    return this.#own.get(uid)?.get(container);
  }

  /** Whether the pod has any CPUs of its own. */
  has(uid: string): boolean {
    return this.#own.has(uid);
  }

  /** What everybody else shares; never nothing. */
  get shared(): number[] {
    const taken = this.#taken();
    const reserved = new Set(this.#policy.reserved);
    const free = [...this.#online].filter((cpu) => !taken.has(cpu));
    const open = this.#policy.strictReservation ? free.filter((cpu) => !reserved.has(cpu)) : free;
    return open.length > 0 ? open : free;
  }

  /** Takes over what a running container has already, unless that cannot be its own any more. */
  adopt(pod: Pod, container: Container, cpus: readonly number[]): void {
    const uid = pod.metadata.uid!;
    const others = this.#taken(uid);
    const fits = cpus.length === ownCpuCount(pod, container) && cpus.length > 0 &&
      cpus.every((cpu) => this.#online.has(cpu) && !others.has(cpu) && !this.#policy.reserved.includes(cpu));
    if (fits) this.#give(uid, container.name, cpus);
  }

  /** Gives a pod's containers what they lack; all or nothing. */
  allocate(pod: Pod): CpuRefusal | undefined {
    const uid = pod.metadata.uid!;
    const { topology, fullPcpusOnly } = this.#policy;
    const before = this.#own.get(uid);
    const threads = threadsPerCore(topology);
    // init containers are over before the others begin, and leave them their CPUs
    let reusable: number[] = [];
    for (const { container, role } of podContainers(pod)) {
      const count = role === "ephemeral" ? 0 : ownCpuCount(pod, container);
      if (count === 0) continue;
      if (fullPcpusOnly && count % threads !== 0) {
        this.#restore(uid, before);
        return {
          reason: "SMTAlignmentError",
          message: `SMT Alignment Error: requested ${count} cpus not multiple cpus per core = ${threads}`,
        };
      }
      const cpus = this.own(uid, container.name) ?? this.#pick(uid, reusable, count);
      if (!cpus) {
        const available = this.#free(uid).length;
        this.#restore(uid, before);
        return {
          reason: "UnexpectedAdmissionError",
          message: `Allocate failed due to not enough cpus available to satisfy request: requested=${count}, ` +
            `available=${available}, which is unexpected`,
        };
      }
      this.#give(uid, container.name, cpus);
      reusable = role === "init" ? [...new Set([...reusable, ...cpus])] : reusable.filter((cpu) => !cpus.includes(cpu));
    }
    return undefined;
  }

  /** Takes back what pods have that are not among these. Says whether there was any. */
  retain(uids: ReadonlySet<string>): boolean {
    const gone = [...this.#own.keys()].filter((uid) => !uids.has(uid));
    for (const uid of gone) this.#own.delete(uid);
    return gone.length > 0;
  }

  #pick(uid: string, reusable: readonly number[], count: number): number[] | undefined {
    const { topology, fullPcpusOnly } = this.#policy;
    const options = { wholeCores: fullPcpusOnly };
    const again = pickCpus(topology, reusable, Math.min(count, reusable.length), options) ?? [];
    const more = pickCpus(topology, this.#free(uid), count - again.length, options);
    return more && [...again, ...more].sort((a, b) => a - b);
  }

  /** Nobody's, not even another container's of the pod. */
  #free(uid: string): number[] {
    const taken = this.#taken();
    for (const cpus of this.#own.get(uid)?.values() ?? []) for (const cpu of cpus) taken.add(cpu);
    return [...this.#online].filter((cpu) => !taken.has(cpu) && !this.#policy.reserved.includes(cpu));
  }

  #taken(except?: string): Set<number> {
    const taken = new Set<number>();
    for (const [uid, containers] of this.#own) {
      if (uid !== except) { for (const cpus of containers.values()) for (const cpu of cpus) taken.add(cpu); }
    }
    return taken;
  }

  #give(uid: string, container: string, cpus: readonly number[]): void {
    this.#own.set(uid, new Map(this.#own.get(uid)).set(container, cpus));
  }

  #restore(uid: string, before: Map<string, readonly number[]> | undefined): void {
    if (before) this.#own.set(uid, before);
    else this.#own.delete(uid);
  }
}
