/**
 * Every field of KubeletConfiguration (kubelet.config.k8s.io/v1beta1, Kubernetes 1.36), with kubelet's own flag where
 * kubelet has one. Fields without `sets` have no effect here.
 */
import {
  cgroupName,
  cidr,
  cpuList,
  cpuPolicyOptions,
  dnsDomain,
  endpoint,
  evictionGraces,
  evictionSignals,
  ipAddress,
  ipAddresses,
  sysctlPatterns,
} from "./checks.ts";
import { type Field, fieldsOf } from "./field.ts";

const field = fieldsOf("KubeletConfiguration");

/** Where pods come from and how the node looks after them. */
const pods: Field[] = [
  field("staticPodPath", "path", {
    sets: "staticPodPath",
    flag: "pod-manifest-path",
    help: "directory (or file) of manifests",
  }),
  field("fileCheckFrequency", "duration", {
    sets: "fileCheckFrequency",
    min: 0,
    zeroIsUnset: true,
    help: "time between two scans of the manifest directory",
  }),
  field("syncFrequency", "duration", { note: "pods are looked at whenever something changes" }),
  field("maxPods", "int", { sets: "maxPods", min: 0, zeroIsUnset: true, help: "number of pods that can run" }),
  field("podsPerCore", "int", {
    sets: "podsPerCore",
    min: 0,
    help: "number of pods per core, not more than max-pods; 0: no limit",
  }),
  field("podPidsLimit", "int", {
    sets: "podPidsLimit",
    flag: "pod-max-pids",
    min: -1,
    check: (value: number) => value === 0 ? "must be -1 or greater than 0" : undefined,
    help: "processes per pod; -1: no limit",
  }),
  field("crashLoopBackOff.maxContainerRestartPeriod", "duration", {
    sets: "maxContainerRestartPeriod",
    flag: "max-container-restart-period",
    min: 1000,
    max: 300_000,
    help: "longest wait before a crashed container is started again",
  }),
  field("seccompDefault", "bool", {
    sets: "seccompDefault",
    help: "RuntimeDefault is the seccomp profile of containers that name none",
  }),
  field("allowedUnsafeSysctls", "strings", {
    sets: "allowedUnsafeSysctls",
    check: sysctlPatterns,
    help: "unsafe sysctls or patterns (ending in *) that pods may set",
  }),
  field("registerWithTaints", "taints", {
    sets: "registerWithTaints",
    help: "taints of the node: key=value:effect,…",
  }),
  field("shutdownGracePeriod", "duration", {
    sets: "shutdownGracePeriod",
    min: 0,
    help: "time for ending pods when the machine shuts down",
  }),
  field("shutdownGracePeriodCriticalPods", "duration", {
    sets: "shutdownGracePeriodCriticalPods",
    min: 0,
    help: "the last part of it, which is for critical pods",
  }),
  field("shutdownGracePeriodByPodPriority", "priorities", {
    sets: "shutdownGracePeriodByPodPriority",
    help: 'the same by priority: [{"priority": 0, "shutdownGracePeriodSeconds": 10}, …]',
  }),
];

