/** Requests that no client should send, and some that one should, from a seed. */
import type { Random } from "./random.ts";

const core = [
  "pods",
  "services",
  "configmaps",
  "secrets",
  "serviceaccounts",
  "events",
  "endpoints",
  "persistentvolumeclaims",
];
const cluster = ["namespaces", "nodes", "persistentvolumes"];
const grouped: [group: string, resource: string, namespaced: boolean][] = [
  ["discovery.k8s.io/v1", "endpointslices", true],
  ["coordination.k8s.io/v1", "leases", true],
  ["rbac.authorization.k8s.io/v1", "roles", true],
  ["rbac.authorization.k8s.io/v1", "rolebindings", true],
  ["rbac.authorization.k8s.io/v1", "clusterroles", false],
  ["rbac.authorization.k8s.io/v1", "clusterrolebindings", false],
  ["scheduling.k8s.io/v1", "priorityclasses", false],
  ["node.k8s.io/v1", "runtimeclasses", false],
  ["events.k8s.io/v1", "events", true],
  ["metrics.k8s.io/v1beta1", "pods", true],
  ["metrics.k8s.io/v1beta1", "nodes", false],
];
const subresources = [
  "status",
  "log",
  "exec",
  "attach",
  "portforward",
  "eviction",
  "binding",
  "ephemeralcontainers",
  "resize",
  "token",
  "finalize",
  "scale",
  "proxy",
  "nonsense",
];
const others = [
  "/",
  "/api",
  "/apis",
  "/apis/apps",
  "/version",
  "/healthz",
  "/readyz",
  "/livez",
  "/openapi/v2",
  "/openapi/v3",
  "/openapi/v3/api/v1",
  "/metrics",
  "/islet/v1/apply",
  "/islet/v1/manifests/problems",
  "/islet/v1/namespaces/default/pods/a/why",
  "/api/v2/pods",
  "/..",
  "//",
  "/%",
  "/%00",
  "/api/v1/namespaces/%2e%2e/pods",
];
const methods = ["GET", "GET", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE"];
const oddMethods = ["HEAD", "OPTIONS", "TRACE", "FOO", "get"];
const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];
const types = [
  "application/json",
  "application/yaml",
  "text/plain",
  "application/vnd.kubernetes.protobuf",
  "application/json; charset=utf-8",
  "",
  ";",
  ...patchTypes,
];
const accepts = [
  "application/json",
  "*/*",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "text/html",
  "application/json;as=Nonsense",
  ",,;q=x",
];
const parameters = [
  "labelSelector",
  "fieldSelector",
  "limit",
  "continue",
  "resourceVersion",
  "resourceVersionMatch",
  "timeoutSeconds",
  "dryRun",
  "fieldManager",
  "fieldValidation",
  "force",
  "gracePeriodSeconds",
  "propagationPolicy",
  "container",
  "tailLines",
  "sinceSeconds",
  "sinceTime",
  "limitBytes",
  "previous",
  "command",
  "stdin",
  "stdout",
  "ports",
  "includeObject",
  "allowWatchBookmarks",
  "sendInitialEvents",
  "pretty",
];
const values = [
  "",
  "0",
  "1",
  "-1",
  "true",
  "All",
  "x",
  "a=b",
  "a in (b,c)",
  "a notin (",
  "!a",
  "metadata.name=a",
  "status.phase!=x",
  "1e9",
  "99999999999999999999",
  "Strict",
  "Background",
  "../..",
  "%00",
  "sh",
  "2026-01-01T00:00:00Z",
  "Exact",
  "eyJ2IjoibWV0YSJ9",
];

export interface FuzzRequest {
  method: string;
  path: string;
  headers: [string, string][];
  body?: Uint8Array;
}

const encoder = new TextEncoder();

export function randomRequest(random: Random): FuzzRequest {
  const method = random.pick(random.chance(0.03) ? oddMethods : methods);
  const name = random.pick(["a", "b", "c"]);
  const { path, kind } = randomPath(random, method === "POST" ? undefined : name);
  const query = randomQuery(random);
  const headers: [string, string][] = [];
  if (random.chance(0.6)) headers.push(["accept", random.pick(accepts.slice(0, random.chance(0.8) ? 5 : undefined))]);
  if (random.chance(0.1)) headers.push(["user-agent", random.text(random.below(40), "kubectl/v1. ()\t;é")]);
  let body: Uint8Array | undefined;
  if (!["GET", "HEAD"].includes(method) || random.chance(0.05)) {
    const type = method === "PATCH" && random.chance(0.9)
      ? random.pick(patchTypes)
      : random.pick(types.slice(0, random.chance(0.8) ? 1 : undefined));
    if (type !== "") headers.push(["content-type", type]);
    body = randomBody(random, kind, method, type, name);
  }
  return { method, path: query === "" ? path : `${path}?${query}`, headers, ...(body ? { body } : {}) };
}

