import assert from "node:assert/strict";
import { parseFlags } from "./flags.ts";
import { loadConfig } from "./load.ts";
import { defaultEvictionHard } from "./settings.ts";
import { host, islet, kubelet, load } from "./testing.ts";

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

Deno.test("loadConfig() takes islet's own level of the log for the finer word", async () => {
  const level = async (...args: string[]) => (await load(undefined, args)).config?.logging.level;
  assert.equal(await level("-v", "4"), "debug");
  assert.equal(await level("-v", "2"), "info");
  assert.equal(await level("--log-level=warn", "-v", "4"), "warn");
  assert.equal(await level("-v", "4", "--log-level=warn"), "warn");
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
