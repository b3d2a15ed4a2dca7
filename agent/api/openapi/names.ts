/** What Kubernetes' OpenAPI documents call types, groups and operations. */

const packages: Readonly<Record<string, string>> = {
  "meta.v1": "io.k8s.apimachinery.pkg.apis.meta.v1",
  "metrics.v1beta1": "io.k8s.metrics.pkg.apis.metrics.v1beta1",
  resource: "io.k8s.apimachinery.pkg.api.resource",
  intstr: "io.k8s.apimachinery.pkg.util.intstr",
};

/** `core.v1.Pod` → `io.k8s.api.core.v1.Pod`. */
export function definitionName(short: string): string {
  const at = short.lastIndexOf(".");
  const home = short.slice(0, at);
  return `${packages[home] ?? `io.k8s.api.${home}`}.${short.slice(at + 1)}`;
}

/** `""` → `core`, `rbac.authorization.k8s.io` → `rbacAuthorization`, `policy` → `policy`. */
export function groupName(group: string): string {
  if (!group) return "core";
  const words = group.replace(/\.k8s\.io$/, "").split(".");
  return words.map((word, at) => at === 0 ? word : capital(word)).join("");
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `v1`, `discovery.k8s.io/v1`. */
export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group ? `${group}/${version}` : version;
}

/** `api/v1`, `apis/discovery.k8s.io/v1`: the path of a group's version, and its key in the index. */
export function versionPath({ group, version }: { group: string; version: string }): string {
  return group ? `apis/${group}/${version}` : `api/${version}`;
}
