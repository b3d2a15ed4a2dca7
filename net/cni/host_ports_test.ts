import { deepEqual, equal } from "node:assert/strict";
import { portmapCall } from "./host_ports.ts";

const list = {
  cniVersion: "1.0.0",
  name: "islet",
  plugins: [{ type: "ptp" }, { type: "portmap", capabilities: { portMappings: true }, snat: true }],
};
const result = {
  cniVersion: "1.0.0",
  interfaces: [{ name: "veth1" }, { name: "eth0", sandbox: "/run/netns/a" }],
  ips: [{ address: "10.244.0.7/24", interface: 1 }],
};
const cached = (parts: object = {}) =>
  JSON.stringify({
    kind: "cniCacheV1",
    containerId: "sandbox",
    config: btoa(JSON.stringify(list)),
    ifName: "eth0",
    capabilityArgs: { portMappings: [{ HostPort: 8080, ContainerPort: 80, Protocol: "tcp", HostIP: "" }] },
    result,
    ...parts,
  });

Deno.test("portmapCall() asks portmap again for what it was asked when the sandbox was made", () => {
  const { input, netns, env } = portmapCall(cached(), "/usr/lib/cni")!;
  deepEqual(JSON.parse(input), {
    cniVersion: "1.0.0",
    name: "islet",
    type: "portmap",
    capabilities: { portMappings: true },
    snat: true,
    runtimeConfig: { portMappings: [{ HostPort: 8080, ContainerPort: 80, Protocol: "tcp", HostIP: "" }] },
    prevResult: result,
  });
  equal(netns, "/run/netns/a");
  deepEqual(env, {
    CNI_COMMAND: "ADD",
    CNI_CONTAINERID: "sandbox",
    CNI_NETNS: "/run/netns/a",
    CNI_IFNAME: "eth0",
    CNI_PATH: "/usr/lib/cni",
  });
});

Deno.test("portmapCall() leaves sandboxes alone that have no hostPorts, and networks that have no portmap", () => {
  const none = btoa(JSON.stringify({ ...list, plugins: [{ type: "ptp" }] }));
  for (const parts of [{ capabilityArgs: {} }, { capabilityArgs: undefined }, { config: none }, { result: {} }]) {
    equal(portmapCall(cached(parts), "/usr/lib/cni"), undefined, JSON.stringify(parts));
  }
});
