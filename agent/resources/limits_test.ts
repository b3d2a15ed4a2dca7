import assert from "node:assert/strict";
import type { CgroupLimits } from "../../cgroups/mod.ts";
import type { Container, Pod } from "../objects/mod.ts";
import {
  type ContainerLimitOptions,
  type ContainerLimits,
  containerResources,
  hugePageSize,
  kubepodsLimits,
  type MemoryQosOptions,
  podCgroupLimits,
  type PodLimitOptions,
  qosCgroupLimits,
  sandboxResources,
  widest,
} from "./limits.ts";
import { box, exact, podOf, sidecar } from "./testing.ts";

const Mi = 2 ** 20;
const node: ContainerLimitOptions = { memoryCapacity: 4_000_000_000 };

const containers: [
  string,
  Container,
  Partial<ContainerLimits>,
  Partial<ContainerLimitOptions>?,
  Partial<Pod["spec"]>?,
][] = [
  [
    "has the least weight and no limit for a container that asks for nothing",
    box("a"),
    { cpuShares: 2, cpuPeriodUs: 100_000, cpuQuotaUs: undefined, memoryBytes: undefined, oomScoreAdj: 1000 },
  ],
  ["weighs 1024 shares a CPU", box("a", { cpu: "250m" }), { cpuShares: 256 }],
  ["weighs at least 2 shares", box("a", { cpu: "1m" }), { cpuShares: 2 }],
  ["weighs by the limit where there is no request", box("a", {}, { cpu: "2" }), {
    cpuShares: 2048,
    cpuQuotaUs: 200_000,
  }],
  ["weighs by a request of zero although there is a limit", box("a", { cpu: "0" }, { cpu: "2" }), { cpuShares: 2 }],
  ["gives a quota for each 100 ms", box("a", {}, { cpu: "500m" }), { cpuQuotaUs: 50_000, cpuPeriodUs: 100_000 }],
  ["gives a quota of at least 1 ms", box("a", {}, { cpu: "5m" }), { cpuQuotaUs: 1000 }],
  ["follows the node's quota period", box("a", {}, { cpu: "500m" }), { cpuQuotaUs: 5000, cpuPeriodUs: 10_000 }, {
    cpuPeriodUs: 10_000,
  }],
  ["sets no quota where the node enforces none", box("a", {}, { cpu: "1" }), {
    cpuQuotaUs: undefined,
    cpuPeriodUs: undefined,
  }, { cpuQuota: false }],
  ["limits memory", box("a", {}, { memory: "64Mi" }), {
    memoryBytes: 64 * Mi,
    memorySwapBytes: undefined,
    unified: {},
  }],
  [
    "takes the pod's own limits where the container has none",
    box("a"),
    { cpuQuotaUs: 100_000, memoryBytes: Mi },
    {},
    { resources: { limits: { cpu: "1", memory: "1Mi" } } },
  ],
  [
    "prefers the container's limits to the pod's",
    box("a", {}, { cpu: "500m", memory: "2Mi" }),
    { cpuQuotaUs: 50_000, memoryBytes: 2 * Mi },
    {},
    { resources: { limits: { cpu: "1", memory: "4Mi" } } },
  ],
  [
    "limits memory and swap together on v1, which leaves no swap",
    box("a", {}, { memory: "64Mi" }),
    { memorySwapBytes: 64 * Mi, unified: {} },
    { swap: { cgroupVersion: 1 } },
  ],
  ["leaves swap alone on v1 where memory is not limited", box("a"), { memorySwapBytes: undefined }, {
    swap: { cgroupVersion: 1 },
  }],
  ["forbids swap on v2 also without a memory limit", box("a"), { unified: { "memory.swap.max": "0" } }, {
    swap: { cgroupVersion: 2 },
  }],
  [
    "gives a burstable container swap in proportion with LimitedSwap",
    box("a", { memory: "1G" }, { memory: "2G" }),
    { unified: { "memory.swap.max": "250000000" } },
    { swap: { cgroupVersion: 2, behavior: "LimitedSwap", swapCapacity: 1_000_000_000 } },
  ],
  [
    "gives no swap with LimitedSwap to a container whose request is its limit",
    exact("a", { memory: "1G" }),
    { unified: { "memory.swap.max": "0" } },
    { swap: { cgroupVersion: 2, behavior: "LimitedSwap", swapCapacity: 1_000_000_000 } },
  ],
  [
    "forbids huge pages of every size that the container does not name",
    exact("a", { "hugepages-2Mi": "4Mi" }),
    { hugePages: [{ pageSize: "2MB", limit: 4 * Mi }, { pageSize: "1GB", limit: 0 }] },
    { hugePageSizes: ["2MB", "1GB"] },
  ],
  [
    "throttles short of the limit with memory QoS",
    box("a", { memory: "100Mi" }, { memory: "200Mi" }),
    { unified: { "memory.high": String(190 * Mi) } },
    { memoryQos: memoryQos() },
  ],
  [
    "throttles short of what is allocatable where there is no limit, by whole pages",
    box("a", { memory: "100Mi" }),
    { unified: { "memory.high": "3610484736" } },
    { memoryQos: memoryQos() },
  ],
  [
    "throttles a best-effort container, too",
    box("a"),
    { unified: { "memory.high": "3599998976" } },
    { memoryQos: memoryQos({ reserve: true }) },
  ],
  [
    "protects a burstable container's request while anything else can be reclaimed",
    box("a", { memory: "100Mi" }, { memory: "200Mi" }),
    { unified: { "memory.low": String(100 * Mi), "memory.high": String(150 * Mi) } },
    { memoryQos: memoryQos({ reserve: true, throttlingFactor: 0.5 }) },
  ],
  [
    "protects a guaranteed container's request altogether and does not throttle it",
    exact("a", { cpu: "1", memory: "100Mi" }),
    { unified: { "memory.min": String(100 * Mi), "memory.high": "max" } },
    { memoryQos: memoryQos({ reserve: true }) },
  ],
  ["ends all of its processes where the node says so", box("a"), { unified: { "memory.oom.group": "1" } }, {
    oomGroup: true,
  }],
  [
    "has its own CPUs and no quota then",
    exact("a", { cpu: "2", memory: "1Mi" }),
    { cpuset: "2-3", ownCpus: true, cpuShares: 2048, cpuQuotaUs: undefined },
    { cpus: () => ({ list: "2-3", own: true }) },
  ],
  [
    "shares CPUs with its quota",
    exact("a", { cpu: "500m", memory: "1Mi" }),
    { cpuset: "0-1", ownCpus: false, cpuQuotaUs: 50_000 },
    { cpus: () => ({ list: "0-1", own: false }) },
  ],
];

