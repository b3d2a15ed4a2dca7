import assert from "node:assert/strict";
import { errorsOf, type Loose } from "../testing.ts";

const of = (apiVersion: string, kind: string, rest: Loose, metadata: Loose = { name: "x" }) => ({
  apiVersion,
  kind,
  metadata,
  ...rest,
});
const v1 = (kind: string, rest: Loose, metadata?: Loose) => of("v1", kind, rest, metadata);
const service = (spec: Loose, metadata?: Loose) => v1("Service", { spec }, metadata);
const volume = (spec: Loose) =>
  v1("PersistentVolume", { spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], ...spec } });
const claim = (spec: Loose) =>
  v1("PersistentVolumeClaim", {
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
  });
const slice = (rest: Loose) => of("discovery.k8s.io/v1", "EndpointSlice", { addressType: "IPv4", ...rest });
const configKey =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const cases: [name: string, value: Loose, errors: string[]][] = [
  ["ConfigMap: good", v1("ConfigMap", { data: { a: "x" }, binaryData: { b: "AA==" }, immutable: true }), []],
  ["ConfigMap: keys", v1("ConfigMap", { data: { "a b": "x", c: "d" }, binaryData: { c: "AA==", d: "A" } }), [
    'binaryData[d]: Invalid value: "<value>": must be base64 with padding',
    `data[a b]: Invalid value: "a b": ${configKey}`,
    `data[c]: Invalid value: "c": duplicate of key present in binaryData`,
  ]],
  ["ConfigMap: too large", v1("ConfigMap", { data: { a: "x".repeat(2 ** 20 + 1) } }), [
    "Too long: may not be more than 1048576 bytes",
  ]],
  ["Secret: good", v1("Secret", { data: { a: "cA==" }, stringData: { b: "p" } }), []],
  ["Secret: its content is never shown", v1("Secret", { data: { a: "hunter2" }, stringData: { b: 12345678 } }), [
    `stringData.b: Invalid value: "<redacted>": must be a string, not a number: put it in quotes`,
    `data[a]: Invalid value: "<value>": must be base64 with padding`,
  ]],
  ["Secret: what types need", v1("Secret", { type: "kubernetes.io/tls", data: { "tls.crt": "AA==" } }), [
    "data[tls.key]: Required value",
  ]],
  [
    "Secret: a docker config that is no JSON",
    v1("Secret", {
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": "{" },
    }),
    [`data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be a valid JSON document`],
  ],
  ["Service: good", service({ ports: [{ port: 80 }], selector: { app: "web" } }), []],
  ["Service: headless without ports", service({ clusterIP: "None" }), []],
  ["Service: no ports", service({}), ["spec.ports: Required value"]],
  ["Service: its name", service({ ports: [{ port: 80 }] }, { name: "1a" }), [
    `metadata.name: Invalid value: "1a": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
  ]],
  [
    "Service: ports",
    service({ ports: [{ port: 80 }, { name: "b", port: 80, nodePort: 30000 }, { name: "b", port: 0 }] }),
    [
      "spec.ports[0].name: Required value",
      `spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}`,
      "spec.ports[1].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
      `spec.ports[2].name: Duplicate value: "b"`,
      "spec.ports[2].port: Invalid value: 0: must be between 1 and 65535, inclusive",
      "spec.ports[2].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
    ],
  ],
  [
    "Service: types and addresses",
    service({
      type: "ExternalName",
      clusterIP: "10.96.0.1",
      externalIPs: ["x"],
      loadBalancerSourceRanges: ["10.0.0.0/40"],
    }),
    [
      "spec.externalName: Required value",
      "spec.clusterIP: Forbidden: may not be set when `type` is 'ExternalName'",
      `spec.externalIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
      "spec.loadBalancerSourceRanges[0]: Forbidden: may only be used when `type` is 'LoadBalancer'",
      `spec.loadBalancerSourceRanges[0]: Invalid value: "10.0.0.0/40": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
    ],
  ],
  [
    "Service: policies",
    service({
      ports: [{ port: 80 }],
      externalTrafficPolicy: "Local",
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 100000 } },
    }),
    [
      "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 100000: must be greater than 0 and less than 86400",
      `spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services`,
    ],
  ],
  ["Service: traffic distribution", service({ ports: [{ port: 80 }], trafficDistribution: "PreferMoon" }), [
    'spec.trafficDistribution: Unsupported value: "PreferMoon": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"',
  ]],
  [
    "EndpointSlice: hints",
    slice({
      endpoints: [
        {
          addresses: ["10.0.0.1"],
          hints: { forZones: [{ name: "a" }, { name: "a" }], forNodes: [{ name: "edge_1" }] },
        },
        { addresses: ["10.0.0.2"], hints: { forZones: Array.from({ length: 9 }, (_, at) => ({ name: `z${at}` })) } },
      ],
    }),
    [
      'endpoints[0].hints.forZones[1].name: Duplicate value: "a"',
      `endpoints[0].hints.forNodes[0].name: Invalid value: "edge_1": ${subdomain}`,
      "endpoints[1].hints.forZones: Too many: 9: must have at most 8 items",
    ],
  ],
  ["EndpointSlice: good", slice({ endpoints: [{ addresses: ["10.0.0.1"] }], ports: [{ port: 80 }] }), []],
  ["EndpointSlice: bad", slice({ endpoints: [{}, { addresses: ["fd00::1"] }], ports: [{}, { port: 70000 }] }), [
    "endpoints[0].addresses: Required value: must contain at least 1 address",
    `endpoints[1].addresses[0]: Invalid value: "fd00::1": must be an IPv4 address`,
    `ports[1].name: Duplicate value: ""`,
    "ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
  ]],
  ["PersistentVolume: good", volume({ hostPath: { path: "/x" } }), []],
  ["PersistentVolume: refused source", volume({ nfs: { server: "a", path: "/" } }), [
    "spec.nfs: Forbidden: nfs volumes are not supported by islet",
  ]],
  [
    "PersistentVolume: bad",
    volume({ accessModes: [], capacity: { storage: "0" }, local: { path: "" }, hostPath: { path: "/.." } }),
    [
      "spec.accessModes: Required value: at least 1 access mode is required",
      `spec.capacity[storage]: Invalid value: "0": must be greater than zero`,
      "spec.local: Forbidden: may not specify more than 1 volume type",
      `spec.hostPath.path: Invalid value: "/..": must not contain '..'`,
      "spec.local.path: Required value",
      "spec.nodeAffinity: Required value: Local volume requires node affinity",
    ],
  ],
  [
    "PersistentVolume: in a namespace",
    v1("PersistentVolume", {
      spec: { capacity: { storage: "1" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/x" } },
    }, { name: "x", namespace: "a" }),
    ["metadata.namespace: Forbidden: not allowed on this type"],
  ],
  ["PersistentVolumeClaim: good", claim({ storageClassName: "" }), []],
  [
    "PersistentVolumeClaim: bad",
    claim({ accessModes: ["ReadWriteOncePod", "ReadOnlyMany"], resources: {}, dataSource: {} }),
    [
      "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
      "spec.resources[storage]: Required value",
      "spec.dataSource: Forbidden: populated volumes are not supported by islet",
    ],
  ],
  ["Namespace: good", v1("Namespace", {}), []],
  ["Namespace: its name", v1("Namespace", {}, { name: "a.b" }), [
    `metadata.name: Invalid value: "a.b": must not contain dots`,
  ]],
  ["ServiceAccount: good", v1("ServiceAccount", { imagePullSecrets: [{ name: "r" }] }), []],
];

for (const [name, value, errors] of cases) {
  Deno.test(`validation of ${name}`, () => assert.deepEqual(errorsOf(value), errors));
}
