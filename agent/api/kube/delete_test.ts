import assert from "node:assert/strict";
import { testPod } from "../testing.ts";
import { client, configMap, configMaps } from "./testing.ts";

const at = `${configMaps}/a`;

Deno.test("what has nobody to wait for is gone at once, and the answer says so", async () => {
  const node = client();
  const { body: made } = await node.create(configMaps, configMap("a"));
  const { code, body } = await node.remove(at);
  assert.equal(code, 200);
  assert.deepEqual(body, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name: "a", kind: "configmaps", uid: made.metadata.uid },
  });
  assert.equal((await node.get(at)).code, 404);
  assert.equal((await node.remove(at)).code, 404);
});

Deno.test("finalizers hold an object until the last one is taken away", async () => {
  const node = client();
  const finalizers = ["example.com/a", "example.com/b"];
  await node.create(configMaps, { ...configMap("a"), metadata: { name: "a", finalizers } });
  const { body: ending } = await node.remove(at);
  assert.equal(ending.metadata.deletionTimestamp, "2026-01-01T00:00:00Z");
  assert.equal(ending.metadata.deletionGracePeriodSeconds, 0);
  const again = await node.remove(at);
  assert.equal(again.body.metadata.resourceVersion, ending.metadata.resourceVersion);

  const more = await node.patch("merge", at, { metadata: { finalizers: [...finalizers, "example.com/c"] } });
  assert.equal(more.code, 422);
  assert.match(
    more.body.message,
    /metadata\.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"example\.com\/c"\}/,
  );
  const fewer = await node.patch("merge", at, { metadata: { finalizers: ["example.com/b"] } });
  assert.equal(fewer.code, 200);
  assert.equal((await node.get(at)).code, 200);
  const last = await node.patch("merge", at, { metadata: { finalizers: null } });
  assert.equal(last.code, 200);
  assert.equal(last.body.metadata.name, "a");
  assert.equal((await node.get(at)).code, 404);
});

Deno.test("a delete of another incarnation or version is a conflict", async () => {
  const node = client();
  const { body } = await node.create(configMaps, configMap("a"));
  const other = await node.remove(at, { preconditions: { uid: "other" } });
  assert.equal(other.code, 409);
  assert.match(other.body.message, /the UID in the precondition \(other\) does not match the UID in record/);
  const stale = await node.remove(at, {
    kind: "DeleteOptions",
    apiVersion: "v1",
    preconditions: { resourceVersion: "1" },
  });
  assert.equal(stale.code, 409);
  assert.match(stale.body.message, /the ResourceVersion in the precondition \(1\) does not match/);
  const { uid, resourceVersion } = body.metadata;
  assert.equal((await node.remove(at, { preconditions: { uid, resourceVersion } })).code, 200);
});

const refusals: [what: string, query: string, body: unknown, code: number, message: RegExp][] = [
  ["an unknown policy", "?propagationPolicy=Half", undefined, 422, /propagationPolicy: Unsupported value: "Half"/],
  [
    "two policies",
    "",
    { propagationPolicy: "Orphan", orphanDependents: true },
    422,
    /orphanDependents and deletionPropagation cannot be both set/,
  ],
  ["a grace that is no number", "", { gracePeriodSeconds: "soon" }, 400, /gracePeriodSeconds has the wrong type/],
  [
    "another object",
    "",
    { kind: "Pod", apiVersion: "v1" },
    400,
    /^Pod in version v1 cannot be handled as a DeleteOptions/,
  ],
];
for (const [what, query, body, code, message] of refusals) {
  Deno.test(`a delete with ${what} is ${code}`, async () => {
    const node = client();
    await node.create(configMaps, configMap("a"));
    const answer = await node.remove(`${at}${query}`, body);
    assert.equal(answer.code, code);
    assert.match(answer.body.message, message);
    assert.equal((await node.get(at)).code, 200);
  });
}

