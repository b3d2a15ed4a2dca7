/**
 * Cgroups of a machine, v1 and v2 behind one interface; knows nothing of pods' policies.
 *
 *     const cgroups = detect();
 *     await cgroups.create("/kubepods/burstable/pod123", { cpuShares: 512, memoryBytes: 64 * 2 ** 20 });
 *
 * The way in: `cgroup_fs.ts` (the interface), `hierarchy.ts` (detection), `plan.ts` (limits → writes, pure), `v1.ts` and
 * `v2.ts` (the trees), `kubepods.ts` (the cgroups above pods), `names.ts` and `systemd.ts` (the systemd driver),
 * `kill.ts`, `oom.ts`; `stats.ts` and `pressure.ts` (what is used); `fake.ts` is a kernel in memory.
 */
export type { Applied, CgroupFs, Hierarchy, RemoveOptions } from "./cgroup_fs.ts";
export * from "./cpu.ts";
export * from "./cpu_list.ts";
export * from "./errors.ts";
export { type CgroupFiles, kernelFiles } from "./files.ts";
export { detect, type DetectOptions, parseMounts, parseOwnCgroups } from "./hierarchy.ts";
export { killAll, type KillOptions } from "./kill.ts";
export { ensureKubepods, type Kubepods, type KubepodsOptions, kubepodsPaths, limitAboveUse } from "./kubepods.ts";
export * from "./limits.ts";
export * from "./names.ts";
export { oomKills } from "./oom.ts";
export { type CgroupVersion, type FileWrite, limitFiles, planWrites, type WritePlan } from "./plan.ts";
export {
  cgroupPressure,
  machinePressure,
  type Pressure,
  type PressureLine,
  type PressureResource,
} from "./pressure.ts";
export * from "./stats.ts";
export { type RunCommand, SystemdFs } from "./systemd.ts";
