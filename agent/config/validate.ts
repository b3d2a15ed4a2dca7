/**
 * Rules between settings: what kubelet's own validation says of combinations that cannot work. Pure.
 */
import { formatDuration } from "../duration.ts";
import { cpuMillis } from "../objects/quantity.ts";
import type { Settings } from "./settings.ts";

export interface Conflict {
  /** The setting at fault. */
  setting: keyof Settings;
  /** What follows the field's name: `Invalid value: …`. */
  problem: string;
}

const enforceable = [
  "pods",
  "system-reserved",
  "kube-reserved",
  "system-reserved-compressible",
  "kube-reserved-compressible",
  "none",
];

/** All conflicts; empty when the settings fit together. */
export function conflicts(settings: Settings): Conflict[] {
  const found: Conflict[] = [];
  const invalid = (setting: keyof Settings, detail: string) =>
    found.push({ setting, problem: `Invalid value: ${show(settings[setting])}: ${detail}` });

  if (settings.serializeImagePulls && settings.maxParallelImagePulls > 1) {
    invalid(
      "maxParallelImagePulls",
      "cannot be larger than 1 unless serializeImagePulls (--serialize-image-pulls) is set to false",
    );
  }
  const enforce = settings.enforceNodeAllocatable;
  for (const each of enforce.filter((each) => !enforceable.includes(each))) {
    found.push({
      setting: "enforceNodeAllocatable",
      problem: `Unsupported value: ${JSON.stringify(each)}: supported values: ` +
        [...enforceable].sort().map((value) => JSON.stringify(value)).join(", "),
    });
  }
  if (enforce.includes("none") && enforce.length > 1) {
    invalid("enforceNodeAllocatable", 'may not contain additional enforcements when "none" is specified');
  }
  for (const which of ["system", "kube"] as const) {
    const cgroup = settings[`${which}ReservedCgroup`];
    const both = enforce.filter((each) => each.startsWith(`${which}-reserved`));
    if (both.length > 0 && cgroup === "") {
      invalid(`${which}ReservedCgroup`, `must be specified when "${both[0]}" contained in enforceNodeAllocatable`);
    }
    if (both.length > 1) invalid("enforceNodeAllocatable", `"${both[0]}" and "${both[1]}" cannot be used together`);
    if (settings.reservedSystemCPUs !== "" && cgroup !== "") {
      invalid("reservedSystemCPUs", `cannot be used with ${which}ReservedCgroup`);
    }
  }
  if (settings.cpuManagerPolicy === "static") {
    const held = [settings.systemReserved.cpu, settings.kubeReserved.cpu].some((cpu) => cpu && cpuMillis(cpu) > 0);
    if (!held && settings.reservedSystemCPUs === "") {
      invalid(
        "cpuManagerPolicy",
        "the static policy requires reservedSystemCPUs or systemReserved.cpu + kubeReserved.cpu to be greater than zero",
      );
    }
  } else if (Object.keys(settings.cpuManagerPolicyOptions).length > 0) {
    invalid("cpuManagerPolicyOptions", "needs cpuManagerPolicy static");
  }
  if (settings.memoryReservationPolicy === "TieredReservation" && !settings.featureGates.MemoryQoS) {
    invalid("memoryReservationPolicy", "TieredReservation requires the feature gate MemoryQoS");
  }
  const { imageGCHighThresholdPercent: high, imageMinimumGCAge: minAge, imageMaximumGCAge: maxAge } = settings;
  if (settings.imageGCLowThresholdPercent >= high) {
    invalid("imageGCLowThresholdPercent", `must be less than imageGCHighThresholdPercent (${high})`);
  }
  if (maxAge > 0 && minAge > maxAge) {
    invalid("imageMaximumGCAge", `must be greater than imageMinimumGCAge (${formatDuration(minAge)})`);
  }
  const soft = Object.keys(settings.evictionSoft);
  for (const signal of soft.filter((each) => settings.evictionSoftGracePeriod[each] === undefined)) {
    invalid("evictionSoft", `grace period must be specified for the soft eviction threshold ${signal}`);
  }
  const { shutdownGracePeriod: total, shutdownGracePeriodCriticalPods: critical } = settings;
  if (critical > total) {
    invalid(
      "shutdownGracePeriodCriticalPods",
      `must not be greater than shutdownGracePeriod (${formatDuration(total)})`,
    );
  }
  if (settings.shutdownGracePeriodByPodPriority.length > 0 && (total > 0 || critical > 0)) {
    found.push({
      setting: "shutdownGracePeriodByPodPriority",
      problem: "Forbidden: cannot be set together with shutdownGracePeriod or shutdownGracePeriodCriticalPods",
    });
  }
  if (settings.runtimeMode === "managed" && settings.containerRuntimeEndpoint) {
    invalid("containerRuntimeEndpoint", 'must not be set when runtime.mode is "managed"');
  }
  if (settings.imageServiceEndpoint && !settings.containerRuntimeEndpoint && settings.runtimeMode !== "external") {
    invalid("imageServiceEndpoint", "needs containerRuntimeEndpoint: islet's own containerd serves its images itself");
  }
  return found;
}

function show(value: unknown): string {
  return typeof value === "object"
    ? JSON.stringify(value)
    : typeof value === "string"
    ? JSON.stringify(value)
    : String(value);
}
