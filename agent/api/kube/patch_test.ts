import assert from "node:assert/strict";
import { client, configMap, configMaps } from "./testing.ts";

const at = `${configMaps}/a`;

async function one() {
  const node = client();
  await node.create(configMaps, configMap("a"));
  return node;
}

Deno.test("three kinds of patches change what they name and nothing else", async () => {
  const node = await one();
  const merged = await node.patch("merge", at, { data: { b: "2" } });
  assert.deepEqual([merged.code, merged.body.data], [200, { a: "1", b: "2" }]);
  const strategic = await node.patch("strategic", at, { metadata: { labels: { x: "y" } }, data: { a: null } });
  assert.deepEqual(strategic.body.data, { b: "2" });
  const json = await node.patch("json", at, [{ op: "replace", path: "/data/b", value: "3" }]);
  assert.deepEqual([json.body.data, json.body.metadata.labels], [{ b: "3" }, { x: "y" }]);
});

Deno.test("a strategic patch of a pod's container goes by its name", async () => {
  const node = client();
  await node.create("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
  const containers = [{ name: "a", image: "a:1" }, { name: "b", image: "b:1" }];
  await node.create("/api/v1/namespaces/default/pods", { metadata: { name: "p" }, spec: { containers } });
  const path = "/api/v1/namespaces/default/pods/p";
  const { code, body } = await node.patch("strategic", path, { spec: { containers: [{ name: "b", image: "b:2" }] } });
  assert.equal(code, 200);
  assert.deepEqual(body.spec.containers.map(({ image }: { image: string }) => image), ["a:1", "b:2"]);
  const refused = await node.patch("strategic", path, { spec: { hostNetwork: true } });
  assert.equal(refused.code, 422);
  assert.match(refused.body.message, /pod updates may not change fields other than/);
});

Deno.test("a patch that names a version is a conflict when that is stale, and may not name another object", async () => {
  const node = await one();
  const stale = await node.patch("merge", at, { metadata: { resourceVersion: "1" }, data: { b: "2" } });
  assert.deepEqual([stale.code, stale.body.reason], [409, "Conflict"]);
  const other = await node.patch("merge", at, { metadata: { name: "b" } });
  assert.equal(other.code, 400);
  assert.equal((await node.patch("merge", `${configMaps}/b`, {})).code, 404);
});

Deno.test("patches made at the same moment all count", async () => {
  const node = await one();
  const keys = ["b", "c", "d", "e"];
  const answers = await Promise.all(keys.map((key) => node.patch("merge", at, { data: { [key]: "x" } })));
  assert.deepEqual(answers.map(({ code }) => code), [200, 200, 200, 200]);
  assert.deepEqual(Object.keys((await node.get(at)).body.data).sort(), ["a", ...keys]);
});

Deno.test("a patch is checked as an update is: unknown fields, types, values", async () => {
  const node = await one();
  const strict = await node.patch("merge", `${at}?fieldValidation=Strict`, { dta: {} });
  assert.equal(strict.code, 400);
  assert.match(strict.body.message, /strict decoding error: unknown field "dta"$/);
  const warned = await node.patch("merge", at, { dta: {} });
  assert.deepEqual([warned.code, warned.warnings], [200, ['unknown field "dta"']]);
  assert.equal((await node.patch("merge", at, { data: { a: 5 } })).code, 400);
  assert.equal((await node.patch("merge", at, { data: { "a b": "x" } })).code, 422);
  assert.equal((await node.patch("merge", at, "{")).code, 400);
  assert.equal((await node.patch("json", at, [{ op: "remove", path: "/data/none" }])).code, 422);
});

Deno.test("a body of no known kind of patch is 415 with the kinds that are", async () => {
  const node = await one();
  const { code, body } = await node.ask("PATCH", at, { body: {}, type: "application/json" });
  assert.equal(code, 415);
  assert.equal(
    body.message,
    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, " +
      "application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml",
  );
});

const applied = (data: Record<string, string>) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata: ${JSON.stringify(data)}\n`;

Deno.test("an apply makes what is not there, changes what is its own and removes what it no longer names", async () => {
  const node = client();
  const made = await node.patch("apply", `${at}?fieldManager=me`, applied({ one: "1", two: "2" }));
  assert.equal(made.code, 201);
  assert.deepEqual(
    made.body.metadata.managedFields.map(({ manager, operation }: Record<string, string>) => `${manager} ${operation}`),
    ["me Apply"],
  );
  await node.patch("merge", at, { data: { foreign: "f" } });
  const changed = await node.patch("apply", `${at}?fieldManager=me`, applied({ one: "3" }));
  assert.equal(changed.code, 200);
  assert.deepEqual(changed.body.data, { one: "3", foreign: "f" });
  const again = await node.patch("apply", `${at}?fieldManager=me`, applied({ one: "3" }));
  assert.equal(again.body.metadata.resourceVersion, changed.body.metadata.resourceVersion);
});

Deno.test("an apply over what another manager set names that one, and takes it over by force", async () => {
  const node = client();
  await node.patch("apply", `${at}?fieldManager=first`, applied({ one: "1" }));
  const conflict = await node.patch("apply", `${at}?fieldManager=second`, applied({ one: "2" }));
  assert.equal(conflict.code, 409);
  assert.match(conflict.body.message, /conflict with "first": \.data\.one/);
  const forced = await node.patch("apply", `${at}?fieldManager=second&force=true`, applied({ one: "2" }));
  assert.deepEqual([forced.code, forced.body.data], [200, { one: "2" }]);
});

const refusals: [what: string, query: string, body: string, code: number, message: RegExp][] = [
  [
    "without a manager",
    "",
    applied({}),
    422,
    /^PatchOptions\.meta\.k8s\.io "" is invalid: fieldManager: Required value: is required for apply patch$/,
  ],
  [
    "of another name",
    "fieldManager=m",
    applied({}).replace("name: a", "name: b"),
    400,
    /does not match the name on the/,
  ],
  ["that is no YAML", "fieldManager=m", "a: [", 400, /^error converting YAML to JSON/],
  ["that is no object", "fieldManager=m", "- a", 400, /./],
];
for (const [what, query, body, code, message] of refusals) {
  Deno.test(`an apply ${what} is ${code}`, async () => {
    const answer = await client().patch("apply", `${at}?${query}`, body);
    assert.equal(answer.code, code);
    assert.match(answer.body.message, message);
  });
}

Deno.test("force is for apply alone", async () => {
  const node = await one();
  const { code, body } = await node.patch("merge", `${at}?force=true`, {});
  assert.equal(code, 422);
  assert.match(body.message, /force: Forbidden: may not be specified for non-apply patch$/);
});

Deno.test("a status is patched apart", async () => {
  const node = client();
  await node.create("/api/v1/persistentvolumes", {
    metadata: { name: "v" },
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/x" } },
  });
  const path = "/api/v1/persistentvolumes/v";
  const { body } = await node.patch("merge", `${path}/status`, {
    spec: { capacity: { storage: "2Gi" } },
    status: { phase: "Available" },
  });
  assert.deepEqual([body.status.phase, body.spec.capacity.storage], ["Available", "1Gi"]);
  const main = await node.patch("merge", path, { status: { phase: "Failed" } });
  assert.equal(main.body.status.phase, "Available");
});