function memoryQos(more: Partial<MemoryQosOptions> = {}): MemoryQosOptions {
  return { throttlingFactor: 0.9, reserve: false, pageSize: 4096, nodeAllocatable: 4_000_000_000, ...more };
}

for (const [name, container, expected, options, spec] of containers) {
  Deno.test(`containerResources() ${name}`, () => {
    const got = containerResources(podOf([container], spec), container, { ...node, ...options });
    const picked = Object.fromEntries(Object.keys(expected).map((key) => [key, got[key as keyof ContainerLimits]]));
    assert.deepEqual(picked, expected);
  });
}

const both = { cpu: "1", memory: "64Mi" };
const pods: [string, Pod, CgroupLimits, PodLimitOptions?][] = [
  ["gives a best-effort pod the least weight and no limit", podOf([box("a")]), { cpuShares: 2 }],
  ["limits a guaranteed pod", podOf([exact("a", both)]), {
    cpuShares: 1024,
    cpuQuotaUs: 100_000,
    cpuPeriodUs: 100_000,
    memoryBytes: 64 * Mi,
  }],
  ["adds up all containers", podOf([exact("a", both), exact("b", both)]), {
    cpuShares: 2048,
    cpuQuotaUs: 200_000,
    cpuPeriodUs: 100_000,
    memoryBytes: 128 * Mi,
  }],
  ["limits nothing where one container is unlimited", podOf([box("a", { cpu: "1" }, both), box("b")]), {
    cpuShares: 1024,
  }],
  [
    "limits memory alone where only memory is limited everywhere",
    podOf([box("a", {}, { memory: "1Mi" }), box("b", { cpu: "500m" }, { memory: "1Mi" })]),
    { cpuShares: 512, memoryBytes: 2 * Mi },
  ],
  [
    "limits CPU alone where only CPU is limited everywhere",
    podOf([box("a", {}, { cpu: "1" })]),
    { cpuShares: 2, cpuQuotaUs: 100_000, cpuPeriodUs: 100_000 },
  ],
  ["counts an init container without limits", podOf([box("a", { cpu: "1" }, both)], { initContainers: [box("i")] }), {
    cpuShares: 1024,
  }],
  [
    "limits by the pod's own resources whatever its containers say",
    podOf([box("a")], { resources: { requests: { cpu: "500m" }, limits: { cpu: "2", memory: "10Mi" } } }),
    { cpuShares: 512, cpuQuotaUs: 200_000, cpuPeriodUs: 100_000, memoryBytes: 10 * Mi },
  ],
  [
    "counts a sidecar beside the containers and the overhead on top",
    podOf([exact("a", both)], {
      initContainers: [exact("mesh", both, sidecar)],
      overhead: { cpu: "1", memory: "1Mi" },
    }),
    { cpuShares: 3072, cpuQuotaUs: 300_000, cpuPeriodUs: 100_000, memoryBytes: 129 * Mi },
  ],
  ["takes the quota away where the node enforces none", podOf([exact("a", both)]), {
    cpuShares: 1024,
    cpuQuotaUs: -1,
    cpuPeriodUs: 100_000,
    memoryBytes: 64 * Mi,
  }, { cpuQuota: false }],
  ["limits processes also of a best-effort pod", podOf([box("a")]), { cpuShares: 2, pidsMax: 99 }, {
    podPidsLimit: 99,
  }],
  ["protects a guaranteed pod's memory from reclaim where the node reserves it", podOf([exact("a", both)]), {
    cpuShares: 1024,
    cpuQuotaUs: 100_000,
    cpuPeriodUs: 100_000,
    memoryBytes: 64 * Mi,
    memoryMinBytes: 64 * Mi,
    memoryLowBytes: 0,
  }, { reserveMemory: true }],
  ["protects a burstable pod's memory as long as it can", podOf([box("a", { memory: "1Mi" })]), {
    cpuShares: 2,
    memoryMinBytes: 0,
    memoryLowBytes: Mi,
  }, { reserveMemory: true }],
  ["takes protection away where the node reserves nothing", podOf([box("a", { memory: "1Mi" })]), {
    cpuShares: 2,
    memoryMinBytes: 0,
    memoryLowBytes: 0,
  }, { reserveMemory: false }],
  ["weighs a guaranteed pod's disk", podOf([exact("a", both)]), {
    cpuShares: 1024,
    cpuQuotaUs: 100_000,
    cpuPeriodUs: 100_000,
    memoryBytes: 64 * Mi,
    ioWeight: 500,
  }, { ioWeight: 500 }],
  ["leaves a burstable pod's disk to its class", podOf([box("a", { cpu: "1" })]), { cpuShares: 1024 }, {
    ioWeight: 500,
  }],
  ["takes the quota away from a pod with CPUs of its own", podOf([exact("a", both)]), {
    cpuShares: 1024,
    cpuQuotaUs: -1,
    cpuPeriodUs: 100_000,
    memoryBytes: 64 * Mi,
  }, { ownCpus: () => true }],
  ["takes a negative process limit for none", podOf([box("a")]), { cpuShares: 2 }, { podPidsLimit: -1 }],
  [
    "limits huge pages by the kernel's names",
    podOf([exact("a", { ...both, "hugepages-1Gi": "2Gi" })]),
    {
      cpuShares: 1024,
      cpuQuotaUs: 100_000,
      cpuPeriodUs: 100_000,
      memoryBytes: 64 * Mi,
      hugetlb: { "1GB": 2 * 2 ** 30 },
    },
  ],
];

