import assert from "node:assert/strict";
import fc from "fast-check";
import { client } from "../testing.ts";
import { decodeProtobuf, messagesWithoutNumbers } from "./decode.ts";
import { WireError } from "./reader.ts";

const expected = { apiVersion: "v1", kind: "ConfigMap" };

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

/** Writes protobuf's wire format: numbers as integers, texts and parts with their length. */
type Part = [number: number, value: number | string | Part[]];

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    out.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return out;
}

function write(parts: Part[]): number[] {
  return parts.flatMap(([number, value]) => {
    if (typeof value === "number") return [...varint(number << 3), ...varint(value)];
    const body = typeof value === "string" ? [...new TextEncoder().encode(value)] : write(value);
    return [...varint(number << 3 | 2), ...varint(body.length), ...body];
  });
}

function object(apiVersion: string, kind: string, parts: Part[]): Uint8Array {
  const unknown = write([[1, [[1, apiVersion], [2, kind]]], [2, parts], [3, ""], [4, ""]]);
  return Uint8Array.from([0x6b, 0x38, 0x73, 0, ...unknown]);
}

// Bodies as kubectl 1.32 sends them.
const sent: [command: string, hex: string, value: unknown][] = [
  [
    "create service nodeport np --tcp=80:8080 --node-port=30100",
    "6b3873000a0d0a02763112075365727669636512670a1d0a026e7012001a0022002a003200380042005a090a0361707012026e7012420a1d0a" +
    "0738302d38303830120354435018502207080010903f1a002894eb0112090a0361707012026e701a0022084e6f6465506f72743a004200" +
    "52005a00600068001a020a001a002200",
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "np", labels: { app: "np" } },
      spec: {
        ports: [{ name: "80-8080", protocol: "TCP", port: 80, targetPort: 8080, nodePort: 30100 }],
        selector: { app: "np" },
        type: "NodePort",
      },
      status: { loadBalancer: {} },
    },
  ],
  [
    "create secret generic s --from-literal=a=b",
    "6b3873000a0c0a0276311206536563726574121d0a110a017312001a0022002a0032003800420012060a01611201621a001a002200",
    { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { a: "Yg==" } },
  ],
  [
    "create token default --duration=1h --audience=me --bound-object-kind Pod --bound-object-name p --bound-object-uid u",
    "6b3873000a280a1861757468656e7469636174696f6e2e6b38732e696f2f7631120c546f6b656e5265717565737412320a100a0012001a0022" +
    "002a0032003800420012180a026d651a0f0a03506f64120276311a017022017520901c1a040a0012001a002200",
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: {
        audiences: ["me"],
        boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p", uid: "u" },
        expirationSeconds: 3600,
      },
      status: {},
    },
  ],
  [
    "create priorityclass hp --value=-5 --global-default=true",
    "6b3873000a250a147363686564756c696e672e6b38732e696f2f7631120d5072696f72697479436c61737312390a120a02687012001a002200" +
    "2a0032003800420010fbffffffffffffffff01180122002a14507265656d70744c6f7765725072696f726974791a002200",
    {
      apiVersion: "scheduling.k8s.io/v1",
      kind: "PriorityClass",
      metadata: { name: "hp" },
      value: -5,
      globalDefault: true,
      preemptionPolicy: "PreemptLowerPriority",
    },
  ],
];
for (const [command, hex, value] of sent) {
  Deno.test(`decodeProtobuf() reads what kubectl ${command} sends`, () =>
    assert.deepEqual(decodeProtobuf(bytes(hex), expected), value));
}

Deno.test("every message of every kind that can be written has its numbers", () => {
  assert.deepEqual(messagesWithoutNumbers(), []);
});

Deno.test("an empty value is none, but where it means something else than none", () => {
  const pod = decodeProtobuf(
    object("v1", "Pod", [[2, [
      [1, [[1, "v"], [2, [[2, [[1, ""]]]]]]], // an emptyDir, inline in the volume
      [2, [[1, "c"], [2, "i"], [15, [[4, 0], [7, 0]]], [10, [[1, [[4, [[1, 5]]]]], [2, 0], [3, 7]]]]],
      [4, 0],
      [10, ""],
      [21, 0],
      [14, [[2, 0], [4, 1], [4, 2]]],
    ]]]),
    expected,
  );
  const { spec } = pod as { spec: Record<string, unknown> };
  assert.equal(spec.terminationGracePeriodSeconds, 0, "nobody said 30");
  assert.equal(spec.nodeName, undefined);
  assert.equal(spec.automountServiceAccountToken, false);
  assert.deepEqual(spec.securityContext, { runAsUser: 0, supplementalGroups: [1, 2] });
  assert.deepEqual(spec.containers, [{
    name: "c",
    image: "i",
    securityContext: { runAsUser: 0, allowPrivilegeEscalation: false },
    livenessProbe: { grpc: { port: 5 }, timeoutSeconds: 7 },
  }]);
  assert.deepEqual(spec.volumes, [{ name: "v", emptyDir: {} }]);
});