Deno.test("a policy is left to the garbage collector as a finalizer, from body and query", async () => {
  const node = client();
  const finalizers: [policy: string, held: string[] | undefined][] = [
    ["Foreground", ["foregroundDeletion"]],
    ["Orphan", ["orphan"]],
    ["Background", undefined],
  ];
  for (const [propagationPolicy, held] of finalizers) {
    for (const way of ["body", "query"]) {
      await node.create(configMaps, configMap("a"));
      const query = way === "query" ? `?propagationPolicy=${propagationPolicy}` : "";
      const { code, body } = await node.remove(at + query, way === "body" ? { propagationPolicy } : undefined);
      assert.equal(code, 200);
      assert.deepEqual(body.metadata.finalizers, held);
      assert.equal((await node.get(at)).code, held ? 200 : 404);
      if (held) await node.patch("merge", at, { metadata: { finalizers: null } });
      assert.equal((await node.get(at)).code, 404);
    }
  }
});

Deno.test("a dry run deletes nothing", async () => {
  const node = client();
  await node.create(configMaps, configMap("a"));
  assert.equal((await node.remove(at, { dryRun: ["All"] })).body.status, "Success");
  assert.equal((await node.remove(`${at}?dryRun=All`)).body.status, "Success");
  assert.equal((await node.get(at)).code, 200);
});

Deno.test("a collection is deleted by its selectors, and answered with what went", async () => {
  const node = client();
  for (const [name, app] of [["a", "x"], ["b", "x"], ["c", "y"]]) {
    await node.create(configMaps, { ...configMap(name), metadata: { name, labels: { app } } });
  }
  const { code, body } = await node.remove(`${configMaps}?labelSelector=app=x`);
  assert.equal(code, 200);
  assert.equal(body.kind, "ConfigMapList");
  assert.deepEqual(body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name), ["a", "b"]);
  assert.equal((await node.get(configMaps)).body.items.length, 1);
});

Deno.test("pods of the manifest directory stay when all pods are deleted, and the answer says why", async () => {
  const node = client();
  const annotations = { "kubernetes.io/config.source": "file", "dev.islet/source-file": "/etc/islet/web.yaml" };
  node.store.put(testPod({ name: "filed", metadata: { annotations } }));
  node.store.put(testPod({ name: "loose", spec: { nodeName: "" } }));
  const pods = "/api/v1/namespaces/default/pods";
  const { code, warnings } = await node.remove(pods);
  assert.equal(code, 200);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /filed.*\/etc\/islet\/web\.yaml/);
  assert.equal((await node.get(`${pods}/filed`)).body.metadata.deletionTimestamp, undefined);
  assert.equal((await node.get(`${pods}/loose`)).code, 404);
  assert.equal((await node.remove(`${pods}/filed`)).code, 403);
});

Deno.test("a namespace that holds pods of the manifest directory is not deleted: their files are named", async () => {
  const node = client();
  await node.create("/api/v1/namespaces", { metadata: { name: "apps" } });
  const annotations = { "kubernetes.io/config.source": "file", "dev.islet/source-file": "/etc/islet/web.yaml" };
  node.store.put(testPod({ name: "filed", metadata: { namespace: "apps", annotations } }));
  const { code, body } = await node.remove("/api/v1/namespaces/apps");
  assert.equal(code, 409);
  assert.match(body.message, /\/etc\/islet\/web\.yaml/);
  assert.equal((await node.get("/api/v1/namespaces/apps")).body.metadata.deletionTimestamp, undefined);
  const lasting = await node.remove("/api/v1/namespaces/default");
  assert.equal(lasting.body.message, 'namespaces "default" is forbidden: this namespace may not be deleted');
});

Deno.test("what comes from a manifest is changed and removed by its file, whatever its kind", async () => {
  const node = client();
  const annotations = { "kubernetes.io/config.source": "file", "dev.islet/source-file": "/etc/islet/a.yaml" };
  node.store.put({ ...configMap("a"), metadata: { name: "a", namespace: "default", annotations } });
  const why = (what: string) =>
    `configmaps "a" is forbidden: it comes from the manifest /etc/islet/a.yaml: ${what} that file instead`;
  const removed = await node.remove(at);
  assert.deepEqual([removed.code, removed.body.message], [403, why("remove")]);
  for (
    const answer of [
      await node.put(at, configMap("a", { data: {} })),
      await node.patch("merge", at, { data: { b: "2" } }),
      await node.patch("apply", `${at}?fieldManager=m&force=true`, { ...configMap("a"), data: { b: "2" } }),
    ]
  ) assert.deepEqual([answer.code, answer.body.message], [403, why("edit")]);
  assert.deepEqual((await node.get(at)).body.data, { a: "1" });
});
