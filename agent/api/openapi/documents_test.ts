import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { testNode } from "../testing.ts";
import type { Schema } from "./definitions.ts";
import { Documents } from "./documents.ts";
import { testVersions } from "./testing.ts";

const load = () => Documents.load(testVersions(), "1.2.3");
const read = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes)) as Schema;
type Item = Record<string, Operation> & { parameters: Schema[] };
type Operation = Schema & { parameters?: Schema[]; operationId: string };
const pathsOf = (document: Schema) => document.paths as Record<string, Item>;
const operationsOf = (item: Item) =>
  Object.entries(item).filter(([method]) => ["get", "put", "post", "patch", "delete"].includes(method)) as [
    string,
    Operation,
  ][];

Deno.test("every document is right by its version's own schema", async () => {
  const documents = await load();
  const all: [string, Uint8Array | undefined][] = [
    ["version 2", documents.version2("json")],
    ...["api/v1", "apis/metrics.k8s.io/v1beta1"].map((key): [string, Uint8Array | undefined] => [
      `version 3.0 of ${key}`,
      documents.version3(key),
    ]),
    ["version 3.1", documents.whole()],
  ];
  const validator = new Validator();
  for (const [name, bytes] of all) {
    assert.ok(bytes, name);
    const { valid, errors } = await validator.validate(read(bytes));
    assert.ok(valid, `${name}: ${JSON.stringify(errors)?.slice(0, 500)}`);
  }
});

Deno.test("every operation has a name of its own, and every name in a path its parameter", async () => {
  const documents = await load();
  for (const bytes of [documents.version2("json"), documents.whole()]) {
    const ids: string[] = [];
    for (const [path, item] of Object.entries(pathsOf(read(bytes)))) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
      for (const [method, operation] of operationsOf(item)) {
        ids.push(operation.operationId);
        const parameters = [...item.parameters ?? [], ...operation.parameters ?? []];
        const names = parameters.filter((each) => each.in === "path").map(({ name }) => name);
        assert.deepEqual(names.sort(), inPath, `${method} ${path}`);
        const all = parameters.map((each) => `${each.in} ${each.name}`);
        assert.equal(new Set(all).size, all.length, `${method} ${path}: ${all}`);
      }
    }
    assert.equal(new Set(ids).size, ids.length, ids.filter((id, at) => ids.indexOf(id) !== at).join());
    assert.ok(ids.length > 150);
  }
});

Deno.test("a patch says that it takes fieldValidation and dryRun, and of which kind it is", async () => {
  const { patch } = pathsOf(read((await load()).version3("api/v1")))["/api/v1/namespaces/{namespace}/pods/{name}"];
  assert.deepEqual(patch["x-kubernetes-group-version-kind"], { group: "", kind: "Pod", version: "v1" });
  assert.deepEqual(patch.parameters!.map(({ name }) => name), ["dryRun", "fieldManager", "fieldValidation", "force"]);
  assert.equal(patch["x-kubernetes-action"], "patch");
  assert.equal(patch.operationId, "patchCoreV1NamespacedPod");
  assert.deepEqual(Object.keys((patch.requestBody as Schema).content as Schema), [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
  ]);
});

Deno.test("operations are named as in Kubernetes", async () => {
  const documents = await load();
  const of = (key: string) => pathsOf(read(documents.version3(key)));
  const pods = of("api/v1");
  const id = (path: string, method: string) => pods[path]?.[method]?.operationId;
  const one = "/api/v1/namespaces/{namespace}/pods/{name}";
  assert.equal(id("/api/v1/pods", "get"), "listCoreV1PodForAllNamespaces");
  assert.equal(id("/api/v1/namespaces/{namespace}/pods", "get"), "listCoreV1NamespacedPod");
  assert.equal(id("/api/v1/namespaces/{namespace}/pods", "delete"), "deleteCoreV1CollectionNamespacedPod");
  assert.equal(id(`${one}/status`, "put"), "replaceCoreV1NamespacedPodStatus");
  assert.equal(id(`${one}/resize`, "patch"), "patchCoreV1NamespacedPodResize");
  assert.equal(id(`${one}/log`, "get"), "readCoreV1NamespacedPodLog");
  assert.equal(id(`${one}/exec`, "post"), "connectCoreV1PostNamespacedPodExec");
  assert.equal(id(`${one}/eviction`, "post"), "createCoreV1NamespacedPodEviction");
  assert.equal(id("/api/v1/nodes/{name}", "get"), "readCoreV1Node");
  const rbac = of("apis/rbac.authorization.k8s.io/v1");
  const roles = rbac["/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles"];
  assert.equal(roles.post.operationId, "createRbacAuthorizationV1NamespacedRole");
  assert.deepEqual(roles.post.tags, ["rbacAuthorization_v1"]);
});

Deno.test("a subresource that shows another kind is of that kind", async () => {
  const pods = pathsOf(read((await load()).version3("api/v1")));
  const { post } = pods["/api/v1/namespaces/{namespace}/pods/{name}/eviction"];
  assert.deepEqual(post["x-kubernetes-group-version-kind"], { group: "policy", kind: "Eviction", version: "v1" });
  const content = (post.requestBody as Schema).content as Record<string, Schema>;
  assert.deepEqual(content["application/json"].schema, { $ref: "#/components/schemas/io.k8s.api.policy.v1.Eviction" });
});

Deno.test("the whole document has every path that the API answers", async () => {
  const { app } = testNode();
  const documented = Object.keys(pathsOf(read((await load()).whole())));
  const patterns = documented.map((path) =>
    new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{\w+\}/g, "[^/]+")}$`)
  );
  const routes = new Set(app.routes.map(({ path }) => path).filter((path) => !path.endsWith("*")));
  assert.ok(routes.size > 10);
  const missing = [...routes].filter((route) => {
    const sample = route.replace(/:\w+/g, "x").replace(/(.)\/$/, "$1");
    return !patterns.some((pattern) => pattern.test(sample));
  });
  assert.deepEqual(missing, []);
});
