import assert from "node:assert/strict";
import { client } from "../testing.ts";

const table = "application/json;as=Table;v=v1;g=meta.k8s.io";

/** Makes an object and reads its row: by column, wide ones in brackets. */
async function row(path: string, object: unknown): Promise<Record<string, unknown>> {
  const node = client();
  const { code, body } = await node.create(path, object);
  assert.equal(code, 201, body.message);
  await node.clock.advance(5 * 60_000);
  const { columnDefinitions, rows } = (await node.get(`${path}/${body.metadata.name}`, table)).body;
  assert.equal(columnDefinitions[0].format, "name");
  return Object.fromEntries(
    columnDefinitions.map(({ name, priority }: { name: string; priority: number }, at: number) => [
      priority > 0 ? `[${name}]` : name,
      rows[0].cells[at],
    ]),
  );
}

const inDefault = (plural: string, group = "") => `/${group ? `apis/${group}` : "api"}/v1/namespaces/default/${plural}`;
const metadata = { name: "x" };

const cases: [path: string, object: Record<string, unknown>, cells: Record<string, unknown>][] = [
  [inDefault("configmaps"), { metadata, data: { a: "" }, binaryData: { b: "" } }, { Name: "x", Data: 2, Age: "5m" }],
  [
    inDefault("secrets"),
    { metadata, stringData: { a: "b" } },
    { Name: "x", Type: "Opaque", Data: 1, Age: "5m" },
  ],
  [inDefault("serviceaccounts"), { metadata }, { Name: "x", Secrets: 0, Age: "5m" }],
  ["/api/v1/namespaces", { metadata }, { Name: "x", Status: "Active", Age: "5m" }],
  [
    inDefault("services"),
    {
      metadata,
      spec: {
        type: "NodePort",
        clusterIP: "10.96.0.5",
        externalIPs: ["192.0.2.1", "192.0.2.2"],
        ports: [{ name: "a", port: 80, nodePort: 30080 }, { name: "b", port: 53, protocol: "UDP", nodePort: 30053 }],
        selector: { tier: "front", app: "web" },
      },
    },
    {
      Name: "x",
      Type: "NodePort",
      "Cluster-IP": "10.96.0.5",
      "External-IP": "192.0.2.1,192.0.2.2",
      "Port(s)": "80:30080/TCP,53:30053/UDP",
      Age: "5m",
      "[Selector]": "app=web,tier=front",
    },
  ],
  [
    inDefault("services"),
    { metadata, spec: { type: "ExternalName", externalName: "example.com" } },
    {
      Name: "x",
      Type: "ExternalName",
      "Cluster-IP": "<none>",
      "External-IP": "example.com",
      "Port(s)": "<none>",
      Age: "5m",
      "[Selector]": "<none>",
    },
  ],
  [
    inDefault("services"),
    { metadata, spec: { type: "LoadBalancer", clusterIP: "10.96.0.5", ports: [{ port: 80, nodePort: 30080 }] } },
    {
      Name: "x",
      Type: "LoadBalancer",
      "Cluster-IP": "10.96.0.5",
      "External-IP": "<pending>",
      "Port(s)": "80:30080/TCP",
      Age: "5m",
      "[Selector]": "<none>",
    },
  ],
  [
    inDefault("endpoints"),
    {
      metadata,
      subsets: [{
        addresses: ["10.0.0.1", "10.0.0.2", "fd00::1", "10.0.0.4", "10.0.0.5"].map((ip) => ({ ip })),
        notReadyAddresses: [{ ip: "10.0.0.9" }],
        ports: [{ port: 80 }],
      }],
    },
    { Name: "x", Endpoints: "10.0.0.1:80,10.0.0.2:80,[fd00::1]:80 + 2 more...", Age: "5m" },
  ],
  [inDefault("endpoints"), { metadata }, { Name: "x", Endpoints: "<none>", Age: "5m" }],
  [
    inDefault("endpointslices", "discovery.k8s.io"),
    {
      metadata,
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.0.0.1"] }, { addresses: ["10.0.0.2"] }],
      ports: [{ name: "http", port: 80 }, { name: "dns", port: 53, protocol: "UDP" }],
    },
    { Name: "x", AddressType: "IPv4", Ports: "80,53", Endpoints: "10.0.0.1,10.0.0.2", Age: "5m" },
  ],
  [
    inDefault("endpointslices", "discovery.k8s.io"),
    { metadata, addressType: "IPv4", endpoints: [] },
    { Name: "x", AddressType: "IPv4", Ports: "<unset>", Endpoints: "<unset>", Age: "5m" },
  ],
  [
    inDefault("leases", "coordination.k8s.io"),
    { metadata, spec: { holderIdentity: "me" } },
    { Name: "x", Holder: "me", Age: "5m" },
  ],
  [
    "/api/v1/persistentvolumes",
    {
      metadata,
      spec: {
        capacity: { storage: "10Gi" },
        accessModes: ["ReadWriteMany", "ReadWriteOnce"],
        hostPath: { path: "/data" },
        claimRef: { namespace: "default", name: "claim" },
        storageClassName: "fast",
      },
    },
    {
      Name: "x",
      Capacity: "10Gi",
      "Access Modes": "RWO,RWX",
      "Reclaim Policy": "Retain",
      Status: "Pending",
      Claim: "default/claim",
      StorageClass: "fast",
      VolumeAttributesClass: "<unset>",
      Reason: "",
      Age: "5m",
      "[VolumeMode]": "Filesystem",
    },
  ],
  [
    inDefault("persistentvolumeclaims"),
    { metadata, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
    {
      Name: "x",
      Status: "Pending",
      Volume: "",
      Capacity: "",
      "Access Modes": "",
      StorageClass: "",
      VolumeAttributesClass: "<unset>",
      Age: "5m",
      "[VolumeMode]": "Filesystem",
    },
  ],
  [
    inDefault("roles", "rbac.authorization.k8s.io"),
    { metadata, rules: [] },
    { Name: "x", "Created At": "2026-01-01T00:00:00Z" },
  ],
  [
    inDefault("rolebindings", "rbac.authorization.k8s.io"),
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
      subjects: [
        { kind: "User", name: "ann" },
        { kind: "User", name: "bob" },
        { kind: "Group", name: "team" },
        { kind: "ServiceAccount", name: "app", namespace: "default" },
      ],
    },
    {
      Name: "x",
      Role: "ClusterRole/view",
      Age: "5m",
      "[Users]": "ann, bob",
      "[Groups]": "team",
      "[ServiceAccounts]": "default/app",
    },
  ],
  [
    "/apis/scheduling.k8s.io/v1/priorityclasses",
    { metadata, value: 1000 },
    { Name: "x", Value: 1000, "Global-Default": false, Age: "5m", PreemptionPolicy: "PreemptLowerPriority" },
  ],
  ["/apis/node.k8s.io/v1/runtimeclasses", { metadata, handler: "gvisor" }, { Name: "x", Handler: "gvisor", Age: "5m" }],
];
for (const [path, object, cells] of cases) {
  const { spec } = object as { spec?: { type?: string } };
  Deno.test(
    `a row of ${path.split("/").at(-1)}${spec?.type ? ` of type ${spec.type}` : ""} reads ${
      Object.values(cells).join(" ")
    }`,
    async () => assert.deepEqual(await row(path, object), cells),
  );
}

Deno.test("the system's priority classes cannot be deleted, others can", async () => {
  const node = client();
  const path = "/apis/scheduling.k8s.io/v1/priorityclasses";
  const name = "system-node-critical";
  assert.equal((await node.create(path, { metadata: { name }, value: 2_000_001_000 })).code, 201);
  const { code, body } = await node.remove(`${path}/${name}`);
  assert.equal(code, 403);
  assert.equal(
    body.message,
    'priorityclasses.scheduling.k8s.io "system-node-critical" is forbidden: this is a system priority class and ' +
      "cannot be deleted",
  );
  await node.create(path, { metadata, value: 1 });
  assert.equal((await node.remove(`${path}/x`)).code, 200);
});
