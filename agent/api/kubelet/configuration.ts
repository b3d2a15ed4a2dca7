/** `/configz`: the KubeletConfiguration that is in force, with kubelet's names and units. */
import { formatCpuList } from "../../../cgroups/mod.ts";
import type { NodeConfig } from "../../config/mod.ts";
import { formatDuration } from "../../duration.ts";

/** Settings of islet's own are not in it. */
export function kubeletConfiguration(config: NodeConfig): Record<string, unknown> {
  const seconds = (value: number) => formatDuration(value * 1000);
  const { reservation, eviction, shutdown, cpuManager: cpus } = config;
  return {
    kind: "KubeletConfiguration",
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    enableServer: config.kubelet.enabled,
    address: config.kubelet.address,
    port: config.kubelet.port,
    readOnlyPort: 0,
    enableDebuggingHandlers: config.kubelet.debuggingHandlers,
    enableSystemLogHandler: config.kubelet.systemLogHandler,
    streamingConnectionIdleTimeout: formatDuration(config.streamingConnectionIdleTimeoutMs),
    authentication: {
      x509: config.kubelet.clientCAFile === "" ? {} : { clientCAFile: config.kubelet.clientCAFile },
      webhook: { enabled: config.kubelet.tokens },
      anonymous: { enabled: config.kubelet.anonymous },
    },
    authorization: { mode: config.kubelet.authorization },
    staticPodPath: config.staticPodPath,
    podLogsDir: config.podLogsDir,
    fileCheckFrequency: formatDuration(config.fileCheckFrequencyMs),
    clusterDNS: config.clusterDNS,
    clusterDomain: config.clusterDomain,
    resolvConf: config.resolvConf,
    ...(config.podCIDRs.length > 0 ? { podCIDR: config.podCIDRs.join(",") } : {}),
    maxPods: config.maxPods,
    podsPerCore: config.podsPerCore,
    podPidsLimit: config.podPidsLimit,
    cgroupRoot: config.cgroupRoot,
    cgroupDriver: config.cgroupDriver,
    cpuCFSQuota: config.cpuCFSQuota,
    cpuCFSQuotaPeriod: formatDuration(config.cpuCFSQuotaPeriodUs / 1000),
    failSwapOn: config.failSwapOn,
    failCgroupV1: config.failCgroupV1,
    memorySwap: { swapBehavior: config.swapBehavior },
    systemReserved: reservation.systemReserved,
    kubeReserved: reservation.kubeReserved,
    evictionHard: eviction.hard,
    evictionSoft: eviction.soft,
    evictionSoftGracePeriod: Object.fromEntries(
      Object.entries(eviction.softGraceMs).map(([signal, ms]) => [signal, formatDuration(ms)]),
    ),
    evictionMinimumReclaim: eviction.minimumReclaim,
    evictionPressureTransitionPeriod: formatDuration(eviction.transitionMs),
    evictionMaxPodGracePeriod: eviction.maxPodGraceSeconds,
    enforceNodeAllocatable: config.enforceNodeAllocatable.length > 0 ? config.enforceNodeAllocatable : ["none"],
    ...(config.systemReservedCgroup ? { systemReservedCgroup: config.systemReservedCgroup } : {}),
    ...(config.kubeReservedCgroup ? { kubeReservedCgroup: config.kubeReservedCgroup } : {}),
    ...(cpus.reserved ? { reservedSystemCPUs: formatCpuList(cpus.reserved) } : {}),
    cpuManagerPolicy: cpus.policy,
    ...(cpus.policy === "static"
      ? {
        cpuManagerPolicyOptions: {
          "full-pcpus-only": String(cpus.fullPcpusOnly),
          "strict-cpu-reservation": String(cpus.strictReservation),
        },
      }
      : {}),
    featureGates: { MemoryQoS: config.memoryQos !== undefined },
    ...(config.memoryQos
      ? {
        memoryThrottlingFactor: config.memoryQos.throttlingFactor,
        memoryReservationPolicy: config.memoryQos.reserve ? "TieredReservation" : "None",
      }
      : {}),
    ...(config.singleProcessOOMKill === undefined ? {} : { singleProcessOOMKill: config.singleProcessOOMKill }),
    containerRuntimeEndpoint: config.runtime.endpoint ?? `unix://${config.runDir}/containerd.sock`,
    ...(config.runtime.imageEndpoint ? { imageServiceEndpoint: config.runtime.imageEndpoint } : {}),
    runtimeRequestTimeout: formatDuration(config.runtime.requestTimeoutMs),
    containerLogMaxSize: String(config.containerLogMaxSize),
    containerLogMaxFiles: config.containerLogMaxFiles,
    containerLogMaxWorkers: config.containerLogMaxWorkers,
    containerLogMonitorInterval: formatDuration(config.containerLogMonitorIntervalMs),
    imageGCHighThresholdPercent: config.imageCollection.highPercent,
    imageGCLowThresholdPercent: config.imageCollection.lowPercent,
    imageMinimumGCAge: formatDuration(config.imageCollection.minAgeMs),
    imageMaximumGCAge: formatDuration(config.imageCollection.maxAgeMs),
    nodeStatusMaxImages: config.nodeStatusMaxImages,
    crashLoopBackOff: { maxContainerRestartPeriod: formatDuration(config.maxContainerRestartPeriodMs) },
    serializeImagePulls: config.maxParallelImagePulls === 1,
    ...(config.maxParallelImagePulls === undefined ? {} : { maxParallelImagePulls: config.maxParallelImagePulls }),
    seccompDefault: config.seccompDefault,
    allowedUnsafeSysctls: config.allowedUnsafeSysctls,
    registerWithTaints: config.taints,
    ...(shutdown.byPodPriority
      ? {
        shutdownGracePeriodByPodPriority: shutdown.byPodPriority,
      }
      : {
        shutdownGracePeriod: seconds(shutdown.totalSeconds),
        shutdownGracePeriodCriticalPods: seconds(shutdown.criticalSeconds),
      }),
  };
}
