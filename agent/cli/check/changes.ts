/** What islet sets on a machine: files, kernel settings, tables, cgroups. Pure. */
import { join } from "node:path";
import { configFileName, masqueradeTable } from "../../../net/cni/mod.ts";
import { ownAddressTable } from "../../../net/own_address.ts";
import { tableName } from "../../../net/proxy/chains.ts";
import type { NodeConfig } from "../../config/mod.ts";
import { conntrackSysctls } from "../../network/conntrack_sysctls.ts";
import { shutdownSeconds } from "../../node/mod.ts";
import { firstServiceAddress } from "../../pki/names.ts";
import { logindDropIn } from "../../systemd/logind.ts";
import type { Machine } from "./machine.ts";

export function changes(
  {
    rootDir,
    runDir,
    podLogsDir,
    runtime,
    podCIDRs,
    serviceCIDRs,
    serviceProxy,
    dnsAddresses,
    cgroupRoot,
    api,
    kubelet,
    cgroupDriver,
    shutdown,
  }:
    & Pick<
      NodeConfig,
      | "rootDir"
      | "runDir"
      | "podLogsDir"
      | "podCIDRs"
      | "serviceCIDRs"
      | "dnsAddresses"
      | "cgroupRoot"
      | "api"
      | "cgroupDriver"
    >
    & { serviceProxy?: Pick<NonNullable<NodeConfig["serviceProxy"]>, "localhostNodePorts" | "conntrack"> }
    & Partial<Pick<NodeConfig, "shutdown">>
    & {
      runtime: Pick<NodeConfig["runtime"], "mode">;
      kubelet: Pick<NodeConfig["kubelet"], "enabled" | "address" | "port">;
    },
  { cni, systemd }: Pick<Machine, "cni"> & Partial<Pick<Machine, "systemd">>,
): string[] {
  const v6 = (cidr: string) => cidr.includes(":");
  const managed = runtime.mode === "managed";
  const ours = managed && cni.foreign.length === 0;
  const held = api.port === 0 ? [] : serviceCIDRs.map(firstServiceAddress);
  return [
    `directory ${rootDir}: store, volumes, images to preload${managed ? ", containerd's data" : ""}`,
    `directory ${runDir}: ${managed ? "containerd's state and socket, leases of addresses" : "run-time state"}`,
    `directory ${podLogsDir}: logs of containers`,
    `socket ${api.socket}: the API, for root`,
    ...(api.port === 0 ? [] : [`${api.address} port ${api.port}: the API, with TLS`]),
    ...(kubelet.enabled ? [`${kubelet.address} port ${kubelet.port}: kubelet's API, with TLS`] : []),
    ...held.flatMap((address) => [
      `address ${address} on lo: the API, for pods`,
      `nftables table ${v6(address) ? "ip6" : "ip"} ${ownAddressTable}: ${address} port 443 leads to port ${api.port}`,
    ]),
    ...(systemd && shutdown && shutdownSeconds(shutdown)
      ? [`file ${logindDropIn}: a shutdown waits ${shutdownSeconds(shutdown)} s for the pods, if logind's own is less`]
      : []),
    ...dnsAddresses.map((address) => `address ${address} on lo, port 53: cluster DNS`),
    ...(serviceProxy
      ? [
        ...serviceCIDRs.flatMap((cidr) => [
          `nftables table ${v6(cidr) ? "ip6" : "ip"} ${tableName}: leads what goes to Services of ${cidr} to pods`,
          `route ${cidr} dev lo: to Services, also with no default route`,
        ]),
        ...(serviceProxy.localhostNodePorts && serviceCIDRs.some((cidr) => !v6(cidr))
          ? ["sysctl net.ipv4.conf.all.route_localnet=1, once there are node ports"]
          : []),
        ...conntrackSysctls(serviceProxy.conntrack).map(([name, value]) => `sysctl net.netfilter.${name}=${value}`),
      ]
      : []),
    cgroupDriver === "systemd"
      ? "systemd slice kubepods.slice and those below it"
      : `cgroups ${join(cgroupRoot, "kubepods")} and those below it`,
    ...(ours
      ? [
        `file ${join(cni.confDir, configFileName)}: the pod network`,
        ...podCIDRs.map((cidr) => `sysctl ${v6(cidr) ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward"}=1`),
        ...podCIDRs.map((cidr) => `nftables table ${v6(cidr) ? "ip6" : "ip"} ${masqueradeTable}: masquerades ${cidr}`),
        "iptables chains CNI-HOSTPORT-* and CNI-DN-* of CNI's portmap, while pods have hostPorts",
      ]
      : []),
  ];
}
