import { deepEqual, equal, match } from "node:assert/strict";
import { portmapCall, restoreHostPorts } from "./host_ports.ts";

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

Deno.test("restoreHostPorts() tells of sandboxes that fail, by what was cut off or by the plugin, and sees to the others", async () => {
  const dir = await Deno.makeTempDir({ prefix: "islet-host-ports-" });
  try {
    const [leaseDir, binDir, cacheDir] = ["leases", "bin", "results"].map((name) => `${dir}/${name}`);
    for (const path of [`${leaseDir}/islet`, binDir, cacheDir]) await Deno.mkdir(path, { recursive: true });
    // refuses one sandbox as CNI has it: an error in JSON on standard output
    const plugin =
      '#!/bin/sh\n[ "$CNI_CONTAINERID" != refused ] || { echo \'{"code":7,"msg":"no iptables"}\'; exit 1; }\n';
    await Deno.writeTextFile(`${binDir}/portmap`, plugin, { mode: 0o700 });
    const here = { ...result, interfaces: [{ name: "eth0", sandbox: dir }] };
    const whole = (containerId: string) => cached({ containerId, result: here });
    const texts = { broken: whole("broken").slice(0, 40), refused: whole("refused"), well: whole("well") };
    for (const [index, [id, text]] of Object.entries(texts).entries()) {
      await Deno.writeTextFile(`${leaseDir}/islet/10.244.0.${index + 2}`, `${id}\r\neth0`);
      await Deno.writeTextFile(`${cacheDir}/islet-${id}-eth0`, text);
    }
    const { count, problems } = await restoreHostPorts({ leaseDir, binDir, cacheDir });
    equal(count, 1);
    equal(problems.length, 2);
    const [broken, refused] = problems.toSorted();
    match(broken, /sandbox broken: .*JSON/);
    match(refused, /sandbox refused: portmap says: .*no iptables/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
