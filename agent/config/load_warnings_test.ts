import assert from "node:assert/strict";
import { kubelet, load, proxy } from "./testing.ts";

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
