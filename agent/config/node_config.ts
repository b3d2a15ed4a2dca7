/**
 * The configuration that the agent works with: settings with everything derived that can be derived, in the units that
 * its parts take.
 */
import { hostname } from "node:os";
import { join } from "node:path";
import { parseCpuList } from "../../cgroups/cpu_list.ts";
import type { QosClass } from "../resources/qos.ts";
import { contains, parseAddress, parseCidr } from "../../net/addr.ts";
import type { Algorithm } from "../../net/proxy/mod.ts";
import { serviceAddress } from "../pki/names.ts";
import { runDirOf } from "../runtime/containerd/paths.ts";
import { parseDuration } from "../duration.ts";
import { defaultEvictionHard, type PriorityGrace, type Settings, type Taint } from "./settings.ts";

/** What the kernel's table of connections is to be set to; 0 or absent: left as it is. */
export interface ConntrackWish {
  /** Entries. */
  max?: number;
  tcpBeLiberal?: boolean;
  tcpEstablishedSeconds: number;
  tcpCloseWaitSeconds: number;
  udpSeconds: number;
  udpStreamSeconds: number;
}

export interface NodeConfig {
  rootDir: string;
  runDir: string;
  nodeName: string;
  /** Empty: detected. */
  nodeIPs: string[];
  nodeLabels: Record<string, string>;
  taints: Taint[];

  /** `port` 0: on the socket alone. */
  api: { socket: string; address: string; port: number };
  /** kubelet's own API. */
  kubelet: {
    /** Whether there is one. */
    enabled: boolean;
    address: string;
    port: number;
    /** A CA whose client certificates count besides the node's own; "": none. */
    clientCAFile: string;
    /** Whether bearer tokens count. */
    tokens: boolean;
    /** Whether requests without credentials are system:anonymous, not refused. */
    anonymous: boolean;
    /** AlwaysAllow: whoever is known may do all. */
    authorization: "Webhook" | "AlwaysAllow";
    /** Whether there are logs, exec and their like. */
    debuggingHandlers: boolean;
    /** Whether there is `/logs/`. */
    systemLogHandler: boolean;
  };
  /** Streams on which nothing moves for so long are ended, through whichever door. */
  streamingConnectionIdleTimeoutMs: number;
  runtime:
    | { mode: "managed"; endpoint?: undefined; imageEndpoint?: undefined; requestTimeoutMs: number }
    | { mode: "external"; endpoint: string; imageEndpoint: string; requestTimeoutMs: number };

  /** "": none. */
  staticPodPath: string;
  fileCheckFrequencyMs: number;

  maxPods: number;
  /** 0: no limit by cores. */
  podsPerCore: number;
  /** -1: no limit. */
  podPidsLimit: number;
  reservation: {
    systemReserved: Record<string, string>;
    kubeReserved: Record<string, string>;
    evictionHard: Record<string, string>;
  };
  /** When pods are evicted; signal → quantity, percentage or ms. */
  eviction: {
    hard: Record<string, string>;
    soft: Record<string, string>;
    softGraceMs: Record<string, number>;
    minimumReclaim: Record<string, string>;
    transitionMs: number;
    /** For soft thresholds. */
    maxPodGraceSeconds: number;
  };
  /** Without `none`. */
  enforceNodeAllocatable: string[];
  /** "": none. */
  systemReservedCgroup: string;
  kubeReservedCgroup: string;
  cpuManager: {
    policy: "none" | "static";
    /** Never anybody's alone; undefined: as many as systemReserved and kubeReserved hold back. */
    reserved?: number[];
    fullPcpusOnly: boolean;
    strictReservation: boolean;
  };
  /** undefined: off. */
  memoryQos?: { throttlingFactor: number; reserve: boolean };
  /** undefined: as the cgroup version has it. */
  singleProcessOOMKill?: boolean;
  /** What else the node has, by count. */
  extendedResources: Record<string, number>;
  /** By QoS class, 1 … 10000; what is absent is the kernel's to choose. */
  ioWeight: Partial<Record<QosClass, number>>;

  cgroupDriver: "cgroupfs" | "systemd";
  /** Whether the driver was configured, not detected from the machine: a runtime that says otherwise is then at fault. */
  cgroupDriverGiven: boolean;
  cgroupRoot: string;
  cpuCFSQuota: boolean;
  cpuCFSQuotaPeriodUs: number;
  failSwapOn: boolean;
  failCgroupV1: boolean;
  swapBehavior: "NoSwap" | "LimitedSwap";

