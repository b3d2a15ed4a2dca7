import assert from "node:assert/strict";
import { type ApiInputOptions, apiWarnings, BadInput, readApiObject } from "./api_input.ts";
import { defaultObject } from "./defaults/mod.ts";
import { fieldErrorText } from "./field_error.ts";
import type { AnyObject } from "./kinds.ts";
import { allKinds } from "./kinds.ts";
import type { Pod } from "./pod.ts";
import { type Loose, podValue } from "./testing.ts";

const asPod = { apiVersion: "v1", kind: "Pod" };
const read = (value: unknown, options: Partial<ApiInputOptions> = {}) =>
  readApiObject(structuredClone(value), { ...asPod, ...options });

/** The message of a refusal. */
function refusal(value: unknown, options: Partial<ApiInputOptions> = {}): string {
  try {
    read(value, options);
  } catch (err) {
    assert.ok(err instanceof BadInput, String(err));
    return err.message;
  }
  throw new Error("it was not refused");
}

/** What validation says of an object as sent, after defaults. */
function errorsOf(value: unknown, options: Partial<ApiInputOptions> = {}): string[] {
  const input = read(value, options);
  input.object.metadata.namespace ??= "default";
  defaultObject(input.object);
  return input.validate().errors.map(fieldErrorText);
}

Deno.test("an object says its kind or is taken for the endpoint's", () => {
  const { apiVersion: _, kind: __, ...bare } = podValue();
  const { object } = read(bare);
  assert.deepEqual([object.apiVersion, object.kind], ["v1", "Pod"]);
  assert.equal(
    refusal({ ...bare, apiVersion: "v1", kind: "ConfigMap" }),
    `ConfigMap in version "v1" cannot be handled as a Pod: converting (v1.ConfigMap) to (v1.Pod): unknown conversion`,
  );
  assert.equal(
    refusal({ apiVersion: "apps/v1", kind: "Deployment" }),
    `Deployment in version "v1" cannot be handled as a Pod: no kind "Deployment" is registered for version "apps/v1"`,
  );
  assert.equal(
    refusal({ apiVersion: "v2", kind: "Pod" }),
    `Pod in version "v2" cannot be handled as a Pod: no kind "Pod" is registered for version "v2"`,
  );
  assert.equal(
    refusal({ apiVersion: "v1", kind: "Event" }, { apiVersion: "events.k8s.io/v1", kind: "Event" }),
    "the API version in the data (v1) does not match the expected API version (events.k8s.io/v1)",
  );
  assert.match(refusal({ kind: 5 }), /^couldn't get version\/kind; json parse error: json: cannot unmarshal number/);
  for (const value of [[], "pod", 5, null, undefined]) {
    assert.equal(refusal(value), "the object provided is unrecognized (must be of type Pod)");
  }
});

Deno.test("the first value of a wrong type is refused in the words of Go's decoder", () => {
  const cannot = 'Pod in version "v1" cannot be handled as a Pod: ';
  const cases: [Loose, string][] = [
    [
      podValue({ hostNetwork: "yes" }),
      "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool",
    ],
    [
      podValue({}, { env: [{ name: "a", value: 1 }] }),
      "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
    ],
    [
      podValue({}, { env: {} }),
      "json: cannot unmarshal object into Go struct field Container.spec.containers.env of type []v1.EnvVar",
    ],
    [
      podValue({}, { ports: [{ containerPort: 2 ** 31 }] }),
      "json: cannot unmarshal number 2147483648 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
    ],
    [
      podValue({ terminationGracePeriodSeconds: 1.5 }),
      "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64",
    ],
    [
      podValue({ securityContext: [] }),
      "json: cannot unmarshal array into Go struct field PodSpec.spec.securityContext of type v1.PodSecurityContext",
    ],
    [
      podValue({ restartPolicy: 1 }),
      "json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type string",
    ],
    [
      { ...podValue(), metadata: { name: "x", labels: { a: true } } },
      "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
    ],
    [
      podValue({}, { resources: { limits: { cpu: "much" } } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      podValue({}, { livenessProbe: { httpGet: { port: true } } }),
      "json: cannot unmarshal bool into Go value of type int32",
    ],
    [
      { ...podValue(), metadata: { name: "x", creationTimestamp: "yesterday" } },
      `parsing time "\\"yesterday\\"" as "2006-01-02T15:04:05Z07:00": cannot parse it`,
    ],
    [
      { ...podValue(), metadata: { name: "x", creationTimestamp: 5 } },
      "json: cannot unmarshal number into Go value of type string",
    ],
  ];
  for (const [value, message] of cases) assert.equal(refusal(value), cannot + message);
});

Deno.test("bytes that are no base64 are refused without showing them", () => {
  const of = (data: string) => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { a: data } });
  const asSecret = { apiVersion: "v1", kind: "Secret" };
  const cannot = 'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte ';
  for (const [data, at] of [["hunter2", 4], ["a", 0], ["aGk=!", 4], ["a-b=", 1], ["A===", 1], ["aGkaGk", 4]] as const) {
    assert.equal(refusal(of(data), asSecret), cannot + at, data);
  }
  for (const data of ["", "aGk=", "aGkaGk==", "aGka\nGk==\n"]) assert.ok(read(of(data), asSecret));
  const map = { ...of("x"), kind: "ConfigMap", binaryData: { b: "%" } };
  assert.match(refusal(map, { apiVersion: "v1", kind: "ConfigMap" }), /illegal base64 data at input byte 0$/);
});

Deno.test("a key that schemas pass over is refused wherever it is", () => {
  for (const text of ['{"data":{"__proto__":false}}', '{"metadata":{"labels":{"__proto__":{"a":1}}}}']) {
    const options = { kind: "Secret" };
    assert.match(refusal(JSON.parse(text), options), /the key "__proto__" is not supported$/);
  }
});

Deno.test("unknown and repeated fields go by fieldValidation, in the order of the body", () => {
  const value = {
    zoo: 1,
    ...podValue({ b: 1, containers: [{ name: "web", image: "web:1", c: { d: 1 } }], a: 1 }),
  };
  const options = { duplicates: ["spec.hostNetwork"] };
  const ordered = [
    'duplicate field "spec.hostNetwork"',
    'unknown field "zoo"',
    'unknown field "spec.containers[0].c"',
    'unknown field "spec.b"',
    'unknown field "spec.a"',
  ];
  assert.deepEqual(read(value, { ...options, fieldValidation: "Warn" }).warnings, ordered);
  assert.deepEqual(read(value, options).warnings, ordered);
  const silent = read(value, { ...options, fieldValidation: "Ignore" });
  assert.deepEqual(silent.warnings, []);
  assert.doesNotMatch(JSON.stringify(silent.object), /"zoo"|"[abcd]":/);
  assert.equal(
    refusal(value, { ...options, fieldValidation: "Strict" }),
    `Pod in version "v1" cannot be handled as a Pod: strict decoding error: ${ordered.join(", ")}`,
  );
  assert.match(
    refusal({ ...value, spec: { hostNetwork: 1 } }, { fieldValidation: "Strict" }),
    /cannot unmarshal number/,
  );
});

Deno.test("an object keeps what the system wrote, its node and its ephemeral containers", () => {
  const value = podValue({ nodeName: "edge-1", ephemeralContainers: [{ name: "e", image: "e" }] });
  const metadata = {
    name: "web",
    namespace: "default",
    uid: "u",
    resourceVersion: "5",
    creationTimestamp: "2026-01-01T00:00:00Z",
    managedFields: [{ manager: "m", operation: "Apply", fieldsType: "FieldsV1", fieldsV1: { "f:spec": {} } }],
  };
  const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
  const { object, warnings } = read({ ...value, metadata, status });
  const pod = object as Pod;
  assert.deepEqual(warnings, []);
  assert.deepEqual(pod.metadata, metadata);
  assert.deepEqual(pod.status, status);
  assert.equal(pod.spec.nodeName, "edge-1");
  assert.equal(pod.spec.ephemeralContainers?.[0].name, "e");
  assert.equal(pod.spec.restartPolicy, undefined, "nothing is filled in");
});

Deno.test("a name may be made up later, from a beginning that is right", () => {
  const generated = (generateName: string) => errorsOf({ ...podValue(), metadata: { generateName } });
  assert.deepEqual(generated("web-"), []);
  assert.deepEqual(generated("web"), []);
  assert.match(generated("Web-")[0], /^metadata\.generateName: Invalid value: "Web-": a lowercase RFC 1123 subdomain/);
  assert.deepEqual(errorsOf({ ...podValue(), metadata: {} }), [
    "metadata.name: Required value: name or generateName is required",
  ]);
  const { metadata: _, ...nameless } = podValue();
  assert.deepEqual(errorsOf(nameless), ["metadata.name: Required value: name or generateName is required"]);
});

Deno.test("what is missing or not one of the words is left to validation", () => {
  assert.deepEqual(errorsOf({ metadata: { name: "x" } }), ["spec.containers: Required value"]);
  assert.deepEqual(errorsOf(podValue({ restartPolicy: "Perhaps" })), [
    'spec.restartPolicy: Unsupported value: "Perhaps": supported values: "Always", "Never", "OnFailure"',
  ]);
  const status = { containerStatuses: [{ name: "web", state: {} }], conditions: [{ type: "Ready" }] };
  assert.deepEqual(errorsOf({ ...podValue(), status }), ["status.conditions[0].status: Required value"]);
});

Deno.test("what this node does not support is refused, what only manifests cannot have is not", () => {
  assert.deepEqual(errorsOf(podValue({ volumes: [{ name: "v", nfs: { server: "s" } }] })), [
    "spec.volumes[0].nfs: Forbidden: nfs volumes are not supported by islet",
  ]);
  const token = { name: "t", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } };
  assert.deepEqual(errorsOf(podValue({ volumes: [token], schedulingGates: [{ name: "a/b" }] })), []);
});

