/**
 * The systemd driver: slices are units, and only systemd may make them, over D-Bus. `systemd-run` makes services and
 * scopes *in* slices but no slices, so the calls go through `busctl`, part of systemd itself:
 *
 *     busctl call org.freedesktop.systemd1 … StartTransientUnit ssa(sv)a(sa(sv)) kubepods-….slice replace N … 0
 *
 * systemd gets the limits as properties, because it writes its own idea of them again at any daemon-reload; the files
 * are then written as with the cgroupfs driver, which covers what has no property (huge pages, v1 pids in old systemd).
 * `SystemdFs` is a `CgroupFs` over the slices' expanded paths. The argument vectors are tested; systemd as PID 1 itself
 * needs a machine that boots with it.
 */
import type { Applied, CgroupFs, RemoveOptions } from "./cgroup_fs.ts";
import { defaultPeriodUs, weightOfShares } from "./cpu.ts";
import { CgroupError } from "./errors.ts";
import type { CgroupLimits } from "./limits.ts";
import { properPath } from "./path.ts";
import type { CgroupVersion } from "./plan.ts";
import { sleep } from "./tree.ts";

/** Runs a program by argument vector. */
export type RunCommand = (argv: string[]) => Promise<{ code: number; stderr: string }>;

/** A unit property as D-Bus has it: name, signature, value words. */
type Property = [name: string, signature: string, ...value: string[]];

/** "No limit" in systemd's properties is the largest 64-bit number. */
const infinity = "18446744073709551615";

const manager = [
  "busctl",
  "call",
  "org.freedesktop.systemd1",
  "/org/freedesktop/systemd1",
  "org.freedesktop.systemd1.Manager",
];

/** The properties that say `limits`. */
export function unitProperties(version: CgroupVersion, limits: CgroupLimits): Property[] {
  const properties: Property[] = [];
  const bytes = (name: string, value: number | undefined) => {
    if (value !== undefined) properties.push([name, "t", value < 0 ? infinity : String(Math.floor(value))]);
  };
  if (limits.cpuShares !== undefined) {
    properties.push(
      version === 1
        ? ["CPUShares", "t", String(limits.cpuShares)]
        : ["CPUWeight", "t", String(weightOfShares(limits.cpuShares))],
    );
  }
  if (limits.cpuQuotaUs !== undefined) {
    const period = limits.cpuPeriodUs ?? defaultPeriodUs;
    // systemd counts whole 10 ms a second and runc rounds up to them, so that nothing is taken away.
    const perSecond = Math.ceil((limits.cpuQuotaUs * 1_000_000) / period / 10_000) * 10_000;
    properties.push(["CPUQuotaPerSecUSec", "t", limits.cpuQuotaUs <= 0 ? infinity : String(perSecond)]);
    properties.push(["CPUQuotaPeriodUSec", "t", String(period)]);
  }
  bytes(version === 1 ? "MemoryLimit" : "MemoryMax", limits.memoryBytes);
  if (version === 2) {
    bytes("MemoryMin", limits.memoryMinBytes);
    bytes("MemoryLow", limits.memoryLowBytes);
    bytes("MemoryHigh", limits.memoryHighBytes);
    if (limits.ioWeight !== undefined) properties.push(["IOWeight", "t", String(limits.ioWeight)]);
  }
  bytes("TasksMax", limits.pidsMax);
  return properties;
}

/** The command that makes a transient slice. */
export function startSliceCommand(version: CgroupVersion, slice: string, limits: CgroupLimits): string[] {
  const properties: Property[] = [
    ["Description", "s", `islet ${slice}`],
    ["DefaultDependencies", "b", "false"],
    ["MemoryAccounting", "b", "true"],
    ["CPUAccounting", "b", "true"],
    [version === 1 ? "BlockIOAccounting" : "IOAccounting", "b", "true"],
    ["TasksAccounting", "b", "true"],
    ...unitProperties(version, limits),
  ];
  return [
    ...manager,
    "StartTransientUnit",
    "ssa(sv)a(sa(sv))",
    slice,
    "replace",
    String(properties.length),
    ...properties.flat(),
    "0",
  ];
}

/** The command that changes a slice's limits until the next boot. */
export function setSliceCommand(version: CgroupVersion, slice: string, limits: CgroupLimits): string[] {
  const properties = unitProperties(version, limits);
  return [...manager, "SetUnitProperties", "sba(sv)", slice, "true", String(properties.length), ...properties.flat()];
}

