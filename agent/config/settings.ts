/**
 * What can be set, as plain values with their defaults: the meeting point of files and flags, before anything is
 * derived. Names are the KubeletConfiguration's where it has one. Durations are milliseconds, quantities of bytes are
 * bytes.
 *
 * Defaults are kubelet's (1.36) but for these: failCgroupV1 and failSwapOn are false, the cgroup
 * driver is detected, logs go below rootDir, `Always` falls back to a local image; and a pod network and a cluster
 * domain of its own, which kubelet gets from elsewhere.
 */
import type { Algorithm } from "../../net/proxy/mod.ts";

export interface Taint {
  key: string;
  value?: string;
  effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** One entry of shutdownGracePeriodByPodPriority. */
export interface PriorityGrace {
  priority: number;
  shutdownGracePeriodSeconds: number;
}

export interface Settings {
  rootDir: string;
  /** "": beside rootDir's other state under /run. */
  runDir: string;
  /** "": the hostname. */
  nodeName: string;
  nodeIPs: string[];
  nodeLabels: Record<string, string>;
  registerWithTaints: Taint[];

  apiSocket: string;
  apiAddress: string;
  /** 0: none. */
  apiPort: number;

  enableServer: boolean;
  enableDebuggingHandlers: boolean;
  enableSystemLogHandler: boolean;
  streamingConnectionIdleTimeout: number;
  kubeletAddress: string;
  kubeletPort: number;
  /** "": none but the node's own. */
  kubeletClientCA: string;
  kubeletTokens: boolean;
  kubeletAnonymous: boolean;
  kubeletAuthorization: "Webhook" | "AlwaysAllow";

  /** "": managed, unless an endpoint is configured. */
  runtimeMode: "" | "managed" | "external";
  containerRuntimeEndpoint: string;
  imageServiceEndpoint: string;
  runtimeRequestTimeout: number;

  staticPodPath: string;
  fileCheckFrequency: number;

  maxPods: number;
  podsPerCore: number;
  podPidsLimit: number;
  systemReserved: Record<string, string>;
  kubeReserved: Record<string, string>;
  evictionHard: Record<string, string>;
  evictionSoft: Record<string, string>;
  /** Durations, as they are written. */
  evictionSoftGracePeriod: Record<string, string>;
  evictionMinimumReclaim: Record<string, string>;
  evictionPressureTransitionPeriod: number;
  /** Seconds; for soft thresholds. */
  evictionMaxPodGracePeriod: number;
  /** Defaults fill in what evictionHard leaves out. */
  mergeDefaultEvictionSettings: boolean;
  enforceNodeAllocatable: string[];
  systemReservedCgroup: string;
  kubeReservedCgroup: string;
  /** A list as the kernel writes it; "": none. */
  reservedSystemCPUs: string;
  cpuManagerPolicy: "" | "none" | "static";
  cpuManagerPolicyOptions: Record<string, string>;
  featureGates: Record<string, boolean>;
  memoryThrottlingFactor: number;
  memoryReservationPolicy: "" | "None" | "TieredReservation";
  /** undefined: as the cgroup version has it. */
  singleProcessOOMKill: boolean | undefined;
  extendedResources: Record<string, string>;
  /** 0: as the kernel has it. */
  ioWeightGuaranteed: number;
  ioWeightBurstable: number;
  ioWeightBestEffort: number;

  /** "": detected. */
  cgroupDriver: "" | "cgroupfs" | "systemd";
  cgroupRoot: string;
  cpuCFSQuota: boolean;
  cpuCFSQuotaPeriod: number;
  failSwapOn: boolean;
  failCgroupV1: boolean;
  swapBehavior: "" | "NoSwap" | "LimitedSwap";

  clusterDNS: string[];
  clusterDomain: string;
  resolvConf: string;
  podCIDR: string;
  serviceCIDR: string;
  loadBalancer: "node" | "none";

  serviceProxy: boolean;
  loadBalancing: Algorithm;
  /** Empty: node ports answer on all of the node's addresses. */
  nodePortAddresses: string[];
  localhostNodePorts: boolean;
  masqueradeBit: number;
  masqueradeAll: boolean;
  proxySyncPeriod: number;
  /** 0: the kernel's; so are the durations. */
  conntrackMaxPerCore: number;
  conntrackMin: number;
  conntrackTcpEstablishedTimeout: number;
  conntrackTcpCloseWaitTimeout: number;
  conntrackTcpBeLiberal: boolean;
  conntrackUdpTimeout: number;
  conntrackUdpStreamTimeout: number;

  dns: boolean;
  stubDomains: Record<string, string[]>;

  podLogsDir: string;
  containerLogMaxSize: number;
  containerLogMaxFiles: number;
  containerLogMaxWorkers: number;
  containerLogMonitorInterval: number;

  minimumContainerTTL: number;
  maximumDeadContainersPerContainer: number;
  maximumDeadContainers: number;

  imageMinimumGCAge: number;
  imageMaximumGCAge: number;
  imageGCHighThresholdPercent: number;
  imageGCLowThresholdPercent: number;
  nodeStatusMaxImages: number;

