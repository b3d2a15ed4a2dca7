/** For this room's tests: resources as the API serves them, without what answers. */
import { allKinds } from "../../objects/kinds.ts";
import type { DocumentedVersion } from "./documents.ts";
import type { DocumentedResource } from "./operations.ts";

const all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"] as const;

/** Plurals as Kubernetes has them. */
function pluralOf(kind: string): string {
  const lower = kind.toLowerCase();
  if (kind === "Endpoints") return lower;
  if (kind === "PodMetrics") return "pods";
  if (kind === "NodeMetrics") return "nodes";
  return lower.endsWith("s") ? `${lower}es` : lower.endsWith("y") ? `${lower.slice(0, -1)}ies` : `${lower}s`;
}

const stream = (kind: string) => ({ kind: { kind }, verbs: ["create", "get"] });
const podStreams = {
  attach: stream("PodAttachOptions"),
  binding: { kind: { kind: "Binding" }, verbs: ["create"] },
  eviction: { kind: { group: "policy", version: "v1", kind: "Eviction" }, verbs: ["create"] },
  exec: stream("PodExecOptions"),
  log: { kind: { kind: "Pod" }, verbs: ["get"] },
  portforward: stream("PodPortForwardOptions"),
};

export function testVersions(): DocumentedVersion[] {
  const versions = new Map<string, { group: string; version: string; resources: DocumentedResource[] }>();
  for (const { apiVersion, kind, namespaced, use } of allKinds) {
    if (["Binding", "Eviction", "TokenRequest"].includes(kind)) continue; // subresources
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    if (!versions.has(apiVersion)) versions.set(apiVersion, { group, version, resources: [] });
    versions.get(apiVersion)!.resources.push({
      group,
      version,
      kind,
      plural: pluralOf(kind),
      namespaced,
      verbs: use === "request" ? ["create"] : use === "computed" ? ["get", "list"] : all,
      hasStatus: ["Pod", "Node", "Namespace", "Service", "PersistentVolume", "PersistentVolumeClaim"].includes(kind),
      ...(use === "request" ? { create: true } : {}),
      ...(kind === "Pod" ? { subresources: podStreams, parts: { ephemeralcontainers: {}, resize: {} } } : {}),
    });
  }
  return [...versions.values()];
}