for (const [name, pod, expected, options] of pods) {
  Deno.test(`podCgroupLimits() ${name}`, () => assert.deepEqual(podCgroupLimits(pod, options), expected));
}

Deno.test("qosCgroupLimits() weighs burstable pods by what they request together and leaves others out", () => {
  const burstable = podOf([box("a", { cpu: "500m" })]);
  const all = [burstable, burstable, podOf([exact("a", both)]), podOf([box("a")])];
  assert.deepEqual(qosCgroupLimits(all), { Guaranteed: {}, Burstable: { cpuShares: 1024 } });
  assert.deepEqual(qosCgroupLimits([]), { Guaranteed: {}, Burstable: { cpuShares: 2 } });
});

Deno.test("qosCgroupLimits() protects above what is protected below", () => {
  const all = [podOf([box("a", { memory: "1Mi" })]), podOf([box("a", { memory: "2Mi" })]), podOf([exact("a", both)])];
  assert.deepEqual(qosCgroupLimits(all, true), {
    Guaranteed: { memoryMinBytes: 64 * Mi, memoryLowBytes: 3 * Mi },
    Burstable: { cpuShares: 2, memoryLowBytes: 3 * Mi },
  });
  assert.deepEqual(qosCgroupLimits(all, false), {
    Guaranteed: { memoryMinBytes: 0, memoryLowBytes: 0 },
    Burstable: { cpuShares: 2, memoryLowBytes: 0 },
  });
});

