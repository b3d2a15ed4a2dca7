import assert from "node:assert/strict";
import { defaultSettings, type Settings } from "./settings.ts";
import { conflicts } from "./validate.ts";

const cases: { name: string; change: Partial<Settings>; expected: [keyof Settings, RegExp][] }[] = [
  { name: "the defaults", change: {}, expected: [] },
  {
    name: "parallel pulls while pulls are serial",
    change: { maxParallelImagePulls: 2 },
    expected: [["maxParallelImagePulls", /cannot be larger than 1/]],
  },
  {
    name: "parallel pulls while they are not",
    change: { maxParallelImagePulls: 2, serializeImagePulls: false },
    expected: [],
  },
  {
    name: "unknown enforcement",
    change: { enforceNodeAllocatable: ["everything"] },
    expected: [["enforceNodeAllocatable", /^Unsupported value: "everything"/]],
  },
  {
    name: "none beside others",
    change: { enforceNodeAllocatable: ["none", "pods"] },
    expected: [["enforceNodeAllocatable", /may not contain additional enforcements/]],
  },
  {
    name: "a low threshold that is not below the high one",
    change: { imageGCHighThresholdPercent: 80, imageGCLowThresholdPercent: 80 },
    expected: [["imageGCLowThresholdPercent", /must be less than imageGCHighThresholdPercent \(80\)/]],
  },
  {
    name: "images too old before they are old enough",
    change: { imageMaximumGCAge: 60_000 },
    expected: [["imageMaximumGCAge", /must be greater than imageMinimumGCAge \(2m0?s?\)/]],
  },
  {
    name: "more time for critical pods than for all",
    change: { shutdownGracePeriod: 1000, shutdownGracePeriodCriticalPods: 2000 },
    expected: [["shutdownGracePeriodCriticalPods", /must not be greater than/]],
  },
  {
    name: "shutdown by priority and in two parts",
    change: {
      shutdownGracePeriod: 1000,
      shutdownGracePeriodByPodPriority: [{ priority: 0, shutdownGracePeriodSeconds: 1 }],
    },
    expected: [["shutdownGracePeriodByPodPriority", /^Forbidden/]],
  },
  {
    name: "a managed runtime with an endpoint",
    change: { runtimeMode: "managed", containerRuntimeEndpoint: "unix:///x" },
    expected: [["containerRuntimeEndpoint", /must not be set/]],
  },
  {
    name: "enforcement on the system without a cgroup",
    change: { enforceNodeAllocatable: ["pods", "system-reserved", "kube-reserved-compressible"] },
    expected: [
      ["systemReservedCgroup", /must be specified when "system-reserved" contained/],
      ["kubeReservedCgroup", /must be specified when "kube-reserved-compressible" contained/],
    ],
  },
  {
    name: "CPUs by number beside a cgroup of the system",
    change: { reservedSystemCPUs: "0", systemReservedCgroup: "/system" },
    expected: [["reservedSystemCPUs", /cannot be used with systemReservedCgroup/]],
  },
  {
    name: "a static policy without CPUs for the system",
    change: { cpuManagerPolicy: "static", systemReserved: { cpu: "0", memory: "1Gi" } },
    expected: [["cpuManagerPolicy", /requires reservedSystemCPUs or/]],
  },
  {
    name: "a static policy with some",
    change: { cpuManagerPolicy: "static", kubeReserved: { cpu: "100m" } },
    expected: [],
  },
  {
    name: "options of a policy that is not there",
    change: { cpuManagerPolicyOptions: { "full-pcpus-only": "true" } },
    expected: [["cpuManagerPolicyOptions", /needs cpuManagerPolicy static/]],
  },
  {
    name: "memory reservation without its gate",
    change: { memoryReservationPolicy: "TieredReservation" },
    expected: [["memoryReservationPolicy", /requires the feature gate MemoryQoS/]],
  },
  {
    name: "an image service beside islet's own containerd",
    change: { imageServiceEndpoint: "unix:///x" },
    expected: [["imageServiceEndpoint", /needs containerRuntimeEndpoint/]],
  },
];

for (const { name, change, expected } of cases) {
  Deno.test(`conflicts() in ${name}`, () => {
    const found = conflicts({ ...defaultSettings(), ...change });
    assert.deepEqual(found.map(({ setting }) => setting), expected.map(([setting]) => setting));
    expected.forEach(([, problem], at) => assert.match(found[at].problem, problem));
  });
}
