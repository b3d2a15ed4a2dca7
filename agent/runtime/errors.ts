/** What can be wrong with a pod that only shows when its messages are made. `reason` goes into status and events. */

/** A container cannot be configured: a missing ConfigMap, an image that would run as root. It is tried again later. */
export class ContainerConfigError extends Error {
  override readonly name = "ContainerConfigError";
  readonly reason = "CreateContainerConfigError";
}

/** A sandbox cannot be configured. */
export class SandboxConfigError extends Error {
  override readonly name = "SandboxConfigError";
  readonly reason = "ConfigPodSandboxError";
}

/** An event of type Warning that the caller is to record; nothing failed. */
export interface ConfigWarning {
  reason: "DNSConfigForming" | "MissingClusterDNS" | "InvalidEnvironmentVariableNames";
  message: string;
}
