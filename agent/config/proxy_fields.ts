/**
 * Every field of KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1, Kubernetes 1.36). What is about kube-proxy's own
 * program or about one of its other modes has no effect: islet has rules of its own in nftables, whatever the mode. Flags that
 * kubelet has too begin with `--proxy-`.
 */
import { cidr, nodePortRanges } from "./checks.ts";
import { type Field, fieldsOf, type FieldType } from "./field.ts";
import type { Settings } from "./settings.ts";

const field = fieldsOf("KubeProxyConfiguration", "proxy-");

/** A field whose flag in kube-proxy is no flag of kubelet's: it keeps that name. */
function named(path: string, type: FieldType, flag: string, options: Parameters<typeof field>[2] = {}): Field {
  return field(path, type, { flag, ...options });
}

const ipvs = { note: "the service proxy is nftables' alone; ipvs.scheduler is understood" };
const program = { note: "the service proxy is a part of islet, which has such settings itself" };
const atOnce = { note: "changes are made at once" };
const podRange = { note: "pods are known by network.podCIDR" };
const windows = { note: "it is about Windows" };

/** How IPVS' schedulers are called here; the others weigh connections, which nftables does not count. */
const schedulers: Readonly<Record<string, string>> = { rr: "round-robin", sh: "source-hash", dh: "source-hash" };

export const proxyFields: readonly Field[] = [
  field("mode", "string", {
    note: "islet's own nftables rules do the same",
    noteWhen: (mode: string) => mode !== "" && mode !== "nftables",
  }),
  field("nftables.masqueradeBit", "int", {
    sets: "masqueradeBit",
    min: 0,
    max: 31,
    help: "which bit of the packet mark says that a connection takes the node's address",
  }),
  field("nftables.masqueradeAll", "bool", {
    sets: "masqueradeAll",
    help: "whether every connection to a Service takes the node's address",
  }),
  field("nftables.syncPeriod", "duration", {
    sets: "proxySyncPeriod",
    min: 1000,
    zeroIsUnset: true,
    help: "time between two looks whether the rules of Services are still there",
  }),
  field("nftables.minSyncPeriod", "duration", atOnce),
  named("nodePortAddresses", "strings", "nodeport-addresses", {
    sets: "nodePortAddresses",
    check: nodePortRanges,
    help: "ranges of the node's addresses that node ports answer on, or primary; default: all",
  }),
  field("iptables.masqueradeBit", "int", {
    sets: "masqueradeBit",
    flag: "proxy-iptables-masquerade-bit",
    min: 0,
    max: 31,
    help: "the same, of mode iptables",
  }),
  named("iptables.masqueradeAll", "bool", "masquerade-all", {
    sets: "masqueradeAll",
    help: "the same, of mode iptables",
  }),
  named("iptables.localhostNodePorts", "bool", "iptables-localhost-nodeports", {
    sets: "localhostNodePorts",
    help: "whether node ports answer on 127.0.0.1 too, which sets route_localnet; default: true",
  }),
  named("iptables.syncPeriod", "duration", "iptables-sync-period", {
    sets: "proxySyncPeriod",
    min: 1000,
    zeroIsUnset: true,
    help: "the same, of mode iptables",
  }),
  named("iptables.minSyncPeriod", "duration", "iptables-min-sync-period", atOnce),
  named("ipvs.scheduler", "string", "ipvs-scheduler", {
    sets: "loadBalancing",
    help: "how one of a Service's endpoints is chosen, as IPVS calls it: rr, sh or dh",
    zeroIsUnset: true,
    convert: (name: string) => schedulers[name] ?? "random",
    note: "endpoints are chosen at random",
    noteWhen: (chosen: string) => chosen === "random",
  }),
  named("ipvs.syncPeriod", "duration", "ipvs-sync-period", ipvs),
  named("ipvs.minSyncPeriod", "duration", "ipvs-min-sync-period", ipvs),
  named("ipvs.excludeCIDRs", "strings", "ipvs-exclude-cidrs", ipvs),
  named("ipvs.strictARP", "bool", "ipvs-strict-arp", { ...ipvs, noteWhen: Boolean }),
  named("ipvs.tcpTimeout", "duration", "ipvs-tcp-timeout", ipvs),
  named("ipvs.tcpFinTimeout", "duration", "ipvs-tcpfin-timeout", ipvs),
  named("ipvs.udpTimeout", "duration", "ipvs-udp-timeout", ipvs),
  named("conntrack.maxPerCore", "int", "conntrack-max-per-core", {
    sets: "conntrackMaxPerCore",
    min: 0,
    help: "connections that the kernel keeps track of, per core; 0: the kernel's own limit",
  }),
  named("conntrack.min", "int", "conntrack-min", {
    sets: "conntrackMin",
    min: 0,
    help: "connections that the kernel keeps track of, at least",
  }),
  ...([
    ["tcpEstablishedTimeout", "conntrack-tcp-timeout-established", "idle TCP connections"],
    ["tcpCloseWaitTimeout", "conntrack-tcp-timeout-close-wait", "TCP connections that one side has closed"],
    ["udpTimeout", "conntrack-udp-timeout", "UDP flows without an answer"],
    ["udpStreamTimeout", "conntrack-udp-timeout-stream", "UDP flows"],
  ] as const).map(([name, flag, what]) =>
    named(`conntrack.${name}`, "duration", flag, {
      sets: `conntrack${name[0].toUpperCase()}${name.slice(1)}` as keyof Settings,
      min: 0,
      help: `how long the kernel remembers ${what}; 0: as it is`,
    })
  ),
  named("conntrack.tcpBeLiberal", "bool", "conntrack-tcp-be-liberal", {
    sets: "conntrackTcpBeLiberal",
    help: "whether packets outside of a TCP connection's window are let through",
  }),
  named("clusterCIDR", "string", "cluster-cidr", { ...podRange, check: cidr }),
  named("detectLocalMode", "string", "detect-local-mode", podRange),
  field("detectLocal.bridgeInterface", "string", podRange),
  field("detectLocal.interfaceNamePrefix", "string", podRange),
  field("featureGates", "boolMap", program),
  field("clientConnection.kubeconfig", "string", program),
  field("clientConnection.acceptContentTypes", "string", program),
  field("clientConnection.contentType", "string", program),
  field("clientConnection.qps", "float", program),
  field("clientConnection.burst", "int", program),
  field("logging.format", "string", program),
  field("logging.flushFrequency", "any", program),
  field("logging.verbosity", "int", program),
  field("logging.vmodule", "object", program),
  field("logging.options", "object", program),
  field("hostnameOverride", "string", program),
  named("bindAddress", "string", "bind-address", program),
  field("healthzBindAddress", "string", program),
  named("metricsBindAddress", "string", "metrics-bind-address", program),
  named("bindAddressHardFail", "bool", "bind-address-hard-fail", { ...program, noteWhen: Boolean }),
  field("enableProfiling", "bool", { ...program, noteWhen: Boolean }),
  field("showHiddenMetricsForVersion", "string", program),
  named("configSyncPeriod", "duration", "config-sync-period", program),
  field("oomScoreAdj", "int", program),
  field("portRange", "string", program),
  field("winkernel.networkName", "string", windows),
  field("winkernel.sourceVip", "string", windows),
  field("winkernel.enableDSR", "bool", { ...windows, noteWhen: Boolean }),
  field("winkernel.rootHnsEndpointName", "string", windows),
  field("winkernel.forwardHealthCheckVip", "bool", { ...windows, noteWhen: Boolean }),
  field("windowsRunAsService", "bool", { ...windows, noteWhen: Boolean }),
];
