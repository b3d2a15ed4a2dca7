/** Limits in the runtime's words. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LinuxContainerResourcesSchema } from "../../cri/mod.ts";
import type { ContainerLimits } from "../resources/mod.ts";

/** A LinuxContainerResources message; what is absent is unspecified. */
export function linuxResources(limits: Partial<ContainerLimits>): MessageInitShape<
  typeof LinuxContainerResourcesSchema
> {
  const int = (value: number | undefined) => BigInt(value ?? 0);
  return {
    cpuShares: int(limits.cpuShares),
    cpuQuota: int(limits.cpuQuotaUs),
    cpuPeriod: int(limits.cpuPeriodUs),
    memoryLimitInBytes: int(limits.memoryBytes),
    memorySwapLimitInBytes: int(limits.memorySwapBytes),
    oomScoreAdj: int(limits.oomScoreAdj),
    hugepageLimits: (limits.hugePages ?? []).map(({ pageSize, limit }) => ({ pageSize, limit: BigInt(limit) })),
    unified: limits.unified ?? {},
    cpusetCpus: limits.cpuset ?? "",
  };
}

/** The message for a container that runs: cpu and memory alone; a limit that is gone is said to be none. */
export function updatedResources(limits: ContainerLimits): MessageInitShape<typeof LinuxContainerResourcesSchema> {
  const { cpuShares, cpuPeriodUs, cpuQuotaUs, memoryBytes, memorySwapBytes, unified } = limits;
  return linuxResources({
    cpuShares,
    cpuPeriodUs,
    cpuQuotaUs: cpuPeriodUs && (cpuQuotaUs ?? -1),
    memoryBytes,
    memorySwapBytes,
    unified,
  });
}