const runtime: Field[] = [
  field("containerRuntimeEndpoint", "string", {
    sets: "containerRuntimeEndpoint",
    check: endpoint,
    help: "socket of a container runtime: unix:///run/containerd/containerd.sock, grpc-web+unix://…",
  }),
  field("imageServiceEndpoint", "string", {
    sets: "imageServiceEndpoint",
    check: endpoint,
    help: "socket of the image service; default: the runtime's",
  }),
  field("runtimeRequestTimeout", "duration", {
    sets: "runtimeRequestTimeout",
    min: 0,
    zeroIsUnset: true,
    help: "time that a call to the runtime may take",
  }),
  field("serializeImagePulls", "bool", { sets: "serializeImagePulls", help: "pull one image at a time" }),
  field("maxParallelImagePulls", "int", {
    sets: "maxParallelImagePulls",
    min: 1,
    help: "images pulled at once, with serialize-image-pulls=false",
  }),
  field("podLogsDir", "path", {
    sets: "podLogsDir",
    help: "directory of container logs; default: <rootDir>/logs/pods",
  }),
  field("containerLogMaxSize", "quantity", {
    sets: "containerLogMaxSize",
    min: 1,
    help: "size at which a container's log is rotated",
  }),
  field("containerLogMaxFiles", "int", {
    sets: "containerLogMaxFiles",
    min: 2,
    help: "log files kept per container",
  }),
  field("containerLogMaxWorkers", "int", {
    sets: "containerLogMaxWorkers",
    min: 1,
    help: "logs rotated at once",
  }),
  field("containerLogMonitorInterval", "duration", {
    sets: "containerLogMonitorInterval",
    min: 3000,
    help: "time between two looks at the logs' sizes",
  }),
];

/** What is removed without being asked for. */
const collection: Field[] = [
  field("imageMinimumGCAge", "duration", {
    sets: "imageMinimumGCAge",
    flag: ["minimum-image-ttl-duration", "image-minimum-gc-age"],
    min: 0,
    zeroIsUnset: true,
    help: "images younger than this are not collected",
  }),
  field("imageMaximumGCAge", "duration", {
    sets: "imageMaximumGCAge",
    min: 0,
    help: "images unused for longer than this are collected; 0: no limit",
  }),
  field("imageGCHighThresholdPercent", "int", {
    sets: "imageGCHighThresholdPercent",
    flag: "image-gc-high-threshold",
    min: 0,
    max: 100,
    help: "use of the images' file system from which on unused images are collected; 100: never",
  }),
  field("imageGCLowThresholdPercent", "int", {
    sets: "imageGCLowThresholdPercent",
    flag: "image-gc-low-threshold",
    min: 0,
    max: 100,
    help: "use of it down to which they are",
  }),
  field("nodeStatusMaxImages", "int", {
    sets: "nodeStatusMaxImages",
    min: -1,
    help: "images that the node's status names; -1: all",
  }),
];

/** The runtime says where layers are, and that file system has thresholds of its own already. */
const asOfTheOther = {
  note:
    "what is said of containerfs is ignored, as kubelet does: it has the thresholds of nodefs or imagefs, whichever it is part of",
  noteWhen: (value: Readonly<Record<string, string>>) =>
    Object.keys(value).some((signal) => signal.startsWith("containerfs.")),
};

