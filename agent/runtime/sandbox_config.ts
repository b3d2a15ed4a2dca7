/** Pod → PodSandboxConfig: the pod's surroundings, before any container. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { isIPv6 } from "node:net";
import { type PodSandboxConfig, PodSandboxConfigSchema, type PortMappingSchema, Protocol } from "../../cri/mod.ts";
import { type Pod, podContainers } from "../objects/mod.ts";
import { type LimitOptions, sandboxResources } from "../resources/mod.ts";
import type { ConfigWarning } from "./errors.ts";
import { kernelHostname, podHostname } from "./hostname.ts";
import { namespaceOf, sandboxAnnotations, sandboxLabels } from "./labels.ts";
import { linuxResources } from "./linux_resources.ts";
import { podLogDirectory } from "./pod_files.ts";
import { type DnsContext, podDns } from "./resolv.ts";
import { sandboxSecurityContext, type SecurityOptions } from "./security.ts";

export interface SandboxContext {
  /** 0 for the pod's first sandbox, counted up for each that replaces one. */
  attempt: number;
  /** The installation's id. */
  owner: string;
  podLogsDir: string;
  /** The pod's cgroup, as `podCgroup` spells it; empty leaves the place to the runtime. */
  cgroupParent: string;
  dns: DnsContext;
  security: SecurityOptions;
  limits?: LimitOptions;
}

/** The message, and what the user should know of it. Throws SandboxConfigError. */
export function sandboxConfig(
  pod: Pod,
  context: SandboxContext,
): { config: PodSandboxConfig; warnings: ConfigWarning[] } {
  const { warnings, ...dnsConfig } = podDns(pod, context.dns);
  const { resources, overhead } = sandboxResources(pod, context.limits);
  const config = create(PodSandboxConfigSchema, {
    metadata: {
      name: pod.metadata.name,
      namespace: namespaceOf(pod),
      uid: pod.metadata.uid,
      attempt: context.attempt,
    },
    // On the node's network the node's hostname holds.
    hostname: pod.spec.hostNetwork ? "" : kernelHostname(pod, podHostname(pod, context.dns.clusterDomain)),
    logDirectory: podLogDirectory(pod, context.podLogsDir),
    dnsConfig,
    portMappings: portMappings(pod),
    labels: sandboxLabels(pod, context.owner),
    annotations: sandboxAnnotations(pod),
    linux: {
      cgroupParent: context.cgroupParent,
      securityContext: sandboxSecurityContext(pod, context.security),
      sysctls: sysctls(pod),
      resources: linuxResources(resources),
      overhead: overhead && linuxResources(overhead),
    },
  });
  return { config, warnings };
}

/** The ports of containers that live as long as the pod, each (address family, host address, port, protocol) once. */
export function portMappings(pod: Pod): MessageInitShape<typeof PortMappingSchema>[] {
  const seen = new Set<string>();
  const out: MessageInitShape<typeof PortMappingSchema>[] = [];
  for (const { container, role } of podContainers(pod)) {
    if (role === "init" || role === "ephemeral") continue;
    for (const { containerPort, hostPort = 0, hostIP = "", protocol = "TCP" } of container.ports ?? []) {
      const family = hostIP === "" ? "any" : isIPv6(hostIP) ? "v6" : "v4";
      const key = [container.name, family, hostIP, protocol, containerPort, hostPort].join(" ");
      if (seen.has(key)) continue;
      seen.add(key);
      out.push({ containerPort, hostPort, hostIp: hostIP, protocol: Protocol[protocol] });
    }
  }
  return out;
}

/** `spec.securityContext.sysctls` as a map; the kernel's own spelling with slashes becomes the one with dots. */
function sysctls(pod: Pod): Record<string, string> {
  const list = pod.spec.securityContext?.sysctls ?? [];
  return Object.fromEntries(list.map(({ name, value }) => [dotted(name), value]));
}

/** `net/ipv4/conf/eth0.1/forwarding` → `net.ipv4.conf.eth0/1.forwarding`: the first separator says which is which. */
function dotted(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  return first !== "/" ? name : name.replace(/[./]/g, (char) => char === "/" ? "." : "/");
}
