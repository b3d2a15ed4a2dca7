import { deepEqual, equal } from "node:assert/strict";
import type { Endpoints } from "../../objects/mod.ts";
import { isMirrored, mirrorGroups, mirrorTemplate } from "./mirror.ts";

const written = (subsets: Endpoints["subsets"], metadata: Partial<Endpoints["metadata"]> = {}): Endpoints => ({
  apiVersion: "v1",
  kind: "Endpoints",
  metadata: { name: "db", namespace: "default", uid: "u", ...metadata },
  subsets,
});
const ips = (...list: string[]) => list.map((ip) => ({ ip }));
const ports = [{ port: 5432 }];

/** `IPv4 5432: 192.0.2.1 (192.0.2.2)`; in brackets what is not ready. */
const shown = (endpoints: Endpoints) =>
  mirrorGroups(endpoints).groups.map(({ addressType, ports, endpoints }) =>
    `${addressType} ${ports.map(({ port }) => port)}: ${
      endpoints.map(({ addresses, conditions }) => conditions!.ready ? addresses![0] : `(${addresses![0]})`).join(" ")
    }`
  );

const cases: [name: string, subsets: Endpoints["subsets"], expected: string[]][] = [
  ["each subset is a group", [
    { addresses: ips("192.0.2.1"), notReadyAddresses: ips("192.0.2.2"), ports },
    { addresses: ips("192.0.2.3"), ports: [{ port: 80 }] },
  ], ["IPv4 5432: 192.0.2.1 (192.0.2.2)", "IPv4 80: 192.0.2.3"]],
  ["families are apart", [{ addresses: ips("192.0.2.1", "2001:DB8::1"), ports }], [
    "IPv4 5432: 192.0.2.1",
    "IPv6 5432: 2001:db8::1",
  ]],
  ["an address that is none is left out", [{ addresses: ips("nonsense", "192.0.2.1"), ports }], [
    "IPv4 5432: 192.0.2.1",
  ]],
  ["nothing is mirrored of nothing", undefined, []],
];
for (const [name, subsets, expected] of cases) {
  Deno.test(`mirrorGroups(): ${name}`, () => deepEqual(shown(written(subsets)), expected));
}

Deno.test("mirrorGroups() keeps hostname, node and target, and takes a thousand addresses of a subset", () => {
  const address = {
    ip: "192.0.2.1",
    hostname: "db-0",
    nodeName: "edge-2",
    targetRef: { kind: "Pod", namespace: "default", name: "db-0" },
  };
  const { ip, ...rest } = address;
  deepEqual(mirrorGroups(written([{ addresses: [address], ports }])).groups[0].endpoints, [
    { addresses: [ip], conditions: { ready: true }, ...rest },
  ]);
  const many = Array.from({ length: 1003 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
  const { groups, surplus, invalid } = mirrorGroups(written([{ addresses: ips("x", ...many), ports }]));
  deepEqual([groups[0].endpoints.length, surplus, invalid], [1000, 3, 1]);
});

Deno.test("isMirrored(): not where a label forbids it, nor where programs choose a leader", () => {
  equal(isMirrored(written([])), true);
  equal(isMirrored(written([], { labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } })), false);
  equal(isMirrored(written([], { annotations: { "control-plane.alpha.kubernetes.io/leader": "{}" } })), false);
});

Deno.test("mirrorTemplate() takes labels and annotations over, without what was last applied", () => {
  const { labels, annotations, owner } = mirrorTemplate(written([], {
    labels: { app: "db" },
    annotations: { note: "mine", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
  }));
  deepEqual(labels, {
    app: "db",
    "kubernetes.io/service-name": "db",
    "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
  });
  deepEqual([annotations, owner.kind], [{ note: "mine" }, "Endpoints"]);
});
