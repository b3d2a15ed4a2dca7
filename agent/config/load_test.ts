import assert from "node:assert/strict";
import { parseFlags } from "./flags.ts";
import { loadConfig } from "./load.ts";
import { defaultEvictionHard } from "./settings.ts";
import type { Host } from "./node_config.ts";

const host: Host = { hostname: () => "Edge-1", systemd: () => false };

/** Loads a file's text and flags on a made-up machine. */
async function load(text: string | undefined, args: string[] = [], machine = host) {
  const { flags, errors } = parseFlags(args);
  assert.deepEqual(errors, []);
  const file = text === undefined ? {} : { file: "/etc/islet/node.yaml", readFile: () => Promise.resolve(text) };
  return await loadConfig({ ...file, flags, host: machine });
}

const kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
const islet = "apiVersion: islet.dev/v1alpha1\nkind: IsletConfiguration\n";
const proxy = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

Deno.test("loadConfig() without file and flags gives the defaults, and what the machine says", async () => {
  const { config, warnings, errors } = await load(undefined);
  assert.equal(errors, undefined);
  assert.deepEqual(warnings, []);
  assert.deepEqual(config, {
    rootDir: "/var/lib/islet",
    runDir: "/run/islet",
    nodeName: "edge-1",
    nodeIPs: [],
    nodeLabels: {},
    taints: [],
    api: { socket: "/run/islet/islet.sock", address: "127.0.0.1", port: 6550 },
    kubelet: {
      enabled: true,
      address: "0.0.0.0",
      port: 10250,
      clientCAFile: "",
      tokens: true,
      anonymous: false,
      authorization: "Webhook",
      debuggingHandlers: true,
      systemLogHandler: true,
    },
    streamingConnectionIdleTimeoutMs: 14_400_000,
    runtime: { mode: "managed", requestTimeoutMs: 120_000 },
    staticPodPath: "",
    fileCheckFrequencyMs: 20_000,
    maxPods: 110,
    podsPerCore: 0,
    podPidsLimit: -1,
    reservation: {
      systemReserved: {},
      kubeReserved: {},
      evictionHard: {
        "memory.available": "100Mi",
        "nodefs.available": "10%",
        "nodefs.inodesFree": "5%",
        "imagefs.available": "15%",
        "imagefs.inodesFree": "5%",
      },
    },
    eviction: {
      hard: {
        "memory.available": "100Mi",
        "nodefs.available": "10%",
        "nodefs.inodesFree": "5%",
        "imagefs.available": "15%",
        "imagefs.inodesFree": "5%",
      },
      soft: {},
      softGraceMs: {},
      minimumReclaim: {},
      transitionMs: 300_000,
      maxPodGraceSeconds: 0,
    },
    enforceNodeAllocatable: ["pods"],
    systemReservedCgroup: "",
    kubeReservedCgroup: "",
    cpuManager: { policy: "none", fullPcpusOnly: false, strictReservation: false },
    extendedResources: {},
    ioWeight: {},
    cgroupDriver: "cgroupfs",
    cgroupDriverGiven: false,
    cgroupRoot: "/",
    cpuCFSQuota: true,
    cpuCFSQuotaPeriodUs: 100_000,
    failSwapOn: false,
    failCgroupV1: false,
    swapBehavior: "NoSwap",
    clusterDNS: ["10.96.0.10"],
    dnsAddresses: ["10.96.0.10"],
    stubDomains: {},
    clusterDomain: "cluster.local",
    resolvConf: "/etc/resolv.conf",
    podCIDRs: ["10.244.0.0/24"],
    serviceCIDRs: ["10.96.0.0/16"],
    serviceProxy: {
      algorithm: "random",
      localhostNodePorts: true,
      masqueradeBit: 14,
      masqueradeAll: false,
      syncPeriodMs: 30_000,
      conntrack: { tcpEstablishedSeconds: 0, tcpCloseWaitSeconds: 0, udpSeconds: 0, udpStreamSeconds: 0 },
    },
    loadBalancer: "node",
    podLogsDir: "/var/lib/islet/logs/pods",
    containerLogMaxSize: 10 * 1024 * 1024,
    containerLogMaxFiles: 5,
    containerLogMaxWorkers: 1,
    containerLogMonitorIntervalMs: 10_000,
    deadContainers: { minAgeMs: 0, perContainer: 1, total: -1 },
    imageCollection: { highPercent: 85, lowPercent: 80, minAgeMs: 120_000, maxAgeMs: 0 },
    nodeStatusMaxImages: 50,
    maxContainerRestartPeriodMs: 300_000,
    seccompDefault: false,
    allowedUnsafeSysctls: [],
    maxParallelImagePulls: 1,
    imageFallbackToLocal: true,
    shutdown: { totalSeconds: 0, criticalSeconds: 0 },
    shutdownPods: false,
    logging: { level: "info" },
  });
});