const resources: Field[] = [
  field("cgroupDriver", "string", {
    sets: "cgroupDriver",
    oneOf: ["cgroupfs", "systemd"],
    zeroIsUnset: true,
    help: "cgroupfs or systemd; default: detected",
  }),
  field("cgroupRoot", "string", { sets: "cgroupRoot", help: "cgroup under which pods' cgroups are made" }),
  field("cgroupsPerQOS", "bool", {
    note: "every QoS class and pod has a cgroup of its own",
    noteWhen: (value: boolean) => !value,
  }),
  field("cpuCFSQuota", "bool", { sets: "cpuCFSQuota", help: "enforce CPU limits" }),
  field("cpuCFSQuotaPeriod", "duration", {
    sets: "cpuCFSQuotaPeriod",
    min: 1,
    max: 1000,
    help: "period by which CPU limits are enforced",
  }),
  field("systemReserved", "quantityMap", {
    sets: "systemReserved",
    help: "resources kept for the system: cpu=200m,memory=150Mi,…",
  }),
  field("kubeReserved", "quantityMap", { sets: "kubeReserved", help: "resources kept for islet and the runtime" }),
  field("evictionHard", "thresholds", {
    sets: "evictionHard",
    check: evictionSignals,
    help: "memory.available<100Mi,…: below these pods are evicted at once",
    ...asOfTheOther,
  }),
  field("evictionSoft", "thresholds", {
    sets: "evictionSoft",
    check: evictionSignals,
    help: "memory.available<500Mi,…: below these for some time pods are evicted with grace",
    ...asOfTheOther,
  }),
  field("evictionSoftGracePeriod", "stringMap", {
    sets: "evictionSoftGracePeriod",
    check: evictionGraces,
    help: "memory.available=1m30s,…: for how long soft thresholds must be met",
    ...asOfTheOther,
  }),
  field("evictionMinimumReclaim", "thresholds", {
    sets: "evictionMinimumReclaim",
    check: evictionSignals,
    help: "nodefs.available=500Mi,…: what is won back beyond a threshold that was met",
    ...asOfTheOther,
  }),
  field("evictionPressureTransitionPeriod", "duration", {
    sets: "evictionPressureTransitionPeriod",
    min: 0,
    zeroIsUnset: true,
    help: "how long the node's pressure conditions stay after the pressure is over",
  }),
  field("evictionMaxPodGracePeriod", "int", {
    sets: "evictionMaxPodGracePeriod",
    help: "seconds of grace at most for pods that soft thresholds evict",
  }),
  field("mergeDefaultEvictionSettings", "bool", {
    sets: "mergeDefaultEvictionSettings",
    help: "signals that eviction-hard leaves out keep their defaults",
  }),
  field("enforceNodeAllocatable", "strings", {
    sets: "enforceNodeAllocatable",
    help: "pods: limit all pods together to what is allocatable; system-reserved, kube-reserved; none",
  }),
  field("systemReservedCgroup", "string", {
    sets: "systemReservedCgroup",
    check: cgroupName,
    help: "cgroup of system daemons, held to systemReserved where that is enforced",
  }),
  field("kubeReservedCgroup", "string", {
    sets: "kubeReservedCgroup",
    check: cgroupName,
    help: "cgroup of islet and the runtime, held to kubeReserved where that is enforced",
  }),
  field("reservedSystemCPUs", "string", {
    sets: "reservedSystemCPUs",
    flag: "reserved-cpus",
    check: cpuList,
    help: "CPUs kept for the system: 0-1,6; takes the place of the cpu of systemReserved and kubeReserved",
  }),
  field("cpuManagerPolicy", "string", {
    sets: "cpuManagerPolicy",
    oneOf: ["none", "static"],
    zeroIsUnset: true,
    help: "static: containers of guaranteed pods that ask for whole CPUs have them for themselves; none",
  }),
  field("cpuManagerPolicyOptions", "stringMap", {
    sets: "cpuManagerPolicyOptions",
    check: cpuPolicyOptions,
    help: "full-pcpus-only=true: whole cores alone; strict-cpu-reservation=true: no pods on reserved CPUs",
  }),
  field("cpuManagerReconcilePeriod", "duration", { note: "CPUs are given and taken when pods come and go" }),
  field("memoryThrottlingFactor", "float", {
    sets: "memoryThrottlingFactor",
    check: (value: number) => value > 0 && value <= 1 ? undefined : "must be greater than 0 and not greater than 1",
    help: "with the feature gate MemoryQoS: from which part of its limit a container is slowed down",
  }),
  field("memoryReservationPolicy", "string", {
    sets: "memoryReservationPolicy",
    oneOf: ["None", "TieredReservation"],
    zeroIsUnset: true,
    help: "with the feature gate MemoryQoS, TieredReservation: what pods request is kept from reclaim",
  }),
  field("singleProcessOOMKill", "bool", {
    sets: "singleProcessOOMKill",
    help:
      "out of memory ends one process, not all of the container; default: on cgroup v1 alone, which has no other way",
  }),
  field("featureGates", "boolMap", {
    sets: "featureGates",
    note: "of the feature gates only MemoryQoS is heeded",
    noteWhen: (value: Readonly<Record<string, boolean>>) => Object.keys(value).some((gate) => gate !== "MemoryQoS"),
    help: "MemoryQoS=true: memory.high, memory.min and memory.low on cgroup v2",
  }),
  field("failSwapOn", "bool", { sets: "failSwapOn", help: "refuse to start on a machine with swap" }),
  field("failCgroupV1", "bool", { sets: "failCgroupV1", help: "refuse to start on cgroup v1" }),
  field("memorySwap.swapBehavior", "string", {
    sets: "swapBehavior",
    oneOf: ["NoSwap", "LimitedSwap"],
    zeroIsUnset: true,
    help: "NoSwap or LimitedSwap",
  }),
];

