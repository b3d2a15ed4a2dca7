/**
 * The cgroups of system daemons, held to what is reserved for them where `enforceNodeAllocatable` asks for it. They are the
 * administrator's: never made here, and never removed.
 */
import { CgroupError, type CgroupFs, type CgroupLimits, limitAboveUse, namedPath } from "../../cgroups/mod.ts";
import type { NodeConfig } from "../config/mod.ts";
import { amounts, kubepodsLimits } from "../resources/mod.ts";

/** A cgroup to be limited. */
export interface ReservedCgroup {
  /** As enforceNodeAllocatable names it. */
  enforcement: string;
  path: string;
  limits: CgroupLimits;
}

type Wish = Pick<
  NodeConfig,
  "enforceNodeAllocatable" | "systemReservedCgroup" | "kubeReservedCgroup" | "reservation"
>;

/** Which, and to what: all that is reserved, or with `-compressible` the CPU's weight alone, which ends nobody. Pure. */
export function reservedCgroups(
  { enforceNodeAllocatable, systemReservedCgroup, kubeReservedCgroup, reservation }: Wish,
): ReservedCgroup[] {
  return enforceNodeAllocatable.filter((each) => each !== "pods").map((enforcement) => {
    const system = enforcement.startsWith("system-reserved");
    const held = amounts(system ? reservation.systemReserved : reservation.kubeReserved);
    const { cpu, memory, pid } = held;
    const limits = kubepodsLimits(
      enforcement.endsWith("-compressible") ? definedOf({ cpu }) : definedOf({ cpu, memory, pid }),
    );
    return { enforcement, path: namedPath(system ? systemReservedCgroup : kubeReservedCgroup), limits };
  });
}

function definedOf(list: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(Object.entries(list).filter((entry): entry is [string, number] => entry[1] !== undefined));
}

/**
 * Limits them, memory never below present use; answers which had to stop there.
 * @throws CgroupError where one of them does not exist.
 */
export async function limitReserved(fs: CgroupFs, cgroups: readonly ReservedCgroup[]): Promise<ReservedCgroup[]> {
  const held: ReservedCgroup[] = [];
  for (const cgroup of cgroups) {
    const { enforcement, path, limits } = cgroup;
    if (!fs.exists(path)) {
      throw new CgroupError(`Cannot enforce ${enforcement}: cgroup ${path} does not exist`, { code: "ENOENT" });
    }
    if (await limitAboveUse(fs, path, limits) !== undefined) held.push(cgroup);
  }
  return held;
}