/** The command that stops a slice, which makes systemd forget it. */
export function stopSliceCommand(slice: string): string[] {
  return [...manager, "StopUnit", "ss", slice, "replace"];
}

/** Cgroups whose directories are slices: made, limited and stopped by systemd, otherwise as `inner` does. */
export class SystemdFs implements CgroupFs {
  readonly version: CgroupVersion;
  readonly controllers: ReadonlySet<string>;

  /** @param waitMs how long a new slice's directory is waited for. */
  constructor(
    private readonly inner: CgroupFs,
    private readonly run: RunCommand = runCommand,
    private readonly waitMs = 5000,
  ) {
    this.version = inner.version;
    this.controllers = inner.controllers;
  }

  async create(path: string, limits: CgroupLimits = {}): Promise<Applied> {
    const slice = sliceOf(path);
    if (slice === undefined) return this.inner.create(path, limits);
    if (this.inner.exists(path)) {
      // the way of the controllers; limits by systemd too, which else writes its own idea of them again
      await this.inner.create(path);
      return this.apply(path, limits);
    }
    const { code, stderr } = await this.run(startSliceCommand(this.version, slice, limits));
    // A unit that is known already (a start that was cut off) is as good as made.
    if (code !== 0 && !/already (exists|loaded)|UnitExists/.test(stderr)) {
      throw new CgroupError(`Cannot start slice ${slice}: ${stderr.trim() || `exit code ${code}`}`);
    }
    for (let waited = 0; !this.inner.exists(path); waited += 10) {
      if (waited >= this.waitMs) throw new CgroupError(`Cannot start slice ${slice}: ${path} did not appear`);
      await sleep(10);
    }
    // The trees that systemd does not manage (v1 hugetlb, cpuset) and the way of the controllers.
    return this.inner.create(path, limits);
  }

  async apply(path: string, limits: CgroupLimits): Promise<Applied> {
    const applied = await this.inner.apply(path, limits);
    const slice = sliceOf(path);
    if (slice !== undefined && applied.written.length > 0 && unitProperties(this.version, limits).length > 0) {
      const { code, stderr } = await this.run(setSliceCommand(this.version, slice, limits));
      if (code !== 0) throw new CgroupError(`Cannot limit slice ${slice}: ${stderr.trim() || `exit code ${code}`}`);
    }
    return applied;
  }

  async remove(path: string, options?: RemoveOptions): Promise<void> {
    const slice = sliceOf(path);
    // Stopping a slice ends what is inside, and we kill nothing here: processes keep it, as they keep a directory.
    if (slice !== undefined && this.exists(path) && this.processes(path, { recursive: true }).length === 0) {
      const { code, stderr } = await this.run(stopSliceCommand(slice));
      if (code !== 0 && !/not loaded|NoSuchUnit/.test(stderr)) {
        throw new CgroupError(`Cannot stop slice ${slice}: ${stderr.trim() || `exit code ${code}`}`);
      }
    }
    await this.inner.remove(path, options);
  }

  exists(path: string): boolean {
    return this.inner.exists(path);
  }

  list(path: string): string[] {
    return this.inner.list(path);
  }

  processes(path: string, options?: { recursive?: boolean }): number[] {
    return this.inner.processes(path, options);
  }

  addProcess(path: string, pid: number): Promise<void> {
    return this.inner.addProcess(path, pid);
  }

  read(path: string, file: string): string | undefined {
    return this.inner.read(path, file);
  }

  write(path: string, file: string, value: string): Promise<void> {
    return this.inner.write(path, file, value);
  }

  memoryUsage(path: string): number | undefined {
    return this.inner.memoryUsage(path);
  }
}

/** The slice that a path ends in; undefined when it ends in something else (a runtime's scope). */
function sliceOf(path: string): string | undefined {
  const name = properPath(path, "use").split("/").at(-1)!;
  return name.endsWith(".slice") ? name : undefined;
}

/** Runs a program for at most ten seconds. */
const runCommand: RunCommand = async ([program, ...args]) => {
  const signal = AbortSignal.timeout(10_000);
  try {
    const { code, stderr } = await new Deno.Command(program, { args, stdout: "null", stderr: "piped", signal })
      .output();
    return { code, stderr: new TextDecoder().decode(stderr) };
  } catch (err) {
    throw new CgroupError(`Cannot run ${program}: ${err instanceof Error ? err.message : err}`, { cause: err });
  }
};
