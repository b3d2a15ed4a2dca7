/**
 * Services and endpoints as kube-proxy's nftables mode lays them out, in our own words and with no more than the measurements need: a
 * verdict map sends each service to a chain of its own, where an anonymous map over `numgen` gives the endpoint.
 */
import { type ProxyService, serviceKey } from "../../../net/proxy/mod.ts";
import { type World } from "./world.ts";

const table = "ip kube-proxy-like";

const constant = `
add table ${table}
add map ${table} service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
add map ${table} service-nodeports { type inet_proto . inet_service : verdict; }
add map ${table} no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict; }
add set ${table} cluster-ips { type ipv4_addr; }
add chain ${table} mark-for-masquerade
add rule ${table} mark-for-masquerade meta mark set meta mark or 0x4000
add chain ${table} services
add rule ${table} services ip daddr . meta l4proto . th dport vmap @service-ips
add rule ${table} services fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @service-nodeports
add chain ${table} nat-prerouting { type nat hook prerouting priority -100; }
add rule ${table} nat-prerouting jump services
add chain ${table} nat-output { type nat hook output priority -100; }
add rule ${table} nat-output jump services
add chain ${table} nat-postrouting { type nat hook postrouting priority 100; }
add rule ${table} nat-postrouting meta mark & 0x4000 == 0x4000 meta mark set meta mark xor 0x4000 masquerade fully-random
`;

const chainOf = (service: ProxyService) => `${table} service-${serviceKey(service)}/tcp/http`;

/** The whole table. */
export function wholeTable(world: World): string {
  return constant + world.services.map((service) => addedService(service, world)).join("");
}

export function addedService(service: ProxyService, world: World): string {
  const [address] = service.clusterIPs, chain = chainOf(service);
  return `add chain ${chain}\n` + rules(service, world) +
    `add element ${table} cluster-ips { ${address} }\n` +
    `add element ${table} service-ips { ${address} . tcp . 80 : goto ${chain.slice(table.length + 1)} }\n`;
}

/** A service whose endpoints are others now. */
export function changedService(service: ProxyService, world: World): string {
  return `flush chain ${chainOf(service)}\n` + rules(service, world);
}

function rules(service: ProxyService, { endpoints }: World): string {
  const list = endpoints.get(serviceKey(service))!, rule = `add rule ${chainOf(service)}`;
  const choices = list.map(({ address, port }, i) => `${i} : ${address} . ${port}`).join(", ");
  return `${rule} ip daddr ${service.clusterIPs[0]} tcp dport 80 ip saddr != 10.128.0.0/9 jump mark-for-masquerade\n` +
    `${rule} meta l4proto tcp dnat ip to numgen random mod ${list.length} map { ${choices} }\n`;
}
