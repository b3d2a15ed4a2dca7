/** The machine as a node: what it has, what pods may request of it, and what kubelet refuses to start on. */
import { detect } from "../../cgroups/mod.ts";
import type { NodeConfig } from "../config/mod.ts";
import {
  allocatable,
  allowedSysctlProblems,
  type NodeFacts,
  readFacts,
  type Reservation,
  reservationProblems,
} from "../node/mod.ts";
import type { Amounts } from "../resources/mod.ts";

export interface Machine {
  facts: NodeFacts;
  /** What pods may request together. */
  allocatable: Amounts;
}

/**
 * Reads what the machine has, and adds what the configuration says of it.
 *
 * @throws with all that is in the way of its being the node that the configuration describes.
 */
export function readMachine(config: NodeConfig): Machine {
  const { rootDir, maxPods, podsPerCore, extendedResources, reservation } = config;
  const facts = readFacts({ maxPods, rootDir });
  Object.assign(facts.capacity, extendedResources);
  if (podsPerCore > 0) {
    facts.capacity.pods = Math.min(maxPods, podsPerCore * Math.floor(facts.capacity.cpu / 1000));
  }
  refuseMachine(config, facts, detect().version);
  return { facts, allocatable: allocatable(facts.capacity, reservation) };
}

export type MachineWish =
  & Pick<
    NodeConfig,
    "failSwapOn" | "failCgroupV1" | "allowedUnsafeSysctls" | "singleProcessOOMKill"
  >
  & {
    reservation: Reservation;
  };

/** What is in the way, with what mends it. Pure. */
export function machineProblems(
  { failSwapOn, failCgroupV1, reservation, allowedUnsafeSysctls, singleProcessOOMKill }: MachineWish,
  { swapBytes, capacity }: Pick<NodeFacts, "swapBytes" | "capacity">,
  cgroupVersion: 1 | 2,
): string[] {
  const problems: string[] = [];
  if (failSwapOn && swapBytes > 0) {
    problems.push("failSwapOn is set and the machine has swap; turn it off (swapoff -a) or unset failSwapOn");
  }
  if (failCgroupV1 && cgroupVersion === 1) {
    problems.push("failCgroupV1 is set and the machine has cgroup v1; boot with cgroup v2 or unset failCgroupV1");
  }
  if (singleProcessOOMKill === false && cgroupVersion === 1) {
    problems.push("singleProcessOOMKill must not be explicitly set to false when using cgroup v1; unset it");
  }
  for (const problem of reservationProblems(capacity, reservation)) {
    problems.push(`${problem}; lower systemReserved, kubeReserved or evictionHard`);
  }
  for (const problem of allowedSysctlProblems(allowedUnsafeSysctls)) {
    problems.push(`allowedUnsafeSysctls: ${problem}, a pod would set them for the whole machine`);
  }
  return problems;
}

/** @throws with all that is in the way. */
export function refuseMachine(...asked: Parameters<typeof machineProblems>): void {
  const problems = machineProblems(...asked);
  if (problems.length > 0) throw new Error(`Cannot start: ${problems.join("; ")}`);
}