const network: Field[] = [
  field("clusterDNS", "strings", {
    sets: "clusterDNS",
    check: ipAddresses,
    help: "DNS servers of pods with dnsPolicy ClusterFirst",
  }),
  field("clusterDomain", "string", { sets: "clusterDomain", check: dnsDomain, help: "DNS domain of the cluster" }),
  field("resolvConf", "string", { sets: "resolvConf", help: 'resolv.conf that pods\' DNS starts from; "": none' }),
  field("podCIDR", "string", { sets: "podCIDR", check: cidr, help: "addresses of pods" }),
];

const logging: Field[] = [
  field("logging.format", "string", {
    sets: "logFormat",
    flag: ["log-format", "logging-format"],
    oneOf: ["text", "json"],
    zeroIsUnset: true,
    help: "text or json; default: text on a terminal",
  }),
  field("logging.verbosity", "int", {
    sets: "logLevel",
    flag: "v",
    min: 0,
    convert: (value: number) => value >= 4 ? "debug" : "info",
    help: "kubelet's verbosity: debug from 4 on",
  }),
  field("logging.flushFrequency", "any"),
  field("logging.vmodule", "object", { flag: "vmodule" }),
  field("logging.options", "object"),
];

/** kubelet's own API. */
const server: Field[] = [
  field("enableServer", "bool", { sets: "enableServer", help: "serve kubelet's API" }),
  field("address", "string", {
    sets: "kubeletAddress",
    check: ipAddress,
    zeroIsUnset: true,
    help: "address that kubelet's API is served on",
  }),
  field("port", "int", {
    sets: "kubeletPort",
    min: 1,
    max: 65535,
    zeroIsUnset: true,
    help: "port that kubelet's API is served on",
  }),
  field("readOnlyPort", "int", {
    note: "there is no port without authentication",
    noteWhen: (value: number) => value !== 0,
  }),
  field("authentication.x509.clientCAFile", "path", {
    sets: "kubeletClientCA",
    flag: "client-ca-file",
    help: "a CA whose client certificates kubelet's API takes besides the node's own",
  }),
  field("authentication.webhook.enabled", "bool", {
    sets: "kubeletTokens",
    flag: "authentication-token-webhook",
    help: "kubelet's API takes bearer tokens of the node's API",
  }),
  field("authentication.anonymous.enabled", "bool", {
    sets: "kubeletAnonymous",
    flag: "anonymous-auth",
    help: "requests to kubelet's API without credentials are system:anonymous",
  }),
  field("authorization.mode", "string", {
    sets: "kubeletAuthorization",
    oneOf: ["Webhook", "AlwaysAllow"],
    zeroIsUnset: true,
    help: "Webhook: kubelet's API obeys the node's roles; AlwaysAllow: whoever is known may do all",
  }),
  field("enableDebuggingHandlers", "bool", {
    sets: "enableDebuggingHandlers",
    help: "kubelet's API has logs, exec, attach, port-forward and run",
  }),
  field("enableSystemLogHandler", "bool", {
    sets: "enableSystemLogHandler",
    help: "kubelet's API shows the files of the machine's log directory",
  }),
  field("streamingConnectionIdleTimeout", "duration", {
    sets: "streamingConnectionIdleTimeout",
    zeroIsUnset: true,
    help: "how long nothing may move on a stream of exec, attach or port-forward",
  }),
];

