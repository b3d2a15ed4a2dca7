/**
 * Which sysctls a pod may set: those that are the pod's own (namespaced) and reach no other pod, plus what the operator
 * allows by `allowedUnsafeSysctls` (names, or prefixes ending in `*`).
 */
import type { Pod } from "../objects/mod.ts";

/** Kubernetes' safe set, with the kernel from which a name is the pod's own. */
const safe: readonly [name: string, kernel?: string][] = [
  ["kernel.shm_rmid_forced"],
  ["net.ipv4.ip_local_port_range"],
  ["net.ipv4.tcp_syncookies"],
  ["net.ipv4.ping_group_range"],
  ["net.ipv4.ip_unprivileged_port_start"],
  ["net.ipv4.ip_local_reserved_ports", "3.16"],
  ["net.ipv4.tcp_keepalive_time", "4.5"],
  ["net.ipv4.tcp_keepalive_intvl", "4.5"],
  ["net.ipv4.tcp_keepalive_probes", "4.5"],
  ["net.ipv4.tcp_fin_timeout", "4.6"],
  ["net.ipv4.tcp_rmem", "4.15"],
  ["net.ipv4.tcp_wmem", "4.15"],
];

/** The safe sysctls of a kernel, by its version as uname has it. */
export function safeSysctls(kernelVersion: string): string[] {
  return safe.filter(([, since]) => since === undefined || atLeast(kernelVersion, since)).map(([name]) => name);
}

/** What is wrong with a list of allowed sysctls: names that no namespace isolates. */
export function allowedSysctlProblems(allowed: readonly string[]): string[] {
  return allowed.filter((pattern) => namespaceOf(dotted(pattern).replace(/\*$/, "")) === undefined)
    .map((pattern) =>
      `the sysctl${pattern.endsWith("*") ? "s" : ""} ${JSON.stringify(pattern)} are not known to be namespaced`
    );
}

/** Why the pod's sysctls are refused, in kubelet's words; undefined when they are not. */
export function forbiddenSysctl(pod: Pod, allowed: readonly string[]): string | undefined {
  for (const { name } of pod.spec.securityContext?.sysctls ?? []) {
    const sysctl = dotted(name);
    const known = allowed.map(dotted).find((pattern) =>
      pattern.endsWith("*") ? sysctl.startsWith(pattern.slice(0, -1)) : sysctl === pattern
    );
    if (known === undefined) return `forbidden sysctl: ${JSON.stringify(sysctl)} not allowlisted`;
    const namespace = namespaceOf(sysctl);
    const shared = namespace === "net" ? pod.spec.hostNetwork : namespace === "ipc" ? pod.spec.hostIPC : false;
    if (shared) return `forbidden sysctl: ${JSON.stringify(sysctl)} not allowed with host ${namespace} enabled`;
  }
  return undefined;
}

/** `net/ipv4/conf/eth0.1/x` and `net.ipv4.x` are two spellings; the first separator says which one it is. */
function dotted(name: string): string {
  const separator = /[./]/.exec(name)?.[0];
  if (separator !== "/") return name;
  return [...name].map((char) => char === "/" ? "." : char === "." ? "/" : char).join("");
}

function namespaceOf(name: string): "ipc" | "net" | undefined {
  if (name.startsWith("net.")) return "net";
  if (name === "kernel.sem" || /^(kernel\.shm|kernel\.msg|fs\.mqueue\.)/.test(name)) return "ipc";
  return undefined;
}

function atLeast(version: string, wanted: string): boolean {
  const [major, minor] = version.split(/[.-]/).map(Number);
  const [wantedMajor, wantedMinor] = wanted.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && (minor || 0) >= wantedMinor);
}
