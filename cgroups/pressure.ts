/**
 * Pressure stall information: which part of the time something waited for CPU, memory or I/O. v2 has it for each cgroup,
 * every kernel with PSI for the whole machine in /proc/pressure.
 *
 *     some avg10=0.12 avg60=0.05 avg300=0.01 total=123456      one task at least stood still
 *     full avg10=0.00 avg60=0.00 avg300=0.00 total=4567        all of them did
 */
import type { CgroupFs } from "./cgroup_fs.ts";
import { type CgroupFiles, kernelFiles } from "./files.ts";

export type PressureResource = "cpu" | "memory" | "io";

export interface PressureLine {
  /** Percent of the last 10, 60 and 300 seconds. */
  avg10: number;
  avg60: number;
  avg300: number;
  /** Microseconds since the cgroup was made, or since boot. */
  totalUs: number;
}

export interface Pressure {
  some: PressureLine;
  /** Not there for the CPU of the whole machine on older kernels. */
  full?: PressureLine;
}

/** The pressure within a cgroup; undefined on v1 and where the kernel has PSI switched off. */
export function cgroupPressure(
  fs: Pick<CgroupFs, "version" | "read">,
  path: string,
  resource: PressureResource,
): Pressure | undefined {
  return fs.version === 2 ? parsePressure(read(() => fs.read(path, `${resource}.pressure`))) : undefined;
}

/** The machine's pressure; undefined where the kernel does not tell. */
export function machinePressure(
  resource: PressureResource,
  files: Pick<CgroupFiles, "read"> = kernelFiles,
): Pressure | undefined {
  return parsePressure(read(() => files.read(`/proc/pressure/${resource}`)));
}

export function parsePressure(text: string | undefined): Pressure | undefined {
  if (text === undefined) return undefined;
  const some = line(text, "some");
  if (!some) return undefined;
  const full = line(text, "full");
  return full ? { some, full } : { some };
}

const pattern = {
  some: /^some avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)/m,
  full: /^full avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)/m,
};

function line(text: string, which: "some" | "full"): PressureLine | undefined {
  const match = pattern[which].exec(text);
  if (!match) return undefined;
  const [avg10, avg60, avg300, totalUs] = match.slice(1).map(Number);
  return { avg10, avg60, avg300, totalUs };
}

/** A kernel started with `psi=0` has the files and answers EOPNOTSUPP. */
function read(text: () => string | undefined): string | undefined {
  try {
    return text();
  } catch {
    return undefined;
  }
}