Deno.test("validation looks at what has become of the object", () => {
  const input = read(podValue());
  const changed = structuredClone(input.object) as Pod;
  changed.metadata.namespace = "default";
  changed.spec.containers = [];
  defaultObject(changed);
  assert.deepEqual(input.validate(changed).errors.map(fieldErrorText), ["spec.containers: Required value"]);
});

Deno.test("warnings tell what has no effect, not what only manifests are told", () => {
  const value = podValue({ serviceAccountName: "a", schedulerName: "other" }, {
    env: [{ name: "A", value: "1" }, { name: "A", value: "2" }],
    resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }],
  });
  assert.deepEqual(apiWarnings(read(value).object), [
    `spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply`,
  ]);
});

Deno.test("any JSON is read or refused, never a failure of ours", () => {
  const odd: unknown[] = [{}, { metadata: [] }, { metadata: null, spec: null }, { spec: "x" }, { status: 1 }, {
    metadata: { labels: [] },
    spec: [[]],
  }];
  for (const { apiVersion, kind } of allKinds) {
    for (const value of odd) {
      let object: AnyObject;
      try {
        const input = read(value, { apiVersion, kind });
        object = input.object;
        object.metadata.namespace ??= "default";
        defaultObject(object);
        input.validate();
      } catch (err) {
        assert.ok(err instanceof BadInput, `${kind} ${JSON.stringify(value)}: ${err}`);
        continue;
      }
      assert.equal(object.kind, kind);
    }
  }
});
