/**
 * What a container runtime says that it can do: in its Status, and in RuntimeConfig. Runtimes from before these existed
 * (containerd 1.6) tell part of it in the configuration that a verbose Status shows. Pure.
 */
import { CgroupDriver, type RuntimeConfigResponse, type StatusResponse } from "../../cri/mod.ts";

/** What one of the runtime's handlers (runc, kata …) can do. */
export interface HandlerFeatures {
  recursiveReadOnlyMounts: boolean;
  userNamespaces: boolean;
}

/** Handlers by name; the default one has the name "". */
export type RuntimeHandlers = ReadonlyMap<string, HandlerFeatures>;

const nothing: HandlerFeatures = { recursiveReadOnlyMounts: false, userNamespaces: false };

/** The handlers of a verbose Status. */
export function runtimeHandlers({ runtimeHandlers, info }: StatusResponse): RuntimeHandlers {
  const handlers = new Map<string, HandlerFeatures>([["", nothing]]);
  for (const name of Object.keys(containerdOf(info)?.runtimes ?? {})) handlers.set(name, nothing);
  for (const { name, features } of runtimeHandlers) {
    const { recursiveReadOnlyMounts = false, userNamespaces = false } = features ?? {};
    handlers.set(name, { recursiveReadOnlyMounts, userNamespaces });
  }
  return handlers;
}

/** How the runtime names cgroups; undefined where it does not say. `status` is a verbose one. */
export function runtimeCgroupDriver(
  config: RuntimeConfigResponse | undefined,
  status: StatusResponse | undefined,
): "cgroupfs" | "systemd" | undefined {
  if (config?.linux) return config.linux.cgroupDriver === CgroupDriver.SYSTEMD ? "systemd" : "cgroupfs";
  const containerd = containerdOf(status?.info);
  const options = containerd?.runtimes?.[containerd.defaultRuntimeName ?? "runc"]?.options;
  return options ? (options.SystemdCgroup === true ? "systemd" : "cgroupfs") : undefined;
}

interface ContainerdConfig {
  defaultRuntimeName?: string;
  runtimes?: Record<string, { options?: { SystemdCgroup?: unknown } | null }>;
}

function containerdOf(info: Record<string, string> | undefined): ContainerdConfig | undefined {
  try {
    return JSON.parse(info?.config ?? "{}").containerd;
  } catch {
    return undefined;
  }
}
