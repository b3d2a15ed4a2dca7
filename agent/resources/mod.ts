/**
 * What pods ask for and what that means to the kernel; pure arithmetic. `requests.ts` adds up, `qos.ts` classifies,
 * `oom.ts` ranks for the OOM killer, `cgroup_path.ts` names cgroups, `limits.ts` gives the values written into them.
 */
export * from "./cgroup_path.ts";
export * from "./limits.ts";
export * from "./oom.ts";
export * from "./qos.ts";
export * from "./requests.ts";
