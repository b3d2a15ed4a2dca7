import { fromBinary, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { NamespaceMode, PodSandboxConfigSchema, Protocol, SecurityProfile_ProfileType } from "../../cri/mod.ts";
import type { ContainerPort, PodSpec } from "../objects/mod.ts";
import { box, exact, podOf, sidecar, testUid } from "../resources/testing.ts";
import { SandboxConfigError } from "./errors.ts";
import { portMappings, sandboxConfig, type SandboxContext } from "./sandbox_config.ts";

const Mi = 2n ** 20n;
const context: SandboxContext = {
  attempt: 2,
  owner: "node-1",
  podLogsDir: "/var/log/pods",
  cgroupParent: "/kubepods/burstable/podx",
  dns: {
    node: { servers: ["192.168.1.1"], searches: ["lan"], options: [] },
    clusterDNS: ["10.96.0.10"],
    clusterDomain: "cluster.local",
  },
  security: { seccompRoot: "/seccomp", appArmor: false },
};

const config = (spec: Partial<PodSpec> = {}, more: Partial<SandboxContext> = {}) =>
  sandboxConfig(podOf([box("web")], spec, { annotations: { a: "b" } }), { ...context, ...more });

Deno.test("sandboxConfig() makes the message that kubelet would make", () => {
  const pod = podOf([
    exact("web", { cpu: "500m", memory: "64Mi" }, { ports: [{ containerPort: 80, hostPort: 8080, protocol: "TCP" }] }),
  ], {
    subdomain: "shops",
    overhead: { cpu: "100m", memory: "1Mi" },
    securityContext: { sysctls: [{ name: "net.core.somaxconn", value: "1024" }] },
  }, { labels: { app: "web" }, annotations: { a: "b" } });
  const { config, warnings } = sandboxConfig(pod, context);
  assert.deepEqual(warnings, []);
  assert.deepEqual({ ...config.metadata, $typeName: undefined }, {
    $typeName: undefined,
    name: "web",
    namespace: "shop",
    uid: testUid,
    attempt: 2,
  });
  assert.equal(config.hostname, "web");
  assert.equal(config.logDirectory, `/var/log/pods/shop_web_${testUid}`);
  assert.deepEqual(config.dnsConfig?.servers, ["10.96.0.10"]);
  assert.equal(config.dnsConfig?.searches[0], "shop.svc.cluster.local");
  assert.deepEqual(config.dnsConfig?.options, ["ndots:5"]);
  assert.equal(config.portMappings.length, 1);
  assert.equal(config.portMappings[0].hostPort, 8080);
  assert.equal(config.labels["app"], "web");
  assert.equal(config.labels["dev.islet/owner"], "node-1");
  assert.deepEqual(config.annotations, { a: "b" });
  const linux = config.linux!;
  assert.equal(linux.cgroupParent, "/kubepods/burstable/podx");
  assert.deepEqual(linux.sysctls, { "net.core.somaxconn": "1024" });
  assert.equal(linux.securityContext?.seccomp?.profileType, SecurityProfile_ProfileType.RuntimeDefault);
  assert.equal(linux.securityContext?.namespaceOptions?.pid, NamespaceMode.CONTAINER);
  assert.equal(linux.resources?.cpuShares, 512n);
  assert.equal(linux.resources?.cpuQuota, 50_000n);
  assert.equal(linux.resources?.memoryLimitInBytes, 64n * Mi);
  assert.equal(linux.overhead?.cpuShares, 102n);
  assert.equal(linux.overhead?.memoryLimitInBytes, Mi);
});

Deno.test("sandboxConfig() makes a message that survives the wire", () => {
  const { config: message } = config({ hostPID: true });
  const bytes = toBinary(PodSandboxConfigSchema, message);
  assert.ok(bytes.length > 100);
  assert.deepEqual(fromBinary(PodSandboxConfigSchema, bytes), message);
});

Deno.test("sandboxConfig() leaves the hostname to the node on the node's network", () => {
  const { config: message } = config({ hostNetwork: true, hostname: "x" });
  assert.equal(message.hostname, "");
  assert.deepEqual(message.dnsConfig?.servers, ["192.168.1.1"]);
  assert.equal(message.linux?.securityContext?.namespaceOptions?.network, NamespaceMode.NODE);
});

Deno.test("sandboxConfig() passes DNS warnings on", () => {
  const { warnings } = config({}, { dns: { ...context.dns, clusterDNS: [] } });
  assert.deepEqual(warnings.map(({ reason }) => reason), ["MissingClusterDNS"]);
});

Deno.test("sandboxConfig() fails with ConfigPodSandboxError where the whole hostname is too long", () => {
  assert.throws(() => config({ subdomain: "s".repeat(50), setHostnameAsFQDN: true }), (err) => {
    assert.ok(err instanceof SandboxConfigError);
    assert.equal(err.reason, "ConfigPodSandboxError");
    return true;
  });
});

Deno.test("sandboxConfig() spells sysctls with dots, and slashes for dots within a name", () => {
  const names = [
    "kernel.shm_rmid_forced",
    "net/ipv4/ip_local_port_range",
    "net/ipv4/conf/eth0.100/forwarding",
    "net.ipv4.conf.eth0/100.forwarding",
  ];
  const sysctls = names.map((name) => ({ name, value: "1" }));
  assert.deepEqual(Object.keys(config({ securityContext: { sysctls } }).config.linux!.sysctls), [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.conf.eth0/100.forwarding",
  ]);
});

const { TCP, UDP, SCTP } = Protocol;
const ports: [string, ContainerPort[], unknown[]][] = [
  ["has TCP for the default protocol", [{ containerPort: 80 }], [{
    containerPort: 80,
    hostPort: 0,
    hostIp: "",
    protocol: TCP,
  }]],
  [
    "keeps protocols and host addresses",
    [
      { containerPort: 53, hostPort: 5353, protocol: "UDP", hostIP: "127.0.0.1" },
      { containerPort: 9, hostPort: 9, protocol: "SCTP", hostIP: "::1" },
    ],
    [
      { containerPort: 53, hostPort: 5353, hostIp: "127.0.0.1", protocol: UDP },
      { containerPort: 9, hostPort: 9, hostIp: "::1", protocol: SCTP },
    ],
  ],
  [
    "names a port twice for two protocols and once for one",
    [{ containerPort: 53, hostPort: 53, protocol: "UDP" }, { containerPort: 53, hostPort: 53 }, {
      containerPort: 53,
      hostPort: 53,
      protocol: "TCP",
    }],
    [
      { containerPort: 53, hostPort: 53, hostIp: "", protocol: UDP },
      { containerPort: 53, hostPort: 53, hostIp: "", protocol: TCP },
    ],
  ],
];

for (const [name, list, expected] of ports) {
  Deno.test(`portMappings() ${name}`, () => {
    assert.deepEqual(portMappings(podOf([box("a", {}, {}, { ports: list })])), expected);
  });
}

Deno.test("portMappings() has the ports of sidecars and not those of init containers", () => {
  const at = (name: string, containerPort: number, more = {}) =>
    box(name, {}, {}, { ports: [{ containerPort }], ...more });
  const pod = podOf([at("a", 1)], { initContainers: [at("init", 2), at("mesh", 3, sidecar)] });
  assert.deepEqual(portMappings(pod).map(({ containerPort }) => containerPort), [3, 1]);
});
