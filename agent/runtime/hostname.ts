/** The names that a pod has inside: its hostname, its domain, and what the kernel is told. */
import type { Pod } from "../objects/mod.ts";
import { SandboxConfigError } from "./errors.ts";
import { namespaceOf } from "./labels.ts";

/** A DNS label's longest. */
const longestHostname = 63;
/** Linux's HOST_NAME_MAX. */
const longestKernelHostname = 64;

export interface PodHostname {
  hostname: string;
  /** Empty where the pod has no subdomain. */
  domain: string;
}

/** `spec.hostname` or the pod's name, and with `spec.subdomain` the domain by which its Service's DNS knows it. */
export function podHostname(pod: Pod, clusterDomain: string): PodHostname {
  const { hostnameOverride, hostname, subdomain } = pod.spec;
  if (hostnameOverride) {
    if (hostnameOverride.length > longestKernelHostname) {
      throw new SandboxConfigError(
        `Cannot use hostnameOverride ${hostnameOverride}: it has ${hostnameOverride.length} characters, ` +
          `${longestKernelHostname} is the max`,
      );
    }
    return { hostname: hostnameOverride, domain: "" };
  }
  const name = truncate(hostname || pod.metadata.name);
  return { hostname: name, domain: subdomain ? `${subdomain}.${namespaceOf(pod)}.svc.${clusterDomain}` : "" };
}

/** The hostname that `uname -n` shows: with `setHostnameAsFQDN` the whole name. Throws where that is too long. */
export function kernelHostname(pod: Pod, { hostname, domain }: PodHostname): string {
  if (!pod.spec.setHostnameAsFQDN || domain === "") return hostname;
  const fqdn = `${hostname}.${domain}`;
  if (fqdn.length > longestKernelHostname) {
    throw new SandboxConfigError(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long ` +
        `(${longestKernelHostname} characters is the max, ${fqdn.length} characters requested)`,
    );
  }
  return fqdn;
}

function truncate(name: string): string {
  return name.length <= longestHostname ? name : name.slice(0, longestHostname).replace(/[-.]+$/, "");
}
