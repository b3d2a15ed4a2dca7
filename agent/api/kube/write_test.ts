import assert from "node:assert/strict";
import { StoreError } from "../../store/mod.ts";
import { client, configMap, configMaps } from "./testing.ts";

const pods = "/api/v1/namespaces/default/pods";
const accounts = "/api/v1/namespaces/default/serviceaccounts";

Deno.test("a create answers 201 with what is the server's to say, whatever was sent of that", async () => {
  const node = client();
  const { code, body } = await node.create(configMaps, {
    ...configMap("a"),
    metadata: {
      name: "a",
      uid: "mine",
      generation: 7,
      creationTimestamp: "2001-01-01T00:00:00Z",
      deletionTimestamp: "2001-01-01T00:00:00Z",
      labels: { x: "y" },
    },
  });
  assert.equal(code, 201);
  const { uid, resourceVersion, creationTimestamp, managedFields, ...rest } = body.metadata;
  assert.deepEqual(rest, { name: "a", namespace: "default", labels: { x: "y" } });
  assert.match(uid, /^[0-9a-f-]{36}$/);
  assert.equal(resourceVersion, node.store.resourceVersion);
  assert.equal(creationTimestamp, "2026-01-01T00:00:00Z");
  assert.equal(managedFields[0].operation, "Update");
  assert.deepEqual((await node.get(`${configMaps}/a`)).body, body);
});

Deno.test("what is there cannot be created again", async () => {
  const node = client();
  await node.create(configMaps, configMap("a"));
  const { code, body } = await node.create(configMaps, configMap("a"));
  assert.deepEqual(body, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: 'configmaps "a" already exists',
    reason: "AlreadyExists",
    details: { name: "a", kind: "configmaps" },
    code: 409,
  });
  assert.equal(code, 409);
});

