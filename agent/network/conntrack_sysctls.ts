/** Kernel settings of the table of connections, as kube-proxy's configuration names them. */
import type { ConntrackWish } from "../config/mod.ts";

const directory = "/proc/sys/net/netfilter";

/** What is to be written where: pairs of a setting's name and its value. Pure. */
export function conntrackSysctls(wish: ConntrackWish): [name: string, value: string][] {
  const wanted: [string, number | undefined][] = [
    ["nf_conntrack_max", wish.max],
    ["nf_conntrack_tcp_timeout_established", wish.tcpEstablishedSeconds],
    ["nf_conntrack_tcp_timeout_close_wait", wish.tcpCloseWaitSeconds],
    ["nf_conntrack_udp_timeout", wish.udpSeconds],
    ["nf_conntrack_udp_timeout_stream", wish.udpStreamSeconds],
    ["nf_conntrack_tcp_be_liberal", wish.tcpBeLiberal ? 1 : undefined],
  ];
  return wanted.flatMap(([name, value]) => value ? [[name, String(value)]] : []);
}

/** Writes them. @returns what could not be set, in words. */
export function setConntrack(wish: ConntrackWish, dir = directory): string[] {
  return conntrackSysctls(wish).flatMap(([name, value]) => {
    const file = `${dir}/${name}`;
    try {
      if (Deno.readTextFileSync(file).trim() !== value) Deno.writeTextFileSync(file, value);
      return [];
    } catch (err) {
      return [`Cannot set net.netfilter.${name} to ${value}: ${(err as Error).message}`];
    }
  });
}