/** A path that the method fits in most cases: of one object where there is a name, else of a collection. */
function randomPath(random: Random, name: string | undefined): { path: string; kind: string } {
  if (random.chance(0.08)) return { path: random.pick(others), kind: "Pod" };
  const odd = () => encodeURIComponent(random.text(random.below(8), "abcA/.%?#é \u0000"));
  const namespace = random.chance(0.95) ? "default" : odd();
  let path: string;
  let resource: string;
  const choice = random.below(10);
  if (choice < 6) {
    resource = random.pick(core);
    path = random.chance(0.95) ? `/api/v1/namespaces/${namespace}/${resource}` : `/api/v1/${resource}`;
  } else if (choice < 7) {
    resource = random.pick(cluster);
    path = `/api/v1/${resource}`;
  } else {
    const [group, plural, namespaced] = random.pick(grouped);
    resource = plural;
    path = namespaced ? `/apis/${group}/namespaces/${namespace}/${plural}` : `/apis/${group}/${plural}`;
  }
  const named = random.chance(0.1) ? name === undefined : name !== undefined;
  if (named) path += `/${random.chance(0.95) ? name ?? "a" : odd()}`;
  if (named && random.chance(0.2)) path += `/${random.pick(subresources)}`;
  return { path, kind: kinds[resource] ?? "Pod" };
}

function randomQuery(random: Random): string {
  if (random.chance(0.6)) return "";
  const query = new URLSearchParams();
  for (let i = random.below(3); i >= 0; i--) query.append(random.pick(parameters), random.pick(values));
  return random.chance(0.1) ? `${query}&%zz=&=&&watch=maybe` : String(query);
}

const kinds: Record<string, string> = {
  pods: "Pod",
  services: "Service",
  configmaps: "ConfigMap",
  secrets: "Secret",
  serviceaccounts: "ServiceAccount",
  events: "Event",
  endpoints: "Endpoints",
  persistentvolumeclaims: "PersistentVolumeClaim",
  namespaces: "Namespace",
  nodes: "Node",
  persistentvolumes: "PersistentVolume",
  endpointslices: "EndpointSlice",
  leases: "Lease",
  roles: "Role",
  rolebindings: "RoleBinding",
  clusterroles: "ClusterRole",
  clusterrolebindings: "ClusterRoleBinding",
  priorityclasses: "PriorityClass",
  runtimeclasses: "RuntimeClass",
};

type Loose = Record<string, unknown>;

/** An object of a kind as it should be. */
function honest(kind: string, name: string): Loose {
  const metadata: Loose = { name, labels: { a: "b" } };
  const object = (apiVersion: string, more: Loose): Loose => ({ apiVersion, kind, metadata, ...more });
  const rbac = "rbac.authorization.k8s.io/v1";
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" };
  switch (kind) {
    case "Pod":
      return object("v1", {
        spec: {
          containers: [{
            name: "main",
            image: "x:1",
            env: [{ name: "A", value: "1" }],
            ports: [{ containerPort: 80 }],
          }],
          volumes: [{ name: "v", emptyDir: {} }],
        },
      });
    case "Service":
      return object("v1", { spec: { selector: { a: "b" }, ports: [{ port: 80 }] } });
    case "ConfigMap":
      return object("v1", { data: { a: "1" } });
    case "Secret":
      return object("v1", { data: { a: "MQ==" } });
    case "PersistentVolumeClaim":
      return object("v1", { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } });
    case "PersistentVolume":
      return object("v1", {
        spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, hostPath: { path: "/x" } },
      });
    case "Event":
      return object("v1", {
        involvedObject: { kind: "Pod", name: "a", namespace: "default" },
        reason: "R",
        message: "m",
        type: "Normal",
      });
    case "EndpointSlice":
      return object("discovery.k8s.io/v1", {
        addressType: "IPv4",
        endpoints: [{ addresses: ["10.0.0.1"] }],
        ports: [{ port: 80 }],
      });
    case "Lease":
      return object("coordination.k8s.io/v1", { spec: { holderIdentity: "a", leaseDurationSeconds: 10 } });
    case "Role":
    case "ClusterRole":
      return object(rbac, { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] });
    case "RoleBinding":
    case "ClusterRoleBinding":
      return object(rbac, { roleRef, subjects: [{ kind: "ServiceAccount", name: "default", namespace: "default" }] });
    case "PriorityClass":
      return object("scheduling.k8s.io/v1", { value: 10 });
    case "RuntimeClass":
      return object("node.k8s.io/v1", { handler: "runc" });
    default:
      return object("v1", {});
  }
}