Deno.test("loadConfig() takes flags over the file, and the file over the defaults", async () => {
  const text = `${kubelet}maxPods: 20\nfailSwapOn: true\nstaticPodPath: manifests\n---\n${islet}nodeName: from-file\n`;
  const { config } = await load(text, ["--max-pods=30", "--hostname-override", "from-flag"]);
  assert.equal(config?.maxPods, 30);
  assert.equal(config?.nodeName, "from-flag");
  assert.equal(config?.failSwapOn, true);
  assert.equal(config?.staticPodPath, "/etc/islet/manifests", "relative to the file");
  assert.equal(config?.podPidsLimit, -1);
});

Deno.test("loadConfig() takes the limits of what is collected from file and flags", async () => {
  const { config, warnings } = await load(
    `${kubelet}imageGCHighThresholdPercent: 70\nimageGCLowThresholdPercent: 60\nimageMaximumGCAge: 24h\n` +
      "nodeStatusMaxImages: -1\ncontainerLogMaxWorkers: 4\n",
    [
      "--minimum-image-ttl-duration=1m",
      "--minimum-container-ttl-duration=30s",
      "--maximum-dead-containers-per-container=2",
      "--maximum-dead-containers=100",
    ],
  );
  assert.deepEqual(warnings, []);
  const { imageCollection, deadContainers, nodeStatusMaxImages, containerLogMaxWorkers } = config!;
  assert.deepEqual([imageCollection, deadContainers, nodeStatusMaxImages, containerLogMaxWorkers], [
    { highPercent: 70, lowPercent: 60, minAgeMs: 60_000, maxAgeMs: 86_400_000 },
    { minAgeMs: 30_000, perContainer: 2, total: 100 },
    -1,
    4,
  ]);
});

Deno.test("loadConfig() obeys an explicit value that is kubelet's default and not ours", async () => {
  const { config } = await load(`${kubelet}failSwapOn: true\nfailCgroupV1: true\ncgroupDriver: cgroupfs\n`, [], {
    ...host,
    systemd: () => true,
  });
  const { failSwapOn, failCgroupV1, cgroupDriver, cgroupDriverGiven } = config!;
  assert.deepEqual([failSwapOn, failCgroupV1, cgroupDriver, cgroupDriverGiven], [true, true, "cgroupfs", true]);
});

Deno.test("loadConfig() detects the cgroup driver of a machine with systemd", async () => {
  const { config } = await load(undefined, [], { ...host, systemd: () => true });
  assert.deepEqual([config?.cgroupDriver, config?.cgroupDriverGiven], ["systemd", false]);
});

Deno.test("loadConfig() uses an external runtime when an endpoint is configured", async () => {
  const { config } = await load(undefined, ["--container-runtime-endpoint", "/run/containerd/containerd.sock"]);
  assert.deepEqual(config?.runtime, {
    mode: "external",
    endpoint: "unix:///run/containerd/containerd.sock",
    imageEndpoint: "unix:///run/containerd/containerd.sock",
    requestTimeoutMs: 120_000,
  });
  const other = await load(`${islet}runtime: { mode: external }\n`);
  assert.equal(other.config?.runtime.endpoint, "unix:///run/containerd/containerd.sock");
});

Deno.test("loadConfig() gives another rootDir a run directory, socket and logs of its own", async () => {
  const { config } = await load(undefined, ["--root-dir", "/data/islet"]);
  assert.match(config!.runDir, /^\/run\/islet-[0-9a-f]{8}$/);
  assert.equal(config?.api.socket, `${config?.runDir}/islet.sock`);
  assert.equal(config?.podLogsDir, "/data/islet/logs/pods");
  const own = await load(undefined, ["--run-dir=/run/mine", "--socket=/run/other.sock"]);
  assert.deepEqual([own.config?.runDir, own.config?.api.socket], ["/run/mine", "/run/other.sock"]);
});