  /** Name servers of pods; empty: there is no cluster DNS. */
  clusterDNS: string[];
  /** Those of them that islet itself answers on. */
  dnsAddresses: string[];
  /** Who is asked for names below a domain. */
  stubDomains: Record<string, string[]>;
  clusterDomain: string;
  /** "": pods get no DNS from the node. */
  resolvConf: string;
  podCIDRs: string[];
  /** Addresses of Services, one range a family. */
  serviceCIDRs: string[];
  /** Undefined: somebody else looks after Services. */
  serviceProxy?: {
    algorithm: Algorithm;
    /** Undefined: on all of the node's addresses. */
    nodePortAddresses?: string[];
    localhostNodePorts: boolean;
    masqueradeBit: number;
    masqueradeAll: boolean;
    /** How often somebody looks whether the rules are still there. */
    syncPeriodMs: number;
    conntrack: ConntrackWish;
  };
  /** Whose addresses are the ingress of load balancers: this node's, or somebody else's. */
  loadBalancer: "node" | "none";

  podLogsDir: string;
  /** Bytes. */
  containerLogMaxSize: number;
  containerLogMaxFiles: number;
  containerLogMaxWorkers: number;
  containerLogMonitorIntervalMs: number;
  /** Which ended containers are kept; a negative number is no limit. */
  deadContainers: { minAgeMs: number; perContainer: number; total: number };
  /** Which images are removed. */
  imageCollection: { highPercent: number; lowPercent: number; minAgeMs: number; maxAgeMs: number };
  /** -1: all. */
  nodeStatusMaxImages: number;

  maxContainerRestartPeriodMs: number;
  seccompDefault: boolean;
  allowedUnsafeSysctls: string[];

  /** Pulls at once; undefined: no limit. */
  maxParallelImagePulls?: number;
  imageFallbackToLocal: boolean;

  shutdown: { totalSeconds: number; criticalSeconds: number; byPodPriority?: PriorityGrace[] };
  /** SIGTERM ends the pods, too. */
  shutdownPods: boolean;

  logging: { level: "debug" | "info" | "warn" | "error"; format?: "text" | "json" };
}

/** What is asked of the machine where nothing is configured. */
export interface Host {
  hostname(): string;
  /** Whether systemd is the machine's init, which then owns its cgroups. */
  systemd(): boolean;
}

export const thisHost: Host = {
  hostname,
  systemd() {
    try {
      return Deno.statSync("/run/systemd/system").isDirectory;
    } catch {
      return false;
    }
  },
};

/** kubelet's default socket of an external runtime. */
const externalEndpoint = "unix:///run/containerd/containerd.sock";