  maxContainerRestartPeriod: number;
  seccompDefault: boolean;
  allowedUnsafeSysctls: string[];

  serializeImagePulls: boolean;
  /** 0: no limit. */
  maxParallelImagePulls: number;
  imageFallbackToLocal: boolean;

  shutdownGracePeriod: number;
  shutdownGracePeriodCriticalPods: number;
  shutdownGracePeriodByPodPriority: PriorityGrace[];
  shutdownPods: boolean;

  logLevel: "debug" | "info" | "warn" | "error";
  /** "": text on a terminal, JSON elsewhere. */
  logFormat: "" | "text" | "json";
}

export const defaultEvictionHard: Readonly<Record<string, string>> = {
  "memory.available": "100Mi",
  "nodefs.available": "10%",
  "nodefs.inodesFree": "5%",
  "imagefs.available": "15%",
  "imagefs.inodesFree": "5%",
};

export function defaultSettings(): Settings {
  return {
    rootDir: "/var/lib/islet",
    runDir: "",
    nodeName: "",
    nodeIPs: [],
    nodeLabels: {},
    registerWithTaints: [],
    apiSocket: "",
    apiAddress: "127.0.0.1",
    apiPort: 6550,
    enableServer: true,
    enableDebuggingHandlers: true,
    enableSystemLogHandler: true,
    streamingConnectionIdleTimeout: 4 * 3600_000,
    kubeletAddress: "0.0.0.0",
    kubeletPort: 10250,
    kubeletClientCA: "",
    kubeletTokens: true,
    kubeletAnonymous: false,
    kubeletAuthorization: "Webhook",
    runtimeMode: "",
    containerRuntimeEndpoint: "",
    imageServiceEndpoint: "",
    runtimeRequestTimeout: 120_000,
    staticPodPath: "",
    fileCheckFrequency: 20_000,
    maxPods: 110,
    podsPerCore: 0,
    podPidsLimit: -1,
    systemReserved: {},
    kubeReserved: {},
    evictionHard: { ...defaultEvictionHard },
    evictionSoft: {},
    evictionSoftGracePeriod: {},
    evictionMinimumReclaim: {},
    evictionPressureTransitionPeriod: 300_000,
    evictionMaxPodGracePeriod: 0,
    mergeDefaultEvictionSettings: false,
    enforceNodeAllocatable: ["pods"],
    systemReservedCgroup: "",
    kubeReservedCgroup: "",
    reservedSystemCPUs: "",
    cpuManagerPolicy: "",
    cpuManagerPolicyOptions: {},
    featureGates: {},
    memoryThrottlingFactor: 0.9,
    memoryReservationPolicy: "",
    singleProcessOOMKill: undefined,
    extendedResources: {},
    ioWeightGuaranteed: 0,
    ioWeightBurstable: 0,
    ioWeightBestEffort: 0,
    cgroupDriver: "",
    cgroupRoot: "",
    cpuCFSQuota: true,
    cpuCFSQuotaPeriod: 100,
    failSwapOn: false,
    failCgroupV1: false,
    swapBehavior: "",
    clusterDNS: [],
    clusterDomain: "cluster.local",
    resolvConf: "/etc/resolv.conf",
    podCIDR: "10.244.0.0/24",
    serviceCIDR: "10.96.0.0/16",
    serviceProxy: true,
    loadBalancing: "random",
    nodePortAddresses: [],
    localhostNodePorts: true,
    masqueradeBit: 14,
    masqueradeAll: false,
    proxySyncPeriod: 30_000,
    conntrackMaxPerCore: 0,
    conntrackMin: 0,
    conntrackTcpEstablishedTimeout: 0,
    conntrackTcpCloseWaitTimeout: 0,
    conntrackTcpBeLiberal: false,
    conntrackUdpTimeout: 0,
    conntrackUdpStreamTimeout: 0,
    dns: true,
    stubDomains: {},
    loadBalancer: "node",
    podLogsDir: "",
    containerLogMaxSize: 10 * 1024 * 1024,
    containerLogMaxFiles: 5,
    containerLogMaxWorkers: 1,
    containerLogMonitorInterval: 10_000,
    minimumContainerTTL: 0,
    maximumDeadContainersPerContainer: 1,
    maximumDeadContainers: -1,
    imageMinimumGCAge: 120_000,
    imageMaximumGCAge: 0,
    imageGCHighThresholdPercent: 85,
    imageGCLowThresholdPercent: 80,
    nodeStatusMaxImages: 50,
    maxContainerRestartPeriod: 300_000,
    seccompDefault: false,
    allowedUnsafeSysctls: [],
    serializeImagePulls: true,
    maxParallelImagePulls: 0,
    imageFallbackToLocal: true,
    shutdownGracePeriod: 0,
    shutdownGracePeriodCriticalPods: 0,
    shutdownGracePeriodByPodPriority: [],
    shutdownPods: false,
    logLevel: "info",
    logFormat: "",
  };
}
