/**
 * Services and endpoints as kube-proxy's nftables mode lays them out, in our own words: a verdict map sends each service to a chain
 * of its own, whose anonymous map over `numgen` sends on to a chain for each endpoint.
 */
import { type ProxyEndpoint, type ProxyService, serviceKey } from "../../../net/proxy/mod.ts";
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

const serviceChain = (service: ProxyService) => `service-${service.namespace}/${service.name}/tcp/http`;
const endpointChain = (service: ProxyService, { address, port }: ProxyEndpoint) =>
  `endpoint-${service.namespace}/${service.name}/tcp/http__${address}/${port}`;

export class KubeProxyTable {
  /** Which chains of endpoints each service has. */
  readonly #chains = new Map<string, Set<string>>();

  load(world: World): string {
    return constant + world.services.map((service) => this.add(service, world)).join("");
  }

  add(service: ProxyService, world: World): string {
    const [address] = service.clusterIPs;
    return this.#endpoints(service, world) +
      `add element ${table} cluster-ips { ${address} }\n` +
      `add element ${table} service-ips { ${address} . tcp . 80 : goto ${serviceChain(service)} }\n`;
  }

  change(service: ProxyService, world: World): string {
    return this.#endpoints(service, world);
  }

  #endpoints(service: ProxyService, { endpoints }: World): string {
    const list = endpoints.get(serviceKey(service))!, chain = serviceChain(service);
    const before = this.#chains.get(serviceKey(service)) ?? new Set();
    const now = new Set(list.map((endpoint) => endpointChain(service, endpoint)));
    this.#chains.set(serviceKey(service), now);
    const lines: string[] = [];
    for (const endpoint of list) {
      const name = endpointChain(service, endpoint);
      if (before.has(name)) continue;
      lines.push(
        `add chain ${table} ${name}`,
        `add rule ${table} ${name} ip saddr ${endpoint.address} jump mark-for-masquerade`,
        `add rule ${table} ${name} meta l4proto tcp dnat to ${endpoint.address}:${endpoint.port}`,
      );
    }
    const choices = [...now].map((name, i) => `${i} : goto ${name}`).join(", ");
    lines.push(
      `add chain ${table} ${chain}`,
      `flush chain ${table} ${chain}`,
      `add rule ${table} ${chain} ip daddr ${
        service.clusterIPs[0]
      } tcp dport 80 ip saddr != 10.128.0.0/9 jump mark-for-masquerade`,
      `add rule ${table} ${chain} numgen random mod ${now.size} vmap { ${choices} }`,
    );
    for (const name of before) if (!now.has(name)) lines.push(`delete chain ${table} ${name}`);
    return lines.join("\n") + "\n";
  }
}
