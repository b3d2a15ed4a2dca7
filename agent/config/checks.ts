/**
 * What can be wrong with a value of the right type, in apimachinery's words. Each answers with the detail of an
 * "Invalid value", or undefined.
 */
import { isIP } from "node:net";
import { parseCpuList } from "../../cgroups/cpu_list.ts";
import { parseServer } from "../../net/dns/resolv_conf.ts";
import { parseDuration } from "../duration.ts";

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

export function nodeName(value: string): string | undefined {
  if (value.length > 253) return "must be no more than 253 bytes";
  return subdomain.test(value) ? undefined : subdomainText;
}

export function notEmpty(value: string): string | undefined {
  return value === "" ? "must not be empty" : undefined;
}

/** A directory whose path leaves room for the names of sockets: containerd takes no longer ones than 104 bytes. */
export function socketDirectory(value: string): string | undefined {
  const most = 104 - "/containerd.sock.ttrpc".length;
  return new TextEncoder().encode(value).length <= most
    ? undefined
    : `must be no more than ${most} bytes: paths of sockets cannot be longer`;
}

const signals = [
  "memory.available",
  "nodefs.available",
  "nodefs.inodesFree",
  "imagefs.available",
  "imagefs.inodesFree",
  "containerfs.available",
  "containerfs.inodesFree",
  "allocatableMemory.available",
  "pid.available",
];

export function evictionSignals(thresholds: Readonly<Record<string, string>>): string | undefined {
  const wrong = Object.keys(thresholds).find((signal) => !signals.includes(signal));
  return wrong === undefined
    ? undefined
    : `${JSON.stringify(wrong)} is no eviction signal; they are ${signals.join(", ")}`;
}

/** Those that islet has; the others of kubelet's place CPUs by caches and NUMA nodes. */
const cpuOptions = ["full-pcpus-only", "strict-cpu-reservation"];

export function cpuPolicyOptions(options: Readonly<Record<string, string>>): string | undefined {
  for (const [name, value] of Object.entries(options)) {
    if (!cpuOptions.includes(name)) {
      return `${JSON.stringify(name)} is not supported; supported are ${cpuOptions.join(", ")}`;
    }
    if (!/^(true|false)$/i.test(value)) return `${name} must be "true" or "false"`;
  }
  return undefined;
}

export function cpuList(value: string): string | undefined {
  return value === "" || parseCpuList(value) ? undefined : "must be a list of CPUs, such as 0-1,6";
}

/** A path as cgroup file systems have it, or a slice of systemd's. */
export function cgroupName(value: string): string | undefined {
  const plain = value.split("/").every((part) => part !== "." && part !== "..");
  return value === "" || plain && (value.startsWith("/") || /^[^/]+\.slice$/.test(value))
    ? undefined
    : "must be an absolute path or the name of a slice";
}

/** `example.com/dongle: 2`: names with a domain that is not Kubernetes' own, whole numbers [apimachinery]. */
export function extendedResources(map: Readonly<Record<string, string>>): string | undefined {
  for (const [name, amount] of Object.entries(map)) {
    const problem = qualifiedName(name);
    if (problem) return problem;
    const domain = name.split("/")[0];
    if (!name.includes("/") || /(^|\.)kubernetes\.io$/.test(domain) || domain.startsWith("requests.")) {
      return `${JSON.stringify(name)} is not the name of an extended resource, such as example.com/dongle`;
    }
    if (!/^\d+$/.test(amount)) return `${name} must be a whole number`;
  }
  return undefined;
}

export function evictionGraces(graces: Readonly<Record<string, string>>): string | undefined {
  const problem = evictionSignals(graces);
  if (problem) return problem;
  const wrong = Object.entries(graces).find(([, text]) => !((parseDuration(text) ?? -1) >= 0));
  return wrong && `${JSON.stringify(wrong[1])} of ${wrong[0]} must be a duration, such as 1m30s`;
}

/** A trailing dot is welcome. */
export function dnsDomain(value: string): string | undefined {
  return value === "" ? undefined : nodeName(value.replace(/\.$/, ""));
}

export function ipAddresses(values: readonly string[]): string | undefined {
  const wrong = values.find((value) => isIP(value) === 0);
  return wrong === undefined
    ? undefined
    : `${JSON.stringify(wrong)} must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`;
}

