/** What a request to kubelet's API is, in RBAC's words: a subresource of the node. Pure. */
import type { Attributes } from "./rules.ts";

const verbs: Record<string, string> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Subresources by the path's beginning; all else is `proxy`. */
const coarse: [prefix: string, subresource: string][] = [
  ["/stats", "stats"],
  ["/metrics", "metrics"],
  ["/logs", "log"],
  ["/checkpoint", "checkpoint"],
];

/** Finer ones that count before `proxy` does. */
const fine: [path: string, subresource: string][] = [
  ["/pods", "pods"],
  ["/runningpods", "pods"],
  ["/healthz", "healthz"],
  ["/configz", "configz"],
];

/** Whether a path is of a command or a connection: what a WebSocket does there by GET is no reading. */
export function opensKubeletStream(path: string): boolean {
  return /^\/(exec|attach|portForward|run)(\/|$)/.test(path);
}

/** Any of these is enough. */
export function kubeletAttributes(method: string, path: string, nodeName: string): Attributes[] {
  const under = ([prefix]: [string, string]) => path === prefix || path.startsWith(`${prefix}/`);
  const subresources = [
    ...fine.filter(under).map(([, subresource]) => subresource),
    coarse.find(under)?.[1] ?? "proxy",
  ];
  const verb = opensKubeletStream(path) && method === "GET" ? "create" : verbs[method] ?? method.toLowerCase();
  return subresources.map((subresource) => ({
    isResource: true,
    verb,
    group: "",
    resource: "nodes",
    subresource,
    namespace: "",
    name: nodeName,
    path,
  }));
}
