import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson } from "./equality.ts";
import { decodeObject } from "./decode.ts";
import { podEdit } from "./pod_edit.ts";
import type { Pod } from "./pod.ts";
import { type Loose, podValue } from "./testing.ts";

/** Objects in which nearly every part of the schemas is in use. */
const rich: Loose[] = [
  podValue({
    initContainers: [{
      name: "side",
      image: "s:1",
      restartPolicy: "Always",
      startupProbe: { grpc: { port: 1 } },
      resources: { requests: { cpu: "1" } },
    }],
    volumes: [
      { name: "a", emptyDir: { sizeLimit: "1Gi" } },
      { name: "b", hostPath: { path: "/x", type: "File" } },
      { name: "c", configMap: { name: "c", items: [{ key: "k", path: "p" }] } },
      { name: "d", downwardAPI: { items: [{ path: "p", fieldRef: { fieldPath: "metadata.name" } }] } },
      { name: "e", projected: { sources: [{ secret: { name: "s", items: [{ key: "k", path: "p" }] } }] } },
    ],
    securityContext: { sysctls: [{ name: "net.a", value: "1" }], seccompProfile: { type: "RuntimeDefault" } },
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] }],
        },
      },
    },
    dnsConfig: { nameservers: ["1.1.1.1"], options: [{ name: "ndots" }] },
    hostAliases: [{ ip: "1.1.1.1", hostnames: ["a"] }],
    tolerations: [{ key: "a", operator: "Exists" }],
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "a", whenUnsatisfiable: "DoNotSchedule" }],
    resources: { limits: { cpu: "4" } },
  }, {
    ports: [{ containerPort: 80, hostPort: 80 }],
    env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
    envFrom: [{ configMapRef: { name: "c" } }],
    resources: { limits: { cpu: 1, memory: "1Gi" } },
    volumeMounts: [{ name: "a", mountPath: "/a" }],
    livenessProbe: { httpGet: { port: 80, httpHeaders: [{ name: "A", value: "b" }] } },
    lifecycle: { preStop: { sleep: { seconds: 1 } } },
    resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }],
    restartPolicy: "Never",
    restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [1] } }],
  }),
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s", labels: { a: "b" } },
    spec: { ports: [{ port: 80, targetPort: "web" }], selector: { a: "b" }, sessionAffinity: "ClientIP" },
  },
  { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { a: "AA==" }, stringData: { b: "c" } },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "e" },
    addressType: "IPv4",
    endpoints: [{ addresses: ["1.1.1.1"], conditions: { ready: true } }],
    ports: [{ port: 80 }],
  },
  {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "p" },
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], local: { path: "/x" } },
  },
];

const junk = fc.constantFrom<unknown>(
  undefined,
  null,
  "",
  "x",
  "A b",
  0,
  -1,
  1.5,
  NaN,
  true,
  [],
  {},
  [null],
  [{}],
  [[]],
  { a: null },
  { a: {} },
  "1e999999999",
);

/** Replaces one part of a value, the `at`-th when they are counted through. */
function mutate(value: unknown, at: { left: number }, by: unknown): unknown {
  if (at.left-- === 0) return structuredClone(by);
  if (Array.isArray(value)) return value.map((item) => mutate(item, at, by));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mutate(part, at, by)]));
}

const mutations = fc.array(fc.tuple(fc.nat(150), junk), { minLength: 1, maxLength: 4 });

Deno.test("decodeObject() answers with an object or with errors, whatever the value", () => {
  let good = 0;
  let bad = 0;
  fc.assert(
    fc.property(fc.constantFrom(...rich), mutations, (base, changes) => {
      let value: unknown = structuredClone(base);
      for (const [at, by] of changes) value = mutate(value, { left: at }, by);
      const { object, problems } = decodeObject(value, { manifest: true, strict: true });
      assert.equal(object === undefined, problems.errors.length > 0);
      for (const { path, message } of problems.errors) {
        assert.ok(message.length > 0 && typeof path.toString() === "string");
      }
      if (object) good++;
      else bad++;
    }),
    { numRuns: 1500, seed: 7 },
  );
  assert.ok(good > 50 && bad > 200, `${good} good, ${bad} bad`);
});

Deno.test("decodeObject() changes nothing of an object that it has decoded already", () => {
  let seen = 0;
  for (const base of rich) {
    const once = decodeObject(structuredClone(base), { manifest: true, strict: true });
    if (!once.object) continue;
    seen++;
    const twice = decodeObject(structuredClone(once.object), { manifest: true, strict: true });
    assert.equal(canonicalJson(twice.object), canonicalJson(once.object));
    if (once.object.kind === "Pod") assert.equal(podEdit(once.object, twice.object as Pod).kind, "none");
  }
  // All but the local volume, which has no node.
  assert.equal(seen, rich.length - 1);
});