/** Name servers by domain. */
export function stubDomains(map: unknown): string | undefined {
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    return "must be a map of domains to lists of servers";
  }
  for (const [domain, servers] of Object.entries(map)) {
    const wrong = nodeName(domain.replace(/\.$/, ""));
    if (wrong) return `${JSON.stringify(domain)}: ${wrong}`;
    const isServer = (each: unknown) => typeof each === "string" && parseServer(each) !== undefined;
    if (!Array.isArray(servers) || !servers.every(isServer)) {
      return `${
        JSON.stringify(domain)
      }: must be a list of name servers, (e.g. 10.0.0.53, 10.0.0.53:5353 or [fd00::1]:53)`;
    }
  }
  return undefined;
}

/** Ranges in which node ports answer, or `primary` alone. */
export function nodePortRanges(values: readonly string[]): string | undefined {
  if (values.length === 1 && values[0] === "primary") return undefined;
  const wrong = values.find((value) => value.includes(",") || value === "" || cidr(value) !== undefined);
  if (wrong === "primary") return '"primary" must be the only one';
  return wrong === undefined ? undefined : `${JSON.stringify(wrong)} must be a valid CIDR value, (e.g. 10.9.8.0/24)`;
}

export function ipAddress(value: string): string | undefined {
  return isIP(value) === 0 ? "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)" : undefined;
}

/** As `cidr`, with room for addresses in it. */
export function serviceCidr(value: string): string | undefined {
  const problem = cidr(value);
  if (problem || value === "") return problem;
  const small = value.split(",").some((each) => Number(each.split("/")[1]) > (each.includes(":") ? 125 : 29));
  return small ? "must have room for at least 8 addresses" : undefined;
}

/** One network, or one of each family. */
export function cidr(value: string): string | undefined {
  if (value === "") return undefined;
  for (const each of value.split(",")) {
    const match = /^(.+)\/(\d{1,3})$/.exec(each);
    const family = match ? isIP(match[1]) : 0;
    if (family === 0 || Number(match![2]) > (family === 4 ? 32 : 128)) {
      return "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    }
  }
  return undefined;
}

export function endpoint(value: string): string | undefined {
  if (value === "" || /^(grpc-web\+)?unix:\/\/\/.+/.test(value) || value.startsWith("/")) return undefined;
  if (/^tcp:|^npipe:/.test(value)) return "only Unix sockets are supported: unix:///path or grpc-web+unix:///path";
  return "must be unix:///path or grpc-web+unix:///path";
}

export function sysctlPatterns(values: readonly string[]): string | undefined {
  const wrong = values.find((value) =>
    value.length > 253 || !/^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*([a-z0-9]([-_a-z0-9]*[a-z0-9])?|\*)$/.test(value) ||
    value === "*"
  );
  if (wrong !== undefined) return `${JSON.stringify(wrong)} is neither a sysctl nor a pattern that ends in *`;
  return undefined;
}

const name = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)$/;

/** A label's or taint's key: an optional DNS prefix, a slash, a name. */
export function qualifiedName(key: string): string | undefined {
  const [last, prefix, more] = key.split("/").reverse();
  if (more !== undefined || (prefix !== undefined && nodeName(prefix) !== undefined)) {
    return `${JSON.stringify(key)}: prefix part ${subdomainText}`;
  }
  if (last.length > 63 || !name.test(last)) {
    return `${
      JSON.stringify(key)
    }: name part must consist of alphanumeric characters, '-', '_' or '.', and must start ` +
      "and end with an alphanumeric character, at most 63 of them";
  }
  return undefined;
}

export function labelValue(value: string): string | undefined {
  if (value === "" || (value.length <= 63 && name.test(value))) return undefined;
  return `${
    JSON.stringify(value)
  }: a valid label must be an empty string or consist of alphanumeric characters, '-', ` +
    "'_' or '.', and must start and end with an alphanumeric character, at most 63 of them";
}

export function labels(map: Readonly<Record<string, string>>): string | undefined {
  for (const [key, value] of Object.entries(map)) {
    const problem = qualifiedName(key) ?? labelValue(value);
    if (problem) return problem;
  }
  return undefined;
}