/** Fills in what follows from the rest. */
export function nodeConfig(settings: Settings, host: Host): NodeConfig {
  const { rootDir } = settings;
  const runDir = settings.runDir || runDirOf(rootDir);
  const external = settings.runtimeMode === "external" || settings.containerRuntimeEndpoint !== "";
  const endpoint = endpointUrl(settings.containerRuntimeEndpoint || externalEndpoint);
  const requestTimeoutMs = settings.runtimeRequestTimeout;
  const priorities = settings.shutdownGracePeriodByPodPriority;
  const parallel = settings.serializeImagePulls ? 1 : settings.maxParallelImagePulls;
  const reserved = settings.reservedSystemCPUs === "" ? undefined : parseCpuList(settings.reservedSystemCPUs);
  const serviceCIDRs = settings.serviceCIDR.split(",").filter((each) => each !== "");
  const clusterDNS = settings.clusterDNS.length > 0 || !settings.dns
    ? settings.clusterDNS
    : serviceCIDRs.map(dnsAddress);
  const evictionHard = settings.mergeDefaultEvictionSettings
    ? { ...defaultEvictionHard, ...settings.evictionHard }
    : settings.evictionHard;
  return {
    rootDir,
    runDir,
    nodeName: settings.nodeName || host.hostname().trim().toLowerCase(),
    nodeIPs: settings.nodeIPs,
    nodeLabels: settings.nodeLabels,
    taints: settings.registerWithTaints,
    api: {
      socket: settings.apiSocket || join(runDir, "islet.sock"),
      address: settings.apiAddress,
      port: settings.apiPort,
    },
    kubelet: {
      enabled: settings.enableServer,
      address: settings.kubeletAddress,
      port: settings.kubeletPort,
      clientCAFile: settings.kubeletClientCA,
      tokens: settings.kubeletTokens,
      anonymous: settings.kubeletAnonymous,
      authorization: settings.kubeletAuthorization,
      debuggingHandlers: settings.enableDebuggingHandlers,
      systemLogHandler: settings.enableSystemLogHandler,
    },
    streamingConnectionIdleTimeoutMs: settings.streamingConnectionIdleTimeout,
    runtime: external
      ? {
        mode: "external",
        endpoint,
        imageEndpoint: settings.imageServiceEndpoint ? endpointUrl(settings.imageServiceEndpoint) : endpoint,
        requestTimeoutMs,
      }
      : { mode: "managed", requestTimeoutMs },
    staticPodPath: settings.staticPodPath,
    fileCheckFrequencyMs: settings.fileCheckFrequency,
    maxPods: settings.maxPods,
    podsPerCore: settings.podsPerCore,
    podPidsLimit: settings.podPidsLimit,
    reservation: {
      ...reservedAmounts(settings, reserved?.length),
      evictionHard,
    },
    eviction: {
      hard: evictionHard,
      soft: settings.evictionSoft,
      softGraceMs: Object.fromEntries(
        Object.entries(settings.evictionSoftGracePeriod).map(([signal, text]) => [signal, parseDuration(text) ?? 0]),
      ),
      minimumReclaim: settings.evictionMinimumReclaim,
      transitionMs: settings.evictionPressureTransitionPeriod,
      maxPodGraceSeconds: settings.evictionMaxPodGracePeriod,
    },
    enforceNodeAllocatable: settings.enforceNodeAllocatable.filter((each) => each !== "none"),
    systemReservedCgroup: settings.systemReservedCgroup,
    kubeReservedCgroup: settings.kubeReservedCgroup,
    cpuManager: {
      policy: settings.cpuManagerPolicy || "none",
      ...(reserved ? { reserved } : {}),
      fullPcpusOnly: isTrue(settings.cpuManagerPolicyOptions["full-pcpus-only"]),
      strictReservation: isTrue(settings.cpuManagerPolicyOptions["strict-cpu-reservation"]),
    },
    ...(settings.featureGates.MemoryQoS
      ? {
        memoryQos: {
          throttlingFactor: settings.memoryThrottlingFactor,
          reserve: settings.memoryReservationPolicy === "TieredReservation",
        },
      }
      : {}),
    ...(settings.singleProcessOOMKill === undefined ? {} : { singleProcessOOMKill: settings.singleProcessOOMKill }),
    extendedResources: Object.fromEntries(
      Object.entries(settings.extendedResources).map(([name, amount]) => [name, Number(amount)]),
    ),
    ioWeight: {
      ...(settings.ioWeightGuaranteed ? { Guaranteed: settings.ioWeightGuaranteed } : {}),
      ...(settings.ioWeightBurstable ? { Burstable: settings.ioWeightBurstable } : {}),
      ...(settings.ioWeightBestEffort ? { BestEffort: settings.ioWeightBestEffort } : {}),
    },
    cgroupDriver: settings.cgroupDriver || (host.systemd() ? "systemd" : "cgroupfs"),
    cgroupDriverGiven: settings.cgroupDriver !== "",
    cgroupRoot: settings.cgroupRoot || "/",
    cpuCFSQuota: settings.cpuCFSQuota,
    cpuCFSQuotaPeriodUs: Math.round(settings.cpuCFSQuotaPeriod * 1000),
    failSwapOn: settings.failSwapOn,
    failCgroupV1: settings.failCgroupV1,
    swapBehavior: settings.swapBehavior || "NoSwap",
    clusterDNS,
    dnsAddresses: settings.dns ? clusterDNS.filter((address) => isOwn(address, serviceCIDRs)) : [],
    stubDomains: settings.stubDomains,
    clusterDomain: settings.clusterDomain.replace(/\.$/, ""),
    resolvConf: settings.resolvConf,
    podCIDRs: settings.podCIDR.split(",").filter((each) => each !== ""),
    serviceCIDRs,
    ...(settings.serviceProxy && serviceCIDRs.length > 0
      ? {
        serviceProxy: {
          algorithm: settings.loadBalancing,
          ...(settings.nodePortAddresses.length > 0 ? { nodePortAddresses: settings.nodePortAddresses } : {}),
          localhostNodePorts: settings.localhostNodePorts,
          masqueradeBit: settings.masqueradeBit,
          masqueradeAll: settings.masqueradeAll,
          syncPeriodMs: settings.proxySyncPeriod,
          conntrack: conntrackWish(settings),
        },
      }
      : {}),
    loadBalancer: settings.loadBalancer,
    podLogsDir: settings.podLogsDir || join(rootDir, "logs/pods"),
    containerLogMaxSize: settings.containerLogMaxSize,
    containerLogMaxFiles: settings.containerLogMaxFiles,
    containerLogMaxWorkers: settings.containerLogMaxWorkers,
    containerLogMonitorIntervalMs: settings.containerLogMonitorInterval,
    deadContainers: {
      minAgeMs: settings.minimumContainerTTL,
      perContainer: settings.maximumDeadContainersPerContainer,
      total: settings.maximumDeadContainers,
    },
    imageCollection: {
      highPercent: settings.imageGCHighThresholdPercent,
      lowPercent: settings.imageGCLowThresholdPercent,
      minAgeMs: settings.imageMinimumGCAge,
      maxAgeMs: settings.imageMaximumGCAge,
    },
    nodeStatusMaxImages: settings.nodeStatusMaxImages,
    maxContainerRestartPeriodMs: settings.maxContainerRestartPeriod,
    seccompDefault: settings.seccompDefault,
    allowedUnsafeSysctls: settings.allowedUnsafeSysctls,
    ...(parallel > 0 ? { maxParallelImagePulls: parallel } : {}),
    imageFallbackToLocal: settings.imageFallbackToLocal,
    shutdown: {
      totalSeconds: settings.shutdownGracePeriod / 1000,
      criticalSeconds: settings.shutdownGracePeriodCriticalPods / 1000,
      ...(priorities.length > 0 ? { byPodPriority: priorities } : {}),
    },
    shutdownPods: settings.shutdownPods,
    logging: { level: settings.logLevel, ...(settings.logFormat ? { format: settings.logFormat } : {}) },
  };
}

