/**
 * The cgroups above pods: `kubepods`, and below it `burstable` and `besteffort` (guaranteed pods are directly in
 * kubepods). Best-effort pods always weigh 2 shares together; burstable ones as much as they request together.
 */
import type { CgroupFs } from "./cgroup_fs.ts";
import { minShares } from "./cpu.ts";
import { isBusy } from "./errors.ts";
import { type CgroupLimits, unlimited } from "./limits.ts";
import { type CgroupDriver, driverPath } from "./names.ts";
import { parseBytes } from "./plan.ts";

export interface KubepodsOptions {
  /** The cgroup that kubepods lies in, by its path; default `/`. */
  root?: string;
  driver: CgroupDriver;
  /** Limits of kubepods: cpuShares, memoryBytes, pidsMax (capacity, or allocatable where that is enforced). */
  limits: CgroupLimits;
  /** Of the burstable class; default: the least weight. */
  burstable?: CgroupLimits;
  /** Of the best-effort class besides its weight, which is always the least. */
  bestEffort?: CgroupLimits;
}

/** Paths of the three cgroups, and what of the limits has to wait. */
export interface Kubepods {
  guaranteed: string;
  burstable: string;
  bestEffort: string;
  /** Set when more memory is in use than may be: kubepods is limited to about this for now; try again later. */
  heldAtBytes?: number;
}

/** Where the cgroups above pods are. */
export function kubepodsPaths(driver: CgroupDriver, root = "/"): Kubepods {
  // `/a.slice/a-b.slice` has the components a and b.
  const above = root.split("/").filter((part) => part !== "")
    .map((part) => driver === "systemd" ? part.replace(/\.slice$/, "").split("-").at(-1)! : part);
  return {
    guaranteed: driverPath(driver, [...above, "kubepods"]),
    burstable: driverPath(driver, [...above, "kubepods", "burstable"]),
    bestEffort: driverPath(driver, [...above, "kubepods", "besteffort"]),
  };
}

/** Makes or adopts them; a second call with the same values writes nothing. */
export async function ensureKubepods(fs: CgroupFs, options: KubepodsOptions): Promise<Kubepods> {
  const { driver, root, limits, burstable, bestEffort } = options;
  const paths = kubepodsPaths(driver, root);
  const { memoryBytes, ...others } = limits;
  await fs.create(paths.guaranteed, others);
  const heldAtBytes = await limitAboveUse(fs, paths.guaranteed, { memoryBytes });
  const hugetlb = hugePagesUnlimited(fs, paths.guaranteed);
  await fs.create(paths.burstable, { cpuShares: minShares, hugetlb, ...burstable });
  await fs.create(paths.bestEffort, { hugetlb, ...bestEffort, cpuShares: minShares });
  return heldAtBytes === undefined ? paths : { ...paths, heldAtBytes };
}

/**
 * Limits a cgroup that is in use, its memory never below what it has now; says where it stopped then, which is the time to
 * try again later.
 */
export async function limitAboveUse(
  fs: CgroupFs,
  path: string,
  { memoryBytes, ...others }: CgroupLimits,
): Promise<number | undefined> {
  if (Object.keys(others).length > 0) await fs.apply(path, others);
  return memoryBytes === undefined ? undefined : await limitMemoryAboveUse(fs, path, memoryBytes);
}

/**
 * A memory limit below present use would end running pods (v2) or be refused (v1), so the limit then stops at the
 * use, and the answer says so.
 */
async function limitMemoryAboveUse(fs: CgroupFs, path: string, wanted: number): Promise<number | undefined> {
  const use = fs.memoryUsage(path) ?? 0;
  if (wanted < 0 || use <= wanted) {
    try {
      await fs.apply(path, { memoryBytes: wanted });
      return undefined;
    } catch (err) {
      // v1: the use grew past the limit meanwhile.
      if (!isBusy(err)) throw err;
    }
  }
  const file = fs.version === 1 ? "memory.limit_in_bytes" : "memory.max";
  const now = parseBytes(fs.read(path, file) ?? "max");
  // Room for what is allocated while this is written.
  const held = Math.ceil((fs.memoryUsage(path) ?? use) * 1.05 / 65536) * 65536;
  if (now === unlimited || now > held) await fs.apply(path, { memoryBytes: held });
  return held;
}

/** The page sizes that this cgroup has files for, all without limit. */
function hugePagesUnlimited(fs: CgroupFs, path: string): Record<string, number> {
  const suffix = fs.version === 1 ? "limit_in_bytes" : "max";
  const sizes = ["64KB", "512KB", "1MB", "2MB", "16MB", "32MB", "512MB", "1GB", "2GB", "16GB"];
  return Object.fromEntries(
    sizes.filter((size) => fs.read(path, `hugetlb.${size}.${suffix}`) !== undefined).map((size) => [size, unlimited]),
  );
}