Deno.test("quantities, times, managed fields and packed lists are read as JSON has them", () => {
  const seconds = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;
  const volume = decodeProtobuf(
    object("v1", "PersistentVolume", [
      [1, [[1, "v"], [8, [[1, seconds], [2, 5]]], [17, [[1, "m"], [7, [[1, '{"f:spec":{}}']]]]]]],
      [2, [[1, [[1, "storage"], [2, [[1, "1Gi"]]]]], [2, [[3, [[1, "/x"]]]]]]],
    ]),
    expected,
  );
  assert.deepEqual(volume, {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name: "v",
      creationTimestamp: "2026-01-02T03:04:05Z",
      managedFields: [{ manager: "m", fieldsV1: { "f:spec": {} } }],
    },
    spec: { capacity: { storage: "1Gi" }, hostPath: { path: "/x" } },
  });
  const lease = decodeProtobuf(
    object("coordination.k8s.io/v1", "Lease", [[2, [[1, "me"], [4, [[1, seconds], [2, 123_456_000]]]]]]),
    expected,
  );
  assert.deepEqual((lease as { spec: unknown }).spec, {
    holderIdentity: "me",
    renewTime: "2026-01-02T03:04:05.123456Z",
  });
});

Deno.test("keys of maps are data, whatever they are called", () => {
  const map = decodeProtobuf(object("v1", "ConfigMap", [[2, [[1, "__proto__"], [2, "x"]]]]), expected);
  assert.deepEqual(Object.entries((map as { data: object }).data), [["__proto__", "x"]]);
});

Deno.test("fields that nobody knows are passed over", () => {
  const map = decodeProtobuf(object("v1", "ConfigMap", [[99, "x"], [98, 5], [2, [[1, "a"], [2, "b"]]]]), expected);
  assert.deepEqual(map, { apiVersion: "v1", kind: "ConfigMap", data: { a: "b" } });
});

Deno.test("what is no protobuf, of an unknown kind, cut off or nested without end is a WireError", () => {
  const refuses = (body: Uint8Array) => assert.throws(() => decodeProtobuf(body, expected), WireError);
  refuses(new Uint8Array());
  refuses(new TextEncoder().encode('{"kind":"ConfigMap"}'));
  refuses(object("v1", "Gizmo", []));
  refuses(bytes(sent[0][1]).slice(0, -20));
  refuses(object("v1", "ConfigMap", [[1, 5]]));
  const fields: Part[] = [[1, "x"]];
  for (let depth = 0; depth < 200; depth++) fields.splice(0, 1, [1, [...fields]]);
  refuses(object("v1", "ConfigMap", [[1, fields]]));
});

Deno.test("no bytes do worse than a WireError", () => {
  const valid = sent.map(([, hex]) => bytes(hex));
  fc.assert(
    fc.property(
      fc.constantFrom(...valid),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      (body, changes) => {
        const changed = body.slice();
        for (const [at, value] of changes) changed[at % changed.length] = value;
        try {
          decodeProtobuf(changed, expected);
        } catch (err) {
          assert.ok(err instanceof WireError, String(err));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("objects are made of protobuf and answered in JSON", async () => {
  const node = client();
  const accept = "application/vnd.kubernetes.protobuf,application/json";
  const type = "application/vnd.kubernetes.protobuf";
  const { code, body } = await node.ask("POST", "/api/v1/namespaces/default/services", {
    body: bytes(sent[0][1]),
    type,
    accept,
  });
  assert.equal(code, 201);
  assert.deepEqual([body.spec.type, body.spec.ports[0].nodePort], ["NodePort", 30_100]);
  assert.equal(body.spec.sessionAffinity, "None");
  const broken = await node.ask("POST", "/api/v1/namespaces/default/services", {
    body: bytes("6b387300ff"),
    type,
    accept,
  });
  assert.deepEqual([broken.code, broken.body.reason], [400, "BadRequest"]);
});