/** CPUs that are reserved by number are what the system has of them, whatever else is said [kubelet]. */
function reservedAmounts({ systemReserved, kubeReserved }: Settings, cpus: number | undefined) {
  if (cpus === undefined) return { systemReserved, kubeReserved };
  const { cpu: _, ...rest } = kubeReserved;
  return { systemReserved: { ...systemReserved, cpu: String(cpus) }, kubeReserved: rest };
}

function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === "true";
}

/** The tenth address, as most clusters have it; in a small range the last but one. */
function dnsAddress(serviceCIDR: string): string {
  const bits = (serviceCIDR.includes(":") ? 128 : 32) - Number(serviceCIDR.split("/")[1]);
  return serviceAddress(serviceCIDR, Math.min(10, 2 ** bits - 2));
}

/**
 * Whether an address is ours to answer on: one of Services, of this machine alone, or link-local as node-local caches have
 * it. Any other is somebody's name server.
 */
function isOwn(address: string, serviceCIDRs: readonly string[]): boolean {
  const bytes = parseAddress(address);
  const ranges = [...serviceCIDRs, "127.0.0.0/8", "::1/128", "169.254.0.0/16"];
  return bytes !== undefined && ranges.some((range) => contains(parseCidr(range)!, bytes));
}

/** Of kube-proxy's settings those that were made; the kernel keeps its own else. */
function conntrackWish(settings: Settings): ConntrackWish {
  const seconds = (ms: number) => Math.round(ms / 1000);
  const { conntrackMaxPerCore: perCore, conntrackMin: least } = settings;
  return {
    ...(perCore > 0 || least > 0 ? { max: Math.max(least, perCore * navigator.hardwareConcurrency) } : {}),
    ...(settings.conntrackTcpBeLiberal ? { tcpBeLiberal: true } : {}),
    tcpEstablishedSeconds: seconds(settings.conntrackTcpEstablishedTimeout),
    tcpCloseWaitSeconds: seconds(settings.conntrackTcpCloseWaitTimeout),
    udpSeconds: seconds(settings.conntrackUdpTimeout),
    udpStreamSeconds: seconds(settings.conntrackUdpStreamTimeout),
  };
}

/** kubelet takes a bare path for a Unix socket. */
function endpointUrl(endpoint: string): string {
  return endpoint.startsWith("/") ? `unix://${endpoint}` : endpoint;
}
