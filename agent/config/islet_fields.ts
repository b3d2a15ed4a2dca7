/**
 * Every field of IsletConfiguration (islet.dev/v1alpha1): what neither kubelet's nor kube-proxy's configuration covers;
 * and the flags that no document has.
 */
import {
  cidr,
  dnsDomain,
  extendedResources,
  ipAddress,
  ipAddresses,
  labels,
  nodeName,
  notEmpty,
  serviceCidr,
  socketDirectory,
  stubDomains,
} from "./checks.ts";
import { type Field, fieldsOf } from "./field.ts";

const field = fieldsOf("IsletConfiguration");
const flag = fieldsOf("flag");

const joining = "islet does not join control planes in this version; it runs on its own";

export const isletFields: readonly Field[] = [
  field("rootDir", "path", { sets: "rootDir", check: notEmpty, help: "directory of all that islet keeps" }),
  field("runDir", "path", {
    sets: "runDir",
    check: socketDirectory,
    help: "directory of sockets and run-time state; default: /run/islet",
  }),
  field("nodeName", "string", {
    sets: "nodeName",
    flag: ["node-name", "hostname-override"],
    check: nodeName,
    help: "the node's name; default: the hostname",
  }),
  field("nodeIPs", "strings", {
    sets: "nodeIPs",
    flag: "node-ip",
    check: ipAddresses,
    help: "the node's addresses; default: detected",
  }),
  field("nodeLabels", "stringMap", { sets: "nodeLabels", check: labels, help: "labels of the node: key=value,…" }),
  field("api.socket", "path", {
    sets: "apiSocket",
    flag: ["socket", "api-socket"],
    help: "socket of the API for root; default: islet.sock in run-dir",
  }),
  field("api.address", "string", {
    sets: "apiAddress",
    check: ipAddress,
    help: "address that the API is served on, with TLS; default: 127.0.0.1",
  }),
  field("api.port", "int", {
    sets: "apiPort",
    min: 0,
    max: 65535,
    help: "port that the API is served on, with TLS; default: 6550; 0: on its socket alone",
  }),
  field("runtime.mode", "string", {
    sets: "runtimeMode",
    oneOf: ["managed", "external"],
    help: "managed: islet's own containerd; external: the one at container-runtime-endpoint",
  }),
  field("images.fallbackToLocal", "bool", {
    sets: "imageFallbackToLocal",
    help: "imagePullPolicy Always takes a local image when its registry cannot be reached",
  }),
  field("extendedResources", "quantityMap", {
    sets: "extendedResources",
    check: extendedResources,
    help: "what else the node has, by count: example.com/dongle=2,…",
  }),
  ...(["Guaranteed", "Burstable", "BestEffort"] as const).map((qos) =>
    field(`ioWeight.${qos[0].toLowerCase()}${qos.slice(1)}`, "int", {
      sets: `ioWeight${qos}`,
      help: `share of the disk for ${qos} pods, where the kernel divides it: 1 … 10000; default: 100`,
      min: 1,
      max: 10_000,
    })
  ),
  field("network.podCIDR", "string", { sets: "podCIDR", flag: [], check: cidr }),
  field("network.clusterDNS", "string", {
    sets: "clusterDNS",
    flag: [],
    check: (value: string) => ipAddresses([value]),
    convert: (value: string) => [value],
  }),
  field("network.clusterDomain", "string", { sets: "clusterDomain", flag: [], check: dnsDomain }),
  field("network.serviceCIDR", "string", {
    sets: "serviceCIDR",
    flag: "service-cidr",
    check: serviceCidr,
    help: "addresses of Services; the first is the API's own, reached from pods; default: 10.96.0.0/16",
  }),
  field("network.serviceProxy", "bool", {
    sets: "serviceProxy",
    flag: "service-proxy",
    help: "whether islet forwards what goes to Services; false: kube-proxy or another does; default: true",
  }),
  field("network.loadBalancing", "string", {
    sets: "loadBalancing",
    flag: "load-balancing",
    oneOf: ["random", "round-robin", "source-hash"],
    help: "how one of a Service's endpoints is chosen: random, round-robin or source-hash",
  }),
  field("network.dns", "bool", {
    sets: "dns",
    flag: "dns",
    help: "whether islet answers DNS at cluster-dns; false: another does; default: true",
  }),
  field("network.stubDomains", "object", {
    sets: "stubDomains",
    flag: "stub-domains",
    check: stubDomains,
    help: 'name servers of single domains: {"corp.example": ["10.0.0.53"]}',
  }),
  field("network.loadBalancer", "string", {
    sets: "loadBalancer",
    flag: "load-balancer",
    oneOf: ["node", "none"],
    help: "who serves Services of type LoadBalancer: node: this node, on its own addresses; none: somebody else",
  }),
  field("logging.level", "string", {
    sets: "logLevel",
    flag: "log-level",
    oneOf: ["debug", "info", "warn", "error"],
    help: "debug, info, warn or error",
  }),
  field("logging.format", "string", { sets: "logFormat", flag: [], oneOf: ["text", "json"] }),
  field("shutdownPods", "bool", {
    sets: "shutdownPods",
    help: "SIGTERM ends all pods, by priority and grace: for a machine that shuts down",
  }),
  field("controlPlane.kubeconfig", "string", { flag: "kubeconfig", refused: joining }),
];

/** Flags of kubelet that no document has, and `--config`. */
export const flagFields: readonly Field[] = [
  flag("config", "path", { help: "file of KubeletConfiguration, KubeProxyConfiguration and IsletConfiguration" }),
  flag("bootstrap-kubeconfig", "string", { refused: joining }),
  flag("config-dir", "string", { refused: "give one file with --config; it may hold several documents" }),
  flag("cert-dir", "string"),
  flag("cloud-config", "string"),
  flag("cloud-provider", "string"),
  flag("exit-on-lock-contention", "bool"),
  flag("experimental-allocatable-ignore-eviction", "bool"),
  flag("housekeeping-interval", "duration"),
  flag("image-credential-provider-bin-dir", "string"),
  flag("image-credential-provider-config", "string"),
  flag("lock-file", "string"),
  flag("log-flush-frequency", "duration"),
  flag("maximum-dead-containers", "int", {
    sets: "maximumDeadContainers",
    help: "ended containers kept on the node, for their logs; negative: no limit",
  }),
  flag("maximum-dead-containers-per-container", "int", {
    sets: "maximumDeadContainersPerContainer",
    help: "ended runs kept of each container; negative: all",
  }),
  flag("minimum-container-ttl-duration", "duration", {
    sets: "minimumContainerTTL",
    min: 0,
    help: "ended containers younger than this are not removed",
  }),
  flag("pod-infra-container-image", "string", { note: "islet carries its own sandbox image" }),
  flag("register-schedulable", "bool"),
];
