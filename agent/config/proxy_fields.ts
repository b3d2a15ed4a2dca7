/**
 * Every field of KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1, Kubernetes 1.36). There is no service proxy
 * in this version: all are known and have no effect. Flags that kubelet has too begin with `--proxy-`.
 */
import { type Field, fieldsOf, type FieldType } from "./field.ts";

const field = fieldsOf("KubeProxyConfiguration", "proxy-");

/** A field whose flag in kube-proxy is no flag of kubelet's: it keeps that name. */
const named = (path: string, type: FieldType, flag: string): Field => field(path, type, { flag });

const note = "there is no service proxy in this version";

export const proxyFields: readonly Field[] = [
  field("featureGates", "boolMap"),
  field("clientConnection.kubeconfig", "string"),
  field("clientConnection.acceptContentTypes", "string"),
  field("clientConnection.contentType", "string"),
  field("clientConnection.qps", "float"),
  field("clientConnection.burst", "int"),
  field("logging.format", "string"),
  field("logging.flushFrequency", "any"),
  field("logging.verbosity", "int"),
  field("logging.vmodule", "object"),
  field("logging.options", "object"),
  field("hostnameOverride", "string"),
  named("bindAddress", "string", "bind-address"),
  field("healthzBindAddress", "string"),
  named("metricsBindAddress", "string", "metrics-bind-address"),
  named("bindAddressHardFail", "bool", "bind-address-hard-fail"),
  field("enableProfiling", "bool"),
  field("showHiddenMetricsForVersion", "string"),
  field("mode", "string"),
  field("iptables.masqueradeBit", "int"),
  named("iptables.masqueradeAll", "bool", "masquerade-all"),
  named("iptables.localhostNodePorts", "bool", "iptables-localhost-nodeports"),
  named("iptables.syncPeriod", "duration", "iptables-sync-period"),
  named("iptables.minSyncPeriod", "duration", "iptables-min-sync-period"),
  named("ipvs.syncPeriod", "duration", "ipvs-sync-period"),
  named("ipvs.minSyncPeriod", "duration", "ipvs-min-sync-period"),
  named("ipvs.scheduler", "string", "ipvs-scheduler"),
  named("ipvs.excludeCIDRs", "strings", "ipvs-exclude-cidrs"),
  named("ipvs.strictARP", "bool", "ipvs-strict-arp"),
  named("ipvs.tcpTimeout", "duration", "ipvs-tcp-timeout"),
  named("ipvs.tcpFinTimeout", "duration", "ipvs-tcpfin-timeout"),
  named("ipvs.udpTimeout", "duration", "ipvs-udp-timeout"),
  field("nftables.masqueradeBit", "int"),
  field("nftables.masqueradeAll", "bool"),
  field("nftables.syncPeriod", "duration"),
  field("nftables.minSyncPeriod", "duration"),
  named("conntrack.maxPerCore", "int", "conntrack-max-per-core"),
  named("conntrack.min", "int", "conntrack-min"),
  named("conntrack.tcpEstablishedTimeout", "duration", "conntrack-tcp-timeout-established"),
  named("conntrack.tcpCloseWaitTimeout", "duration", "conntrack-tcp-timeout-close-wait"),
  named("conntrack.tcpBeLiberal", "bool", "conntrack-tcp-be-liberal"),
  named("conntrack.udpTimeout", "duration", "conntrack-udp-timeout"),
  named("conntrack.udpStreamTimeout", "duration", "conntrack-udp-timeout-stream"),
  field("winkernel.networkName", "string"),
  field("winkernel.sourceVip", "string"),
  field("winkernel.enableDSR", "bool"),
  field("winkernel.rootHnsEndpointName", "string"),
  field("winkernel.forwardHealthCheckVip", "bool"),
  named("detectLocalMode", "string", "detect-local-mode"),
  field("detectLocal.bridgeInterface", "string"),
  field("detectLocal.interfaceNamePrefix", "string"),
  named("clusterCIDR", "string", "cluster-cidr"),
  named("nodePortAddresses", "strings", "nodeport-addresses"),
  field("oomScoreAdj", "int"),
  named("configSyncPeriod", "duration", "config-sync-period"),
  field("portRange", "string"),
  field("windowsRunAsService", "bool"),
].map((each) => ({ ...each, note }));