Deno.test("kubepodsLimits() limits all pods by what is allocatable", () => {
  assert.deepEqual(kubepodsLimits({ cpu: 1500, memory: 64 * Mi, pid: 1000 }), {
    cpuShares: 1536,
    memoryBytes: 64 * Mi,
    pidsMax: 1000,
  });
  assert.deepEqual(kubepodsLimits({ "hugepages-2Mi": 4 * Mi, "example.com/dongle": 2 }), {
    hugetlb: { "2MB": 4 * Mi },
  });
  assert.deepEqual(kubepodsLimits({}), {});
});

Deno.test("sandboxResources() shows the pod's sum apart from the overhead", () => {
  const pod = podOf([exact("a", both)], { overhead: { cpu: "250m", memory: "1Mi" } });
  assert.deepEqual(sandboxResources(pod), {
    resources: { cpuShares: 1024, cpuPeriodUs: 100_000, cpuQuotaUs: 100_000, memoryBytes: 64 * Mi },
    overhead: { cpuShares: 256, cpuPeriodUs: 100_000, cpuQuotaUs: 25_000, memoryBytes: Mi },
  });
  assert.equal("overhead" in sandboxResources(podOf([box("a")])), false);
});

Deno.test("hugePageSize() spells sizes as the kernel does", () => {
  const sizes = ["hugepages-64Ki", "hugepages-2Mi", "hugepages-2048Ki", "hugepages-1Gi", "hugepages-16Gi", "memory"];
  assert.deepEqual(sizes.map(hugePageSize), ["64KB", "2MB", "2MB", "1GB", "16GB", undefined]);
});

Deno.test("widest() leaves room for both, and no limit where one of them has none", () => {
  const small = { cpuShares: 512, cpuQuotaUs: 50_000, cpuPeriodUs: 100_000, memoryBytes: 64 };
  const large = { cpuShares: 256, cpuQuotaUs: 80_000, cpuPeriodUs: 100_000, memoryBytes: 128, pidsMax: 9 };
  assert.deepEqual(widest(small, large), { ...large, cpuShares: 512 });
  const { cpuQuotaUs: _, memoryBytes: __, ...open } = large;
  assert.deepEqual(widest(small, open), { ...open, cpuShares: 512, cpuQuotaUs: -1, memoryBytes: -1 });
});
