/** Host ports that a pod holds, and whether two pods want the same. */
import { type Pod, podContainers } from "../objects/mod.ts";

export interface HostPort {
  ip: string;
  protocol: string;
  port: number;
}

/** Of containers and sidecars; init containers are over before anything listens. */
export function hostPorts(pod: Pod): HostPort[] {
  return podContainers(pod)
    .filter(({ role }) => role === "regular" || role === "sidecar")
    .flatMap(({ container }) => container.ports ?? [])
    .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
    .map(({ hostPort, hostIP, protocol }) => ({
      ip: hostIP || "0.0.0.0",
      protocol: protocol || "TCP",
      port: hostPort!,
    }));
}

/** The first of `wanted` that overlaps with one in use: an unspecified address overlaps with every address. */
export function hostPortConflict(wanted: readonly HostPort[], used: readonly HostPort[]): HostPort | undefined {
  const any = (ip: string) => ip === "0.0.0.0" || ip === "::";
  return wanted.find((each) =>
    used.some((other) =>
      other.port === each.port && other.protocol === each.protocol &&
      (other.ip === each.ip || any(other.ip) || any(each.ip))
    )
  );
}
