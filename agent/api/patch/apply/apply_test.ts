import assert from "node:assert/strict";
import { findKind } from "../../../objects/mod.ts";
import { ApiError } from "../../status.ts";
import type { JsonMap } from "../json.ts";
import { applyPatch } from "../mod.ts";
import { type ApplyOptions, serverSideApply, trackUpdate, type UpdateOptions } from "./mod.ts";

const schema = findKind("v1", "Pod")!.schema();
const second = (n: number) => n * 1000;

const pod = (containers: JsonMap[], metadata: JsonMap = {}): JsonMap => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "default", ...metadata },
  spec: { containers },
});
const web = { name: "web", image: "web:1" };

const apply = (options: Partial<ApplyOptions> & { applied: unknown }) =>
  serverSideApply({ manager: "me", force: false, schema, now: 0, ...options });
const update = (options: Partial<UpdateOptions> & { next: object }) =>
  trackUpdate({ manager: "editor", schema, now: 0, ...options });
const patch = (current: JsonMap, change: JsonMap, manager = "editor", now = 0) =>
  update({ current, next: applyPatch("strategic", current, change, schema), manager, now });

interface Entry {
  manager: string;
  operation: string;
  time?: string;
  subresource?: string;
  fieldsV1: JsonMap;
}
const entries = (object: JsonMap) => ((object.metadata as JsonMap).managedFields ?? []) as Entry[];
const managers = (object: JsonMap) =>
  entries(object).map(({ manager, operation, subresource }) =>
    `${manager} ${operation}${subresource ? ` ${subresource}` : ""}`
  );
const fieldsOf = (object: JsonMap, manager: string) => entries(object).find((one) => one.manager === manager)?.fieldsV1;

function refusal(run: () => unknown): ApiError {
  try {
    run();
  } catch (err) {
    if (err instanceof ApiError) return err;
    throw err;
  }
  assert.fail("it was not refused");
}

Deno.test("apply writes down what was applied, for the applier", () => {
  const made = apply({ applied: pod([web], { labels: { app: "web" } }), now: second(1) });
  assert.deepEqual(made.metadata, {
    name: "web",
    namespace: "default",
    labels: { app: "web" },
    managedFields: [{
      manager: "me",
      operation: "Apply",
      apiVersion: "v1",
      time: "1970-01-01T00:00:01Z",
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:metadata": { "f:labels": { "f:app": {} } },
        "f:spec": { "f:containers": { 'k:{"name":"web"}': { ".": {}, "f:image": {}, "f:name": {} } } },
      },
    }],
  });
});

Deno.test("a field that somebody else set is a conflict, in kube-apiserver's words", () => {
  const live = update({ next: pod([web]), manager: "kubectl-create" });
  const err = refusal(() => apply({ current: live, applied: pod([{ ...web, image: "web:2" }]) }));
  assert.equal(err.code, 409);
  assert.equal(err.reason, "Conflict");
  assert.equal(
    err.message,
    'Apply failed with 1 conflict: conflict with "kubectl-create" using v1: .spec.containers[name="web"].image',
  );
  assert.deepEqual(err.details, {
    causes: [{
      reason: "FieldManagerConflict",
      message: 'conflict with "kubectl-create" using v1',
      field: '.spec.containers[name="web"].image',
    }],
  });
});

Deno.test("conflicts with several managers are told manager by manager", () => {
  const applied = apply({ applied: pod([{ ...web, ports: [{ containerPort: 80 }] }]), manager: "owner" });
  const labelled = patch(applied, { metadata: { labels: { a: "1" }, finalizers: ["x/y"] } });
  const live = update({
    current: labelled,
    next: {
      ...labelled,
      status: { phase: "Running" },
      metadata: { ...labelled.metadata as JsonMap, annotations: { s: "1" } },
    },
    manager: "kubelet",
    subresource: "status",
  });
  const config = pod(
    [{ ...web, image: "web:2", ports: [{ containerPort: 80, name: "http" }] }],
    { labels: { a: "2" }, annotations: { s: "2" } },
  );
  const err = refusal(() => apply({ current: live, applied: config }));
  assert.equal(
    err.message,
    [
      'Apply failed with 3 conflicts: conflicts with "editor" using v1:',
      "- .metadata.labels.a",
      'conflicts with "kubelet" with subresource "status" using v1:',
      "- .metadata.annotations.s",
      'conflicts with "owner":',
      '- .spec.containers[name="web"].image',
    ].join("\n"),
  );
  assert.equal(err.details?.causes?.length, 3);
});