Deno.test("generateName adds five letters, again as long as the name is taken", async () => {
  const node = client();
  const found = new Set<string>();
  for (let count = 0; count < 20; count++) {
    const { code, body } = await node.create(configMaps, { ...configMap(""), metadata: { generateName: "job-" } });
    assert.equal(code, 201);
    assert.match(body.metadata.name, /^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    assert.equal(body.metadata.generateName, "job-");
    found.add(body.metadata.name);
  }
  assert.equal(found.size, 20);
  const long = await node.create(configMaps, { ...configMap(""), metadata: { generateName: "x".repeat(80) } });
  assert.equal(long.body.metadata.name.length, 63);
});

Deno.test("a namespace labels itself with the name that was made for it", async () => {
  const { body } = await client().create("/api/v1/namespaces", { metadata: { generateName: "team-" } });
  assert.equal(body.metadata.labels["kubernetes.io/metadata.name"], body.metadata.name);
  assert.deepEqual(body.spec.finalizers, ["kubernetes"]);
  assert.equal(body.status.phase, "Active");
});

const refusals: [what: string, path: string, body: unknown, code: number, message: string | RegExp][] = [
  [
    "without a name",
    configMaps,
    configMap(""),
    422,
    /metadata\.name: Required value: name or generateName is required/,
  ],
  [
    "in a namespace that is not there",
    "/api/v1/namespaces/nope/configmaps",
    configMap("a"),
    404,
    'namespaces "nope" not found',
  ],
  [
    "for another namespace",
    configMaps,
    { ...configMap("a"), metadata: { name: "a", namespace: "other" } },
    400,
    "the namespace of the provided object does not match the namespace sent on the request",
  ],
  [
    "with a resourceVersion",
    configMaps,
    { ...configMap("a"), metadata: { name: "a", resourceVersion: "1" } },
    400,
    "resourceVersion should not be set on objects to be created",
  ],
  [
    "of another kind",
    configMaps,
    { apiVersion: "v1", kind: "Secret", metadata: { name: "a" } },
    400,
    /^Secret in version "v1" cannot be handled as a ConfigMap: /,
  ],
  [
    "of another version",
    configMaps,
    { ...configMap("a"), apiVersion: "v2" },
    400,
    'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2"',
  ],
  [
    "with a wrong type",
    configMaps,
    { ...configMap("a"), data: { a: 1 } },
    400,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ' +
    "ConfigMap.data of type string",
  ],
  ["that is no object", configMaps, "[]", 400, /the body of the request is not an object/],
  ["that is cut off", configMaps, '{"kind":"Con', 400, /json parse error/],
];
for (const [what, path, body, code, message] of refusals) {
  Deno.test(`a create ${what} is ${code}`, async () => {
    const answer = await client().create(path, body);
    assert.equal(answer.code, code);
    if (typeof message === "string") assert.equal(answer.body.message, message);
    else assert.match(answer.body.message, message);
  });
}

Deno.test("what is wrong with fields is 422 with a cause for each", async () => {
  const { code, body } = await client().create(configMaps, {
    ...configMap("A_"),
    data: { "a/b": "1" },
  });
  assert.equal(code, 422);
  assert.equal(body.reason, "Invalid");
  assert.match(body.message, /^ConfigMap "A_" is invalid: \[metadata\.name: Invalid value: "A_": /);
  assert.deepEqual(body.details.causes.map(({ field, reason }: Record<string, string>) => [field, reason]), [
    ["metadata.name", "FieldValueInvalid"],
    ["data[a/b]", "FieldValueInvalid"],
  ]);
  assert.equal(body.details.kind, "ConfigMap");
});

Deno.test("unknown and repeated fields are errors, warnings or nothing, as the client wants", async () => {
  const node = client();
  const body = (name: string) => `{"metadata":{"name":"${name}","nmae":"x"},"data":{"a":"1","a":"2"},"spec":{}}`;
  const strict = await node.create(`${configMaps}?fieldValidation=Strict`, body("a"));
  assert.equal(strict.code, 400);
  assert.equal(
    strict.body.message,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a", ' +
      'unknown field "metadata.nmae", unknown field "spec"',
  );
  const warned = await node.create(configMaps, body("b"));
  assert.equal(warned.code, 201);
  assert.deepEqual(warned.warnings, [
    'duplicate field "data.a"',
    'unknown field "metadata.nmae"',
    'unknown field "spec"',
  ]);
  assert.equal(warned.body.spec, undefined);
  const ignored = await node.create(`${configMaps}?fieldValidation=Ignore`, body("c"));
  assert.deepEqual([ignored.code, ignored.warnings], [201, []]);
  const wrong = await node.create(`${configMaps}?fieldValidation=Perhaps`, body("d"));
  assert.equal(wrong.code, 422);
  assert.match(
    wrong.body.message,
    /^CreateOptions\.meta\.k8s\.io "" is invalid: fieldValidation: Unsupported value: "Perhaps"/,
  );
});

Deno.test("YAML is taken as well as JSON, other types are not", async () => {
  const node = client();
  const yaml = "kind: ConfigMap\nmetadata:\n  name: from-yaml\ndata: {a: b}\n";
  const taken = await node.ask("POST", configMaps, { body: yaml, type: "application/yaml" });
  assert.equal(taken.code, 201);
  assert.equal(taken.body.data.a, "b");
  const two = await node.ask("POST", configMaps, { body: `${yaml}---\n${yaml}`, type: "application/yaml" });
  assert.equal(two.code, 400);
  const other = await node.ask("POST", configMaps, { body: "a=b", type: "application/x-www-form-urlencoded" });
  assert.equal(other.code, 415);
  assert.equal(
    other.body.message,
    "the body of the request was in an unknown format - accepted media types include: application/json, " +
      "application/yaml, application/vnd.kubernetes.protobuf",
  );
});

Deno.test("a body over 3 MiB is 413, an object that the store does not take too", async () => {
  const node = client();
  const large = await node.create(configMaps, JSON.stringify(configMap("a", { data: { a: "x".repeat(3 << 20) } })));
  assert.equal(large.code, 413);
  assert.equal(large.body.message, "Request entity too large: limit is 3145728");
  const annotations = { a: "x".repeat(200_000) };
  const fits = await node.create(configMaps, { ...configMap("a"), metadata: { name: "a", annotations } });
  assert.equal(fits.code, 201);
});

Deno.test("an update needs no version, but a stale one is a conflict", async () => {
  const node = client();
  const { body: made } = await node.create(configMaps, configMap("a"));
  const blind = await node.put(`${configMaps}/a`, configMap("a", { data: { a: "2" } }));
  assert.equal(blind.code, 200);
  assert.equal(blind.body.metadata.uid, made.metadata.uid);
  const stale = await node.put(`${configMaps}/a`, { ...made, data: { a: "3" } });
  assert.equal(stale.code, 409);
  assert.equal(stale.body.reason, "Conflict");
  assert.equal(
    stale.body.message,
    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to ' +
      "the latest version and try again",
  );
  const fresh = await node.put(`${configMaps}/a`, { ...blind.body, data: { a: "3" } });
  assert.equal(fresh.body.data.a, "3");
});

Deno.test("of two updates of one version at the same moment one is a conflict", async () => {
  const node = client();
  const { body } = await node.create(configMaps, configMap("a"));
  const both = await Promise.all(
    ["2", "3"].map((value) => node.put(`${configMaps}/a`, { ...body, data: { a: value } })),
  );
  assert.deepEqual(both.map(({ code }) => code).sort(), [200, 409]);
});

Deno.test("an update of another incarnation is a conflict, one of nothing is 404, one under another name 400", async () => {
  const node = client();
  await node.create(configMaps, configMap("a"));
  const other = await node.put(`${configMaps}/a`, { ...configMap("a"), metadata: { name: "a", uid: "other" } });
  assert.equal(other.code, 409);
  assert.match(other.body.message, /Precondition failed: UID in precondition: other, UID in object meta: /);
  assert.equal((await node.put(`${configMaps}/b`, configMap("b"))).code, 404);
  const named = await node.put(`${configMaps}/a`, configMap("b"));
  assert.equal(named.code, 400);
  assert.equal(named.body.message, "the name of the object (b) does not match the name on the URL (a)");
});

Deno.test("an update that changes nothing leaves the version", async () => {
  const node = client();
  const { body } = await node.create(configMaps, configMap("a"));
  await node.clock.advance(60_000);
  const same = await node.put(`${configMaps}/a`, configMap("a"));
  assert.equal(same.body.metadata.resourceVersion, body.metadata.resourceVersion);
});

Deno.test("an immutable ConfigMap cannot be changed", async () => {
  const node = client();
  await node.create(configMaps, configMap("a", { immutable: true }));
  const { code, body } = await node.put(`${configMaps}/a`, configMap("a", { immutable: true, data: { a: "2" } }));
  assert.equal(code, 422);
  assert.match(body.message, /data: Forbidden: field is immutable when `immutable` is set$/);
});

Deno.test("kinds that clients renew by PUT are made by it, and their version must be named", async () => {
  const node = client();
  const path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l";
  const made = await node.put(path, { metadata: { name: "l" }, spec: { holderIdentity: "a" } });
  assert.equal(made.code, 201);
  const blind = await node.put(path, { metadata: { name: "l" }, spec: { holderIdentity: "b" } });
  assert.equal(blind.code, 422);
  assert.match(blind.body.message, /metadata\.resourceVersion: Invalid value: 0: must be specified for an update$/);
  const renewed = await node.put(path, { ...made.body, spec: { holderIdentity: "b" } });
  assert.equal(renewed.code, 200);
  assert.equal(node.store.list("Lease").length, 0, "leases are not written to disk");
});

Deno.test("a dry run says what would be and changes nothing", async () => {
  const node = client();
  const version = node.store.resourceVersion;
  const made = await node.create(`${configMaps}?dryRun=All`, configMap("a"));
  assert.equal(made.code, 201);
  assert.ok(made.body.metadata.uid);
  assert.equal((await node.get(`${configMaps}/a`)).code, 404);
  const taken = await node.create(`${configMaps}?dryRun=All`, {
    metadata: { name: "x", namespace: "default" },
    data: 1,
  });
  assert.equal(taken.code, 400);
  assert.equal(node.store.resourceVersion, version);
  const { body } = await node.create(configMaps, configMap("a"));
  const updated = await node.put(`${configMaps}/a?dryRun=All`, configMap("a", { data: { a: "2" } }));
  assert.equal(updated.body.data.a, "2");
  assert.equal(updated.body.metadata.resourceVersion, body.metadata.resourceVersion);
  assert.deepEqual((await node.get(`${configMaps}/a`)).body, body);
  const wrong = await node.create(`${configMaps}?dryRun=Some`, configMap("b"));
  assert.equal(wrong.code, 422);
  assert.match(wrong.body.message, /dryRun\[0\]: Unsupported value: "Some": supported values: "All"$/);
});

Deno.test("an object's status is written apart from the rest", async () => {
  const node = client();
  await node.create(accounts, { metadata: { name: "default" } });
  const sent = {
    metadata: { name: "p" },
    spec: { containers: [{ name: "c", image: "i" }] },
    status: { phase: "Running" },
  };
  const { body, code } = await node.create(pods, sent);
  assert.equal(code, 201);
  assert.equal(body.status.phase, "Pending", "a new object's status is the server's");
  const whole = await node.put(`${pods}/p`, {
    ...body,
    status: { phase: "Failed" },
    metadata: { ...body.metadata, labels: { a: "b" } },
  });
  assert.equal(whole.body.status.phase, "Pending");
  assert.equal(whole.body.metadata.labels.a, "b");
  const status = await node.put(`${pods}/p/status`, {
    ...whole.body,
    spec: { ...whole.body.spec, nodeName: "elsewhere" },
    status: { ...whole.body.status, phase: "Running" },
  });
  assert.equal(status.code, 200);
  assert.equal(status.body.status.phase, "Running");
  assert.equal(status.body.spec.nodeName, undefined);
  assert.equal(status.body.metadata.generation, whole.body.metadata.generation);
  assert.equal((await node.get(`${pods}/p/status`)).body.status.phase, "Running");
  const entries = status.body.metadata.managedFields.map((entry: Record<string, string>) => entry.subresource);
  assert.deepEqual(entries, [undefined, "status"]);
});

Deno.test("in a namespace that ends nothing new is made", async () => {
  const node = client();
  await node.create("/api/v1/namespaces", { metadata: { name: "old" } });
  const { body: ending } = await node.remove("/api/v1/namespaces/old");
  assert.ok(ending.metadata.deletionTimestamp);
  const { code, body } = await node.create("/api/v1/namespaces/old/configmaps", configMap("a"));
  assert.equal(code, 403);
  assert.equal(
    body.message,
    'configmaps "a" is forbidden: unable to create new content in namespace old because it is being terminated',
  );
  assert.deepEqual(body.details.causes, [{
    reason: "NamespaceTerminating",
    message: "namespace old is being terminated",
    field: "metadata.namespace",
  }]);
});

Deno.test("what writes is noted under its fieldManager, else under its program's name", async () => {
  const node = client();
  const { body } = await node.ask("POST", configMaps, { body: configMap("a"), agent: "Mozilla/5.0 (X11)" });
  assert.equal(body.metadata.managedFields[0].manager, "Mozilla");
  const named = await node.ask("POST", `${configMaps}?fieldManager=me`, { body: configMap("b"), agent: "x" });
  assert.equal(named.body.metadata.managedFields[0].manager, "me");
  const long = await node.create(`${configMaps}?fieldManager=${"m".repeat(129)}`, configMap("c"));
  assert.equal(long.code, 422);
});

Deno.test("a disk that takes no writes is 507, and reading goes on", async () => {
  const node = client();
  await node.create(configMaps, configMap("a"));
  const disk = new Error("database or disk is full");
  node.store.change = () => Promise.reject(new StoreError("full", "Cannot write the store /x", { cause: disk }));
  for (
    const answer of [
      await node.create(configMaps, configMap("b")),
      await node.put(`${configMaps}/a`, configMap("a")),
      await node.patch("merge", `${configMaps}/a`, {}),
      await node.remove(`${configMaps}/a`),
    ]
  ) {
    assert.equal(answer.code, 507);
    assert.equal(answer.body.kind, "Status");
    assert.match(answer.body.message, /takes no writes at present: database or disk is full$/);
    assert.equal(answer.headers.get("retry-after"), "10");
  }
  assert.equal((await node.get(`${configMaps}/a`)).code, 200);
});