/** Puts something else at a random place. */
function mutate(random: Random, value: unknown): unknown {
  if (typeof value !== "object" || value === null || random.chance(0.15)) return random.json(2);
  if (Array.isArray(value)) {
    const copy = [...value];
    if (copy.length === 0 || random.chance(0.3)) copy.push(random.json(2));
    else copy[random.below(copy.length)] = mutate(random, random.pick(copy));
    return copy;
  }
  const keys = Object.keys(value);
  if (keys.length === 0 || random.chance(0.2)) return { ...value, [random.key()]: random.json(2) };
  const key = random.pick(keys);
  if (random.chance(0.1)) {
    const { [key]: _, ...rest } = value as Loose;
    return rest;
  }
  return { ...value, [key]: mutate(random, (value as Loose)[key]) };
}

function patchOperations(random: Random): unknown {
  const pointer = () =>
    random.pick([
      "",
      "/",
      "/metadata/labels/a",
      "/spec/containers/0/image",
      "/spec/containers/-",
      "/data/a",
      "/metadata/finalizers",
      "/__proto__/x",
      "/metadata/name",
      "/a~1b~0",
      "x",
    ]);
  return Array.from({ length: random.below(4) }, () => ({
    op: random.pick(["add", "remove", "replace", "move", "copy", "test", "frob", 3]),
    path: pointer(),
    ...(random.chance(0.7) ? { value: random.json(2) } : {}),
    ...(random.chance(0.3) ? { from: pointer() } : {}),
  }));
}

function randomBody(random: Random, kind: string, method: string, type: string, name: string): Uint8Array {
  let value: unknown = honest(kind, name);
  if (method === "DELETE") {
    value = { kind: "DeleteOptions", apiVersion: "v1", gracePeriodSeconds: random.pick([0, 1, 30, -1]) };
  } else if (type === "application/json-patch+json" && random.chance(0.9)) value = patchOperations(random);
  for (let i = random.below(3); i > 0; i--) value = mutate(random, value);
  if (random.chance(0.05)) value = random.json(5);
  let text = JSON.stringify(value) ?? "";
  if (random.chance(0.08)) text = text.slice(0, random.below(text.length + 1));
  if (random.chance(0.01)) text = "[".repeat(random.below(100_000));
  if (random.chance(0.01)) text = `{"a":`.repeat(random.below(50_000));
  if (random.chance(0.02)) text = random.text(random.below(200), ":-[]{}\"'&*!|> \n\tabc\u0000é");
  const bytes = encoder.encode(text);
  if (random.chance(0.05) && bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

/** A request as bytes; some of them are not HTTP. */
export function requestBytes({ method, path, headers, body }: FuzzRequest, random: Random): Uint8Array {
  const lines = [`${method} ${path.replace(/[^\x21-\x7e]/g, "")} HTTP/1.1`, "Host: localhost"];
  for (const [name, value] of headers) lines.push(`${name}: ${value.replace(/[^\x20-\x7e]/g, "")}`);
  if (body && random.chance(0.1)) {
    lines.push("transfer-encoding: chunked");
    const head = encoder.encode(lines.join("\r\n") + `\r\n\r\n${body.length.toString(16)}\r\n`);
    return join(head, body, encoder.encode(body.length === 0 ? "\r\n" : "\r\n0\r\n\r\n"));
  }
  if (body) lines.push(`content-length: ${body.length}`);
  return join(encoder.encode(lines.join("\r\n") + "\r\n\r\n"), body ?? new Uint8Array(0));
}

function join(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
