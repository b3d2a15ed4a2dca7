import { deepEqual } from "node:assert/strict";
import type { ContainerLimits } from "../resources/mod.ts";
import { linuxResources, updatedResources } from "./linux_resources.ts";

const limits: ContainerLimits = {
  cpuShares: 512,
  cpuPeriodUs: 100_000,
  cpuQuotaUs: 50_000,
  memoryBytes: 4096,
  oomScoreAdj: 900,
  hugePages: [{ pageSize: "2MB", limit: 0 }],
  unified: { "memory.high": "max" },
  cpuset: "0-1",
};

Deno.test("linuxResources() says everything that a new container is to have", () => {
  const { cpuQuota, memoryLimitInBytes, oomScoreAdj, hugepageLimits, unified, cpusetCpus } = linuxResources(limits);
  deepEqual([cpuQuota, memoryLimitInBytes, oomScoreAdj, hugepageLimits, unified, cpusetCpus], [
    50_000n,
    4096n,
    900n,
    [{ pageSize: "2MB", limit: 0n }],
    { "memory.high": "max" },
    "0-1",
  ]);
});

Deno.test("updatedResources() says what changes with a resize, and leaves a running container its CPUs", () => {
  const { cpuQuota, oomScoreAdj, hugepageLimits, unified, cpusetCpus } = updatedResources(limits);
  deepEqual([cpuQuota, oomScoreAdj, hugepageLimits, unified, cpusetCpus], [
    50_000n,
    0n,
    [],
    { "memory.high": "max" },
    "",
  ]);
  const { cpuQuota: none } = updatedResources({ ...limits, cpuQuotaUs: undefined });
  deepEqual(none, -1n, "a limit that is gone");
});