Deno.test("force takes the field, and its former manager no longer has it", () => {
  const live = update({ next: pod([web]) });
  const forced = apply({ current: live, applied: pod([{ ...web, image: "web:2" }]), force: true });
  assert.deepEqual((forced.spec as JsonMap).containers, [{ ...web, image: "web:2" }]);
  assert.deepEqual(fieldsOf(forced, "editor"), {
    "f:spec": { "f:containers": { 'k:{"name":"web"}': { ".": {}, "f:name": {} } } },
  });
});

Deno.test("who applies the value that is there shares it, and the field goes when the last lets go", () => {
  const config = pod([web], { labels: { shared: "1" } });
  const both = apply({ current: apply({ applied: config, now: second(1) }), applied: config, manager: "you" });
  assert.deepEqual(managers(both), ["you Apply", "me Apply"], "who changed nothing has no time");
  const one = apply({ current: both, applied: pod([web]) });
  assert.deepEqual((one.metadata as JsonMap).labels, { shared: "1" });
  const none = apply({ current: one, applied: pod([web]), manager: "you" });
  assert.equal((none.metadata as JsonMap).labels, undefined);
});

Deno.test("lists keep the order of the configuration, and others' elements where they were", () => {
  const named = (...names: string[]) => names.map((name) => ({ name, image: "x" }));
  const first = apply({ applied: pod(named("a", "b", "c")) });
  const injected = patch(first, {
    spec: { containers: [{ name: "side", image: "s" }], "$setElementOrder/containers": named("a", "side", "b", "c") },
  });
  const result = apply({ current: injected, applied: pod(named("c", "a")) });
  const names = ((result.spec as JsonMap).containers as JsonMap[]).map(({ name }) => name);
  assert.deepEqual(names, ["side", "c", "a"]);
});

Deno.test("what is replaced as a whole is one field", () => {
  const spec = (value: string) => ({
    ...pod([web]),
    spec: { containers: [web], nodeSelector: { disk: value }, tolerations: [{ key: value }] },
  });
  const err = refusal(() => apply({ current: update({ next: spec("a") }), applied: spec("b") }));
  assert.deepEqual(err.details?.causes?.map(({ field }) => field), [".spec.nodeSelector", ".spec.tolerations"]);
});

Deno.test("the status is not the main resource's to apply", () => {
  const config = { ...pod([web]), status: { phase: "Running" } };
  const fields = fieldsOf(apply({ applied: config }), "me");
  assert.deepEqual(Object.keys(fields!), ["f:spec"]);
  const status = apply({ current: apply({ applied: pod([web]) }), applied: config, subresource: "status" });
  assert.deepEqual(managers(status), ["me Apply", "me Apply status"]);
  assert.deepEqual(entries(status)[1].fieldsV1, { "f:status": { "f:phase": {} } });
});

Deno.test("an object that was never tracked has a manager before the first apply", () => {
  const live = { ...pod([web]), metadata: { name: "web", namespace: "default", uid: "u", resourceVersion: "7" } };
  const applied = apply({ current: live, applied: pod([{ ...web, image: "web:2" }]), force: true, now: second(5) });
  assert.deepEqual(managers(applied), ["me Apply", "before-first-apply Update"]);
  assert.deepEqual(fieldsOf(applied, "before-first-apply"), {
    "f:spec": { "f:containers": { 'k:{"name":"web"}': { ".": {}, "f:name": {} } } },
  });
  assert.match(
    refusal(() => apply({ current: live, applied: pod([{ ...web, image: "web:2" }]) })).message,
    /conflict with "before-first-apply" using v1: \.spec\.containers\[name="web"\]\.image$/,
  );
});

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

function clientSideApplied(config: JsonMap): JsonMap {
  const annotations = { [lastApplied]: JSON.stringify(config) };
  return update({
    next: { ...config, metadata: { ...config.metadata as JsonMap, annotations } },
    manager: "kubectl-client-side-apply",
  });
}

Deno.test("kubectl's server-side apply takes over what its client-side apply set, without conflicts", () => {
  const live = clientSideApplied(pod([web]));
  const next = pod([{ ...web, image: "web:2" }]);
  assert.equal(refusal(() => apply({ current: live, applied: next, manager: "other" })).code, 409);
  const taken = apply({ current: live, applied: next, manager: "kubectl" });
  assert.deepEqual((taken.spec as JsonMap).containers, [{ ...web, image: "web:2" }]);
  const { annotations } = taken.metadata as { annotations: Record<string, string> };
  assert.deepEqual(JSON.parse(annotations[lastApplied]), next);
});

