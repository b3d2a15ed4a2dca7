/**
 * The downward API: what a container may learn of its own pod, as text. Environment variables and downwardAPI volumes
 * share it.
 */
import { cpuMillis, findContainer, type Pod, quantityBytes } from "../objects/mod.ts";
import { amountOf, type Amounts, containerLimits, containerRequests, podLevel } from "../resources/mod.ts";
import { ContainerConfigError } from "./errors.ts";
import { namespaceOf } from "./labels.ts";

export interface DownwardContext {
  nodeName: string;
  /** The node's addresses, primary first. */
  hostIPs: readonly string[];
  /** The pod's addresses, primary first. */
  podIPs: readonly string[];
  /** The node's allocatable amounts: what a container without a limit has for one. `cpu` in millicores. */
  allocatable: Amounts;
}

/** A field of the pod, as `fieldRef.fieldPath` names it. */
export function fieldValue(pod: Pod, path: string, context: DownwardContext): string {
  const { metadata, spec } = pod;
  const entry = /^metadata\.(labels|annotations)\['(.*)'\]$/s.exec(path);
  if (entry) {
    const map = metadata[entry[1] as "labels" | "annotations"] ?? {};
    return Object.hasOwn(map, entry[2]) ? map[entry[2]] : "";
  }
  // A pod on the node's network has the node's addresses, also before the runtime has said so.
  const podIPs = spec.hostNetwork && context.podIPs.length === 0 ? context.hostIPs : context.podIPs;
  switch (path) {
    case "metadata.name":
      return metadata.name;
    case "metadata.namespace":
      return namespaceOf(pod);
    case "metadata.uid":
      return metadata.uid ?? "";
    case "metadata.labels":
      return mapText(metadata.labels);
    case "metadata.annotations":
      return mapText(metadata.annotations);
    case "spec.nodeName":
      return spec.nodeName || context.nodeName;
    case "spec.serviceAccountName":
      return spec.serviceAccountName ?? "";
    case "status.hostIP":
      return context.hostIPs[0] ?? "";
    case "status.hostIPs":
      return context.hostIPs.join(",");
    case "status.podIP":
      return podIPs[0] ?? "";
    case "status.podIPs":
      return podIPs.join(",");
    default:
      throw new ContainerConfigError(`unsupported fieldPath: ${path}`);
  }
}

/**
 * An amount of a container, as `resourceFieldRef` names it, in units of its divisor, rounded up. A container without a
 * limit has the pod's, or the node's allocatable amount.
 */
export function resourceValue(
  pod: Pod,
  ref: { containerName?: string; resource: string; divisor?: string | number },
  currentContainer: string | undefined,
  { allocatable }: DownwardContext,
): string {
  const name = ref.containerName || currentContainer || "";
  const container = findContainer(pod, name)?.container;
  if (!container) throw new ContainerConfigError(`container ${name} not found`);
  const [which, resource] = split(ref.resource);
  const list = which === "limits" ? containerLimits(container) : containerRequests(container);
  let amount = list[resource] ?? 0;
  if (which === "limits" && amount === 0 && ["cpu", "memory", "ephemeral-storage"].includes(resource)) {
    amount = podLevel(pod, "limits")[resource] || allocatable[resource] || 0;
  }
  const divisor = ref.divisor === undefined || amountOf(resource, ref.divisor) === 0 ? "1" : ref.divisor;
  const unit = resource === "cpu" ? cpuMillis(divisor) : quantityBytes(divisor);
  return String(Math.ceil(amount / unit));
}

/** A whole map of labels or annotations: `key="value"` lines in order of the keys. */
export function mapText(map: Record<string, string> | undefined): string {
  return Object.keys(map ?? {}).sort().map((key) => `${key}=${quoteGo(map![key])}`).join("\n");
}

function split(path: string): ["limits" | "requests", string] {
  const match = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/.exec(path);
  if (!match) throw new ContainerConfigError(`unsupported container resource : ${path}`);
  return [match[1] as "limits" | "requests", match[2]];
}

const escapes: Record<string, string> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/** A Go string literal, as fmt's %q writes it: readers of these files unquote them that way. */
export function quoteGo(text: string): string {
  let out = '"';
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (escapes[char]) out += escapes[char];
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char)) out += char;
    else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, "0")}`;
    else out += `\\U${code.toString(16).padStart(8, "0")}`;
  }
  return out + '"';
}