Deno.test("loadConfig() lets no limit of parallel pulls be no limit, and serial pulls be one", async () => {
  assert.equal((await load(`${kubelet}serializeImagePulls: false\n`)).config?.maxParallelImagePulls, undefined);
  const text = `${kubelet}serializeImagePulls: false\nmaxParallelImagePulls: 4\n`;
  assert.equal((await load(text)).config?.maxParallelImagePulls, 4);
});

const wrong: { name: string; text?: string; args?: string[]; errors: string[] }[] = [
  {
    name: "a soft threshold without a time",
    text: `${kubelet}evictionSoft: { memory.available: 10% }\n`,
    errors: [
      '/etc/islet/node.yaml:3:15: evictionSoft: Invalid value: {"memory.available":"10%"}: grace period must be specified ' +
      "for the soft eviction threshold memory.available",
    ],
  },
  {
    name: "unknown fields, with place and the nearest name",
    text: `${kubelet}staticPodPaht: /x\nauthentication:\n  anonymous: { enable: false }\n`,
    errors: [
      '/etc/islet/node.yaml:3:1: unknown field "staticPodPaht" in KubeletConfiguration (did you mean "staticPodPath"?)',
      '/etc/islet/node.yaml:5:16: unknown field "authentication.anonymous.enable" in KubeletConfiguration ' +
      '(did you mean "authentication.anonymous.enabled"?)',
    ],
  },
  {
    name: "invalid values, with place",
    text: `${kubelet}maxPods: -1\ncrashLoopBackOff:\n  maxContainerRestartPeriod: 10m\n`,
    errors: [
      "/etc/islet/node.yaml:3:10: maxPods: Invalid value: -1: must be greater than or equal to 0",
      '/etc/islet/node.yaml:5:30: crashLoopBackOff.maxContainerRestartPeriod: Invalid value: "10m": ' +
      "must be less than or equal to 5m0s",
    ],
  },
  {
    name: "duplicate keys",
    text: `${kubelet}maxPods: 1\nmaxPods: 2\nsystemReserved: { cpu: 1, cpu: 2 }\n`,
    errors: [
      '/etc/islet/node.yaml:4:1: key "maxPods" already set in map',
      '/etc/islet/node.yaml:5:17: key "cpu" already set in map',
    ],
  },
  {
    name: "a map where a value belongs, and a value where a map belongs",
    text: `${kubelet}maxPods: { a: 1 }\nmemorySwap: LimitedSwap\n`,
    errors: [
      '/etc/islet/node.yaml:3:10: maxPods: Invalid value: {"a":1}: must be an integer',
      "/etc/islet/node.yaml:4:13: memorySwap: Invalid value: must be a map",
    ],
  },
  {
    name: "documents of other kinds",
    text:
      `apiVersion: v1\nkind: Pod\n---\nkind: KubeletConfiguration\n---\napiVersion: v1\nkind: IsletConfiguration\n---\n- 1\n`,
    errors: [
      '/etc/islet/node.yaml:1:1: no kind "Pod" is registered for version "v1"',
      "/etc/islet/node.yaml:4:1: apiVersion: Required value",
      '/etc/islet/node.yaml:6:1: no kind "IsletConfiguration" is registered for version "v1"; ' +
      "IsletConfiguration is known as islet.dev/v1alpha1",
      "/etc/islet/node.yaml:9:1: must be a map with apiVersion and kind",
    ],
  },
  {
    name: "two documents of one kind",
    text: `${islet}---\n${islet}`,
    errors: ["/etc/islet/node.yaml:4:1: a second IsletConfiguration: one file has one document of a kind"],
  },
  {
    name: "two places that differ",
    text: `${kubelet}clusterDNS: [10.0.0.1]\n---\n${islet}network: { clusterDNS: 10.0.0.2 }\n`,
    errors: [
      '/etc/islet/node.yaml:7:24: network.clusterDNS: Invalid value: ["10.0.0.2"]: differs from ' +
      "/etc/islet/node.yaml:3:13: clusterDNS",
    ],
  },
  {
    name: "two flags for one thing that differ",
    args: ["--node-name=a", "--hostname-override=b"],
    errors: ['--hostname-override: Invalid value: "b": differs from --node-name'],
  },
  {
    name: "a control plane, which comes later",
    text: `${islet}controlPlane: { kubeconfig: /etc/islet/kubeconfig }\n`,
    args: ["--bootstrap-kubeconfig=/x"],
    errors: [
      "/etc/islet/node.yaml:3:29: controlPlane.kubeconfig: Forbidden: islet does not join control planes in this " +
      "version; it runs on its own",
      "--bootstrap-kubeconfig: Forbidden: islet does not join control planes in this version; it runs on its own",
    ],
  },
  {
    name: "flags with wrong values",
    args: ["--max-pods=many", "--file-check-frequency=1"],
    errors: [
      '--max-pods: Invalid value: "many": must be an integer',
      '--file-check-frequency: Invalid value: "1": must be a duration, such as 10s or 1m30s',
    ],
  },
  {
    name: "settings that do not go together, at the place of the one at fault",
    text: `${kubelet}maxParallelImagePulls: 3\nshutdownGracePeriod: 5s\nshutdownGracePeriodCriticalPods: 10s\n`,
    args: ["--enforce-node-allocatable=pods,everything"],
    errors: [
      "/etc/islet/node.yaml:3:24: maxParallelImagePulls: Invalid value: 3: cannot be larger than 1 unless " +
      "serializeImagePulls (--serialize-image-pulls) is set to false",
      "/etc/islet/node.yaml:5:34: shutdownGracePeriodCriticalPods: Invalid value: 10000: must not be greater than " +
      "shutdownGracePeriod (5s)",
      '--enforce-node-allocatable: Unsupported value: "everything": supported values: "kube-reserved", ' +
      '"kube-reserved-compressible", "none", "pods", "system-reserved", "system-reserved-compressible"',
    ],
  },
  {
    name: "a file that is no text",
    text: `${kubelet}\0\ufffd\ufffd: [`,
    errors: ["/etc/islet/node.yaml: the file is not UTF-8 text"],
  },
  {
    name: "broken YAML, quoting little of it",
    text: `a: 1\n} ${"b".repeat(1000)}\n`,
    errors: [
      '/etc/islet/node.yaml:2:1: Unexpected flow-map-end token in YAML stream: "}"',
      `/etc/islet/node.yaml:2:3: Unexpected scalar token in YAML stream: "${"b".repeat(159)}…`,
    ],
  },
  {
    name: "CPUs, options and devices that are none",
    text: `${kubelet}reservedSystemCPUs: 3-1\ncpuManagerPolicyOptions: { align-by-socket: "true" }\n---\n` +
      `${islet}extendedResources: { dongle: 1 }\n`,
    errors: [
      '/etc/islet/node.yaml:3:21: reservedSystemCPUs: Invalid value: "3-1": must be a list of CPUs, such as 0-1,6',
      "/etc/islet/node.yaml:4:26: cpuManagerPolicyOptions: Invalid value: " +
      '{"align-by-socket":"true"}: "align-by-socket" is not supported; supported are full-pcpus-only, ' +
      "strict-cpu-reservation",
      '/etc/islet/node.yaml:8:20: extendedResources: Invalid value: {"dongle":1}: "dongle" is not the name of an ' +
      "extended resource, such as example.com/dongle",
    ],
  },
  {
    name: "broken YAML",
    text: `${kubelet}maxPods: [1\n`,
    errors: [
      "/etc/islet/node.yaml:4:1: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
  },
  {
    name: "stub domains that are none",
    args: ['--stub-domains={"corp.example": ["10.0.0.300"]}'],
    errors: [
      '--stub-domains: Invalid value: {"corp.example":["10.0.0.300"]}: "corp.example": must be a list of name servers, ' +
      "(e.g. 10.0.0.53, 10.0.0.53:5353 or [fd00::1]:53)",
    ],
  },
  {
    name: "addresses of node ports that are no ranges",
    args: ["--nodeport-addresses=10.0.0.1"],
    errors: [
      '--nodeport-addresses: Invalid value: ["10.0.0.1"]: "10.0.0.1" must be a valid CIDR value, (e.g. 10.9.8.0/24)',
    ],
  },
  {
    name: "the node's primary addresses for node ports, and a range besides",
    args: ["--nodeport-addresses=primary,10.0.0.0/8"],
    errors: [
      '--nodeport-addresses: Invalid value: ["primary","10.0.0.0/8"]: "primary" must be the only one',
    ],
  },
];

for (const { name, text, args, errors } of wrong) {
  Deno.test(`loadConfig() refuses ${name}`, async () => {
    const loaded = await load(text, args);
    assert.deepEqual(loaded.errors, errors);
    assert.equal(loaded.config, undefined);
  });
}

Deno.test("loadConfig() reads what is about CPUs, memory and devices", async () => {
  const { config, errors } = await load(`${kubelet}
systemReserved: { cpu: 100m, memory: 1Gi }
kubeReserved: { cpu: 100m }
reservedSystemCPUs: "0-1,4"
cpuManagerPolicy: static
cpuManagerPolicyOptions: { full-pcpus-only: "true" }
featureGates: { MemoryQoS: true }
memoryReservationPolicy: TieredReservation
singleProcessOOMKill: true
---
${islet}
extendedResources: { example.com/dongle: 2 }
ioWeight: { guaranteed: 500 }
`);
  assert.equal(errors, undefined);
  assert.deepEqual(config?.reservation.systemReserved, { cpu: "3", memory: "1Gi" }, "CPUs by number win");
  assert.deepEqual(config?.reservation.kubeReserved, {});
  assert.deepEqual(config?.cpuManager, {
    policy: "static",
    reserved: [0, 1, 4],
    fullPcpusOnly: true,
    strictReservation: false,
  });
  assert.deepEqual(config?.memoryQos, { throttlingFactor: 0.9, reserve: true });
  assert.equal(config?.singleProcessOOMKill, true);
  assert.deepEqual(config?.extendedResources, { "example.com/dongle": 2 });
  assert.deepEqual(config?.ioWeight, { Guaranteed: 500 });
});

Deno.test("loadConfig() names every field that is known and has no effect", async () => {
  const text = `${kubelet}registryPullQPS: 5\nevictionHard: { memory.available: 1Gi }\n---\n${proxy}mode: ipvs\n`;
  const { config, warnings } = await load(text, ["--pod-infra-container-image=pause"]);
  assert.deepEqual(warnings, [
    "/etc/islet/node.yaml:3:18: registryPullQPS: is known but has no effect in this version",
    "/etc/islet/node.yaml:8:7: mode: has no effect: islet's own nftables rules do the same",
    "--pod-infra-container-image: has no effect: islet carries its own sandbox image",
  ]);
  assert.deepEqual(config?.reservation.evictionHard, { "memory.available": "1Gi" });
});

Deno.test("loadConfig() takes the service proxy's settings by kube-proxy's names", async () => {
  const text = `${proxy}mode: nftables
ipvs: { scheduler: sh }
nftables: { masqueradeBit: 4, masqueradeAll: true, syncPeriod: 10s }
iptables: { localhostNodePorts: false }
nodePortAddresses: [192.0.2.0/24]
conntrack: { maxPerCore: 0, min: 1000, udpStreamTimeout: 30s, tcpBeLiberal: true }
`;
  const { config, warnings } = await load(text);
  assert.deepEqual(warnings, []);
  assert.deepEqual(config?.serviceProxy, {
    algorithm: "source-hash",
    nodePortAddresses: ["192.0.2.0/24"],
    localhostNodePorts: false,
    masqueradeBit: 4,
    masqueradeAll: true,
    syncPeriodMs: 10_000,
    conntrack: {
      max: 1000,
      tcpBeLiberal: true,
      tcpEstablishedSeconds: 0,
      tcpCloseWaitSeconds: 0,
      udpSeconds: 0,
      udpStreamSeconds: 30,
    },
  });
  assert.equal((await load(undefined, ["--service-proxy=false"])).config?.serviceProxy, undefined);
  const weighing = await load(undefined, ["--ipvs-scheduler=lc"]);
  assert.equal(weighing.config?.serviceProxy?.algorithm, "random");
  assert.deepEqual(weighing.warnings, ["--ipvs-scheduler: endpoints are chosen at random"]);
});

const dns: [name: string, args: string[], clusterDNS: string[], own: string[]][] = [
  ["of both families", ["--service-cidr=10.1.0.0/24,fd00:1::/112"], ["10.1.0.10", "fd00:1::a"], [
    "10.1.0.10",
    "fd00:1::a",
  ]],
  ["in a small range", ["--service-cidr=10.1.0.0/29"], ["10.1.0.6"], ["10.1.0.6"]],
  ["that is link-local", ["--cluster-dns=169.254.20.10"], ["169.254.20.10"], ["169.254.20.10"]],
  ["that is another's", ["--cluster-dns=10.96.0.53,192.0.2.53"], ["10.96.0.53", "192.0.2.53"], ["10.96.0.53"]],
  ["that islet shall not answer on", ["--dns=false", "--cluster-dns=10.96.0.10"], ["10.96.0.10"], []],
  ["that nobody has", ["--dns=false"], [], []],
  ["without Services", ["--service-cidr="], [], []],
];

for (const [name, args, clusterDNS, own] of dns) {
  Deno.test(`loadConfig() understands a cluster DNS ${name}`, async () => {
    const { config } = await load(undefined, args);
    assert.deepEqual([config?.clusterDNS, config?.dnsAddresses], [clusterDNS, own]);
  });
}

Deno.test("loadConfig() reads how pods are evicted, from a file and from flags", async () => {
  const text = `${kubelet}
evictionHard: { memory.available: 200Mi }
evictionSoft: { memory.available: 10% }
evictionSoftGracePeriod: { memory.available: 1m30s }
evictionMinimumReclaim: { nodefs.available: 1Gi }
evictionPressureTransitionPeriod: 0s
mergeDefaultEvictionSettings: true
`;
  const { config, warnings } = await load(text, ["--eviction-max-pod-grace-period=20"]);
  assert.deepEqual(warnings, []);
  assert.deepEqual(config?.eviction, {
    hard: { ...defaultEvictionHard, "memory.available": "200Mi" },
    soft: { "memory.available": "10%" },
    softGraceMs: { "memory.available": 90_000 },
    minimumReclaim: { "nodefs.available": "1Gi" },
    transitionMs: 300_000,
    maxPodGraceSeconds: 20,
  });
  assert.deepEqual(config.reservation.evictionHard, config.eviction.hard);
  const flags = await load(kubelet, [
    "--eviction-hard=nodefs.available<1%",
    "--eviction-minimum-reclaim=nodefs.available=2%",
    "--eviction-pressure-transition-period=5s",
  ]);
  assert.deepEqual(flags.config?.eviction.hard, { "nodefs.available": "1%" });
  assert.deepEqual(flags.config?.eviction.minimumReclaim, { "nodefs.available": "2%" });
  assert.equal(flags.config?.eviction.transitionMs, 5000);
});

const partly: [name: string, line: string, warning?: string][] = [
  ...["evictionHard", "evictionMinimumReclaim", "evictionSoftGracePeriod"].map((field): [string, string, string] => [
    `containerfs in ${field}`,
    `${field}: {containerfs.available: ${field === "evictionSoftGracePeriod" ? "5s" : "5%"}}`,
    `${field}: what is said of containerfs is ignored, as kubelet does: ` +
    "it has the thresholds of nodefs or imagefs, whichever it is part of",
  ]),
  ["enforcement on pods", "enforceNodeAllocatable: [pods]"],
  ["enforcement on the system", "enforceNodeAllocatable: [pods, system-reserved]\nsystemReservedCgroup: /system"],
  ["memory QoS", "featureGates: { MemoryQoS: true }"],
  [
    "other feature gates",
    "featureGates: { MemoryQoS: true, Dragons: true }",
    "featureGates: of the feature gates only MemoryQoS is heeded",
  ],
  ["QoS cgroups", "cgroupsPerQOS: true"],
  [
    "no QoS cgroups",
    "cgroupsPerQOS: false",
    "cgroupsPerQOS: has no effect: every QoS class and pod has a cgroup of its own",
  ],
];

for (const [name, line, warning] of partly) {
  Deno.test(`loadConfig() ${warning ? "warns of" : "says nothing of"} ${name}`, async () => {
    const { warnings } = await load(`${kubelet}${line}\n`);
    assert.deepEqual(warnings.map((each) => each.replace(/^\S+ /, "")), warning ? [warning] : []);
  });
}

Deno.test("loadConfig() reads what kubeadm writes, and complains of no empty field", async () => {
  const { config, warnings } = await load(`${kubelet}
authentication:
  anonymous: {enabled: false}
  webhook: {cacheTTL: 0s, enabled: true}
  x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}
authorization: {mode: Webhook, webhook: {cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s}}
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
clusterDomain: cluster.local
containerRuntimeEndpoint: ""
cpuManagerReconcilePeriod: 0s
crashLoopBackOff: {}
evictionPressureTransitionPeriod: 0s
fileCheckFrequency: 0s
imageMinimumGCAge: 0s
logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
memorySwap: {}
resolvConf: /run/systemd/resolve/resolv.conf
rotateCertificates: true
runtimeRequestTimeout: 0s
shutdownGracePeriod: 0s
staticPodPath: /etc/kubernetes/manifests
syncFrequency: 0s
volumeStatsAggPeriod: 0s
`);
  assert.equal(config?.staticPodPath, "/etc/kubernetes/manifests");
  assert.equal(config?.fileCheckFrequencyMs, 20_000);
  assert.equal(config?.runtime.mode, "managed");
  assert.deepEqual(warnings.map((warning) => warning.split(": ")[1]), [
    "logging.flushFrequency",
    "logging.options",
    "rotateCertificates",
  ]);
});

Deno.test("loadConfig() takes islet's own level of the log for the finer word", async () => {
  const level = async (...args: string[]) => (await load(undefined, args)).config?.logging.level;
  assert.equal(await level("-v", "4"), "debug");
  assert.equal(await level("-v", "2"), "info");
  assert.equal(await level("--log-level=warn", "-v", "4"), "warn");
  assert.equal(await level("-v", "4", "--log-level=warn"), "warn");
});

Deno.test("loadConfig() says which file cannot be read", async () => {
  const { errors } = await loadConfig({ file: "/nowhere/node.yaml", host });
  assert.deepEqual(errors, ["Cannot read the configuration /nowhere/node.yaml: no such file"]);
});

Deno.test("loadConfig() finds the file that --config names", async () => {
  const asked: string[] = [];
  const { flags } = parseFlags(["--config=/a/b.yaml"]);
  const readFile = (path: string) => {
    asked.push(path);
    return Promise.resolve(`${islet}rootDir: ../data\n`);
  };
  const { config } = await loadConfig({ flags, readFile, host });
  assert.deepEqual(asked, ["/a/b.yaml"]);
  assert.equal(config?.rootDir, "/data");
});

Deno.test("loadConfig() refuses a hostname that is no node name", async () => {
  const { errors } = await load(undefined, [], { ...host, hostname: () => "my_box" });
  assert.equal(errors?.length, 1);
  assert.match(errors![0], /^nodeName: Invalid value: "my_box" \(the hostname\): a lowercase RFC 1123 subdomain/);
});

Deno.test("loadConfig() reads JSON, aliases and an empty file", async () => {
  const json = JSON.stringify({ apiVersion: "islet.dev/v1alpha1", kind: "IsletConfiguration", nodeName: "j" });
  assert.equal((await load(json)).config?.nodeName, "j");
  const aliased = `${kubelet}systemReserved: &r { cpu: 100m }\nkubeReserved: *r\n`;
  assert.deepEqual((await load(aliased)).config?.reservation.kubeReserved, { cpu: "100m" });
  assert.equal((await load("")).config?.nodeName, "edge-1");
  assert.equal((await load("---\n# nothing\n---\n")).config?.nodeName, "edge-1");
});

Deno.test("loadConfig() by flags alone loads no YAML parser", async () => {
  // Without the import map nobody finds the parser: only who asks for it notices.
  const run = async (options: string) => {
    const program = `import { loadConfig, parseFlags } from ${JSON.stringify(import.meta.resolve("./mod.ts"))};
      const { flags } = parseFlags(["--node-name=a"]);
      console.log((await loadConfig({ flags, ${options} })).config.nodeName);`;
    const args = [
      "run",
      "-A",
      "--quiet",
      "--no-check",
      "--no-config",
      `data:text/javascript,${encodeURIComponent(program)}`,
    ];
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: "/" }).output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  };
  assert.equal(await run(""), "a\n");
  assert.match(await run(`file: "x", readFile: async () => "{}"`), /"yaml"/);
});