Deno.test("what somebody changed since kubectl's client-side apply stays a conflict", () => {
  const live = clientSideApplied(pod([web]));
  const edited = patch(live, { spec: { containers: [{ name: "web", image: "hot:fix" }] } });
  const err = refusal(() => apply({ current: edited, applied: pod([{ ...web, image: "web:2" }]), manager: "kubectl" }));
  assert.equal(
    err.message,
    'Apply failed with 1 conflict: conflict with "editor" using v1: .spec.containers[name="web"].image',
  );
});

Deno.test("kubectl's own migration of managers is kept as it writes it", () => {
  const live = clientSideApplied(pod([web], { labels: { old: "1" } }));
  const entry = entries(live)[0];
  const migrated = update({
    current: live,
    next: applyPatch("json", live, [{
      op: "replace",
      path: "/metadata/managedFields",
      value: [{ ...entry, manager: "kubectl", operation: "Apply" }],
    }], schema),
    manager: "kubectl",
    now: second(9),
  });
  assert.deepEqual(managers(migrated), ["kubectl Apply"]);
  assert.deepEqual(entries(migrated)[0].fieldsV1, entry.fieldsV1);
  const applied = apply({ current: migrated, applied: pod([web]), manager: "kubectl" });
  assert.equal((applied.metadata as JsonMap).labels, undefined, "what is no longer applied goes");
});

Deno.test("a stored element that nothing tells apart is a refusal, not a crash", () => {
  const accounts = findKind("v1", "ServiceAccount")!.schema();
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "a" } };
  const live = { ...account, secrets: [{ kind: "Secret" }] };
  assert.throws(() => apply({ current: live, applied: { ...account, secrets: [{ name: "s" }] }, schema: accounts }), {
    code: 400,
    message:
      'failed to create typed live object: associative list with keys has an element that omits all key fields ["name"] (and doesn\'t have default values for any key fields)',
  });
});

const refused: [name: string, applied: unknown, message: string][] = [
  ["no object", ["a"], "error decoding YAML: expected an object, got [a]"],
  ["another kind", { ...pod([web]), kind: "Job" }, "invalid object type: /v1, Kind=Job"],
  ["another group", { ...pod([web]), apiVersion: "apps/v1" }, "invalid object type: apps/v1, Kind=Pod"],
  ["no kind", { metadata: {} }, "invalid object type: /, Kind="],
  ["managedFields", pod([web], { managedFields: [] }), "metadata.managedFields must be nil"],
  [
    "an unknown field",
    pod([{ ...web, colour: "red" }]),
    'failed to create typed patch object (default/web; /v1, Kind=Pod): .spec.containers[name="web"].colour: field not declared in schema',
  ],
  [
    "an element twice",
    pod([web, web]),
    'failed to create typed patch object (default/web; /v1, Kind=Pod): .spec.containers: duplicate entries for key [name="web"]',
  ],
  [
    "values of other types",
    { ...pod([]), spec: { containers: {}, hostNetwork: "yes", volumes: [null], hostname: 5 } },
    [
      "failed to create typed patch object (default/web; /v1, Kind=Pod): errors:",
      "  .spec.containers: expected list, got map[]",
      "  .spec.hostNetwork: expected boolean, got yes",
      "  .spec.volumes: element 0: associative list with keys may not have a null element",
      "  .spec.hostname: expected string, got 5",
    ].join("\n"),
  ],
];

for (const [name, applied, message] of refused) {
  Deno.test(`a configuration with ${name} is refused`, () => {
    assert.throws(() => apply({ applied }), { code: 400, reason: "BadRequest", message });
  });
}

Deno.test("keys of prototypes are keys like any other", () => {
  const map = findKind("v1", "ConfigMap")!.schema();
  const config = JSON.parse('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"__proto__":"a"}}');
  const made = apply({ applied: config, schema: map });
  assert.equal(JSON.stringify(made.data), '{"__proto__":"a"}');
  assert.equal(JSON.stringify(entries(made)[0].fieldsV1), '{"f:data":{"f:__proto__":{}}}');
  const { data: _, ...rest } = config;
  assert.equal(apply({ current: made, applied: rest, schema: map }).data, undefined);
});

Deno.test("a configuration that is nested too deeply is refused", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = { a: deep };
  assert.throws(() => apply({ applied: { ...pod([web]), spec: deep } }), { code: 400 });
});
