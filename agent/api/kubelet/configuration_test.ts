import assert from "node:assert/strict";
import { loadConfig, parseFlags } from "../../config/mod.ts";
import { kubeletConfiguration } from "./configuration.ts";

const host = { hostname: () => "edge-1", systemd: () => false };

async function load(text: string) {
  const readFile = () => Promise.resolve(text);
  const { config, errors } = await loadConfig({
    file: "/node.yaml",
    readFile,
    flags: parseFlags(["--run-dir", "/run/x"]).flags,
    host,
  });
  assert.equal(errors, undefined);
  return config!;
}

const texts: Record<string, string> = {
  "the defaults": "",
  "much that is not the default": `
maxPods: 9
podsPerCore: 2
clusterDNS: [10.0.0.10]
evictionHard: { memory.available: 5% }
evictionSoft: { memory.available: 10% }
evictionSoftGracePeriod: { memory.available: 1m30s }
evictionMinimumReclaim: { memory.available: 1% }
evictionPressureTransitionPeriod: 30s
evictionMaxPodGracePeriod: 9
mergeDefaultEvictionSettings: true
enforceNodeAllocatable: [none]
cpuCFSQuotaPeriod: 20ms
fileCheckFrequency: 90s
containerLogMaxSize: 1Mi
serializeImagePulls: false
maxParallelImagePulls: 3
registerWithTaints: [{ key: a, value: b, effect: NoSchedule }]
shutdownGracePeriod: 30s
shutdownGracePeriodCriticalPods: 10s
crashLoopBackOff: { maxContainerRestartPeriod: 60s }
authentication: { anonymous: { enabled: true } }
enableDebuggingHandlers: false
enableSystemLogHandler: false
streamingConnectionIdleTimeout: 90m
`,
};
for (const [what, text] of Object.entries(texts)) {
  Deno.test(`kubeletConfiguration() of ${what} is a configuration that means the same`, async () => {
    const head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncgroupDriver: cgroupfs\n";
    const config = await load(head + text);
    const { containerRuntimeEndpoint, ...shown } = kubeletConfiguration(config);
    // an endpoint that is given is somebody else's containerd
    assert.equal(containerRuntimeEndpoint, "unix:///run/x/containerd.sock");
    assert.deepEqual(await load(JSON.stringify(shown)), config);
  });
}