/** Known, and without effect here. */
const without: Field[] = [
  field("httpCheckFrequency", "duration"),
  field("staticPodURL", "string", { flag: "manifest-url" }),
  field("staticPodURLHeader", "object", { flag: "manifest-url-header" }),
  field("tlsCertFile", "string"),
  field("tlsPrivateKeyFile", "string"),
  field("tlsCipherSuites", "strings"),
  field("tlsCurvePreferences", "ints"),
  field("tlsMinVersion", "string"),
  field("rotateCertificates", "bool"),
  field("serverTLSBootstrap", "bool", { flag: ["rotate-server-certificates", "server-tls-bootstrap"] }),
  field("authentication.webhook.cacheTTL", "duration", { flag: "authentication-token-webhook-cache-ttl" }),
  field("authorization.webhook.cacheAuthorizedTTL", "duration", {
    flag: "authorization-webhook-cache-authorized-ttl",
  }),
  field("authorization.webhook.cacheUnauthorizedTTL", "duration", {
    flag: "authorization-webhook-cache-unauthorized-ttl",
  }),
  field("registryPullQPS", "int", { flag: ["registry-qps", "registry-pull-qps"] }),
  field("registryBurst", "int"),
  field("imagePullCredentialsVerificationPolicy", "string"),
  field("preloadedImagesVerificationAllowlist", "strings"),
  field("eventRecordQPS", "int", { flag: ["event-qps", "event-record-qps"] }),
  field("eventBurst", "int"),
  field("enableContentionProfiling", "bool", { flag: ["contention-profiling", "enable-contention-profiling"] }),
  field("healthzPort", "int"),
  field("healthzBindAddress", "string"),
  field("oomScoreAdj", "int"),
  field("nodeStatusUpdateFrequency", "duration"),
  field("nodeStatusReportFrequency", "duration"),
  field("nodeLeaseDurationSeconds", "int"),
  field("volumeStatsAggPeriod", "duration"),
  field("kubeletCgroups", "string"),
  field("systemCgroups", "string"),
  field("memoryManagerPolicy", "string"),
  field("topologyManagerPolicy", "string"),
  field("topologyManagerScope", "string"),
  field("topologyManagerPolicyOptions", "stringMap"),
  field("qosReserved", "stringMap"),
  field("hairpinMode", "string"),
  field("runOnce", "bool", { flag: "runonce" }),
  field("maxOpenFiles", "int"),
  field("contentType", "string", { flag: ["kube-api-content-type", "content-type"] }),
  field("kubeAPIQPS", "int", { flag: "kube-api-qps" }),
  field("kubeAPIBurst", "int"),
  field("enableControllerAttachDetach", "bool"),
  field("protectKernelDefaults", "bool"),
  field("makeIPTablesUtilChains", "bool", { flag: "make-iptables-util-chains" }),
  field("iptablesMasqueradeBit", "int"),
  field("iptablesDropBit", "int"),
  field("configMapAndSecretChangeDetectionStrategy", "string"),
  field("showHiddenMetricsForVersion", "string"),
  field("volumePluginDir", "string"),
  field("providerID", "string"),
  field("kernelMemcgNotification", "bool"),
  field("enableSystemLogQuery", "bool"),
  field("reservedMemory", "object"),
  field("enableProfilingHandler", "bool", { flag: ["profiling", "enable-profiling-handler"] }),
  field("enableDebugFlagsHandler", "bool"),
  field("registerNode", "bool"),
  field("tracing.endpoint", "string"),
  field("tracing.samplingRatePerMillion", "int"),
  field("localStorageCapacityIsolation", "bool"),
  field("userNamespaces.idsPerPod", "int"),
];

export const kubeletFields: readonly Field[] = [
  ...pods,
  ...runtime,
  ...collection,
  ...resources,
  ...network,
  ...logging,
  ...server,
  ...without,
];
