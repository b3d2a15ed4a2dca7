/** Services and endpoints for the measurements of the service proxy: so many Services with so many endpoints each. */
import { type ProxyEndpoint, type ProxyOptions, type ProxyService } from "../../../net/proxy/mod.ts";

export interface World {
  services: ProxyService[];
  endpoints: Map<string, readonly ProxyEndpoint[]>;
}

export const options: ProxyOptions = { serviceCIDRs: ["10.96.0.0/12"], podCIDRs: ["10.128.0.0/9"] };

/** Service number `i`, port 80. */
export function serviceOf(i: number): ProxyService {
  const ports = [{ name: "http", protocol: "TCP" as const, port: 80 }];
  return { namespace: "default", name: `service-${i}`, ports, clusterIPs: [addressOf(10, 96, i + 1)] };
}

/** An endpoint of service `i`. Each is a pod of its own. */
export function endpointOf(i: number, n: number): ProxyEndpoint {
  const state = { ready: true, serving: true, terminating: false, local: n % 4 === 0 };
  return { portName: "http", protocol: "TCP", address: addressOf(10, 128, i * 16 + n + 1), port: 8080, ...state };
}

export function makeWorld(services: number, endpoints: number): World {
  const world: World = { services: [], endpoints: new Map() };
  for (let i = 0; i < services; i++) {
    world.services.push(serviceOf(i));
    world.endpoints.set(`default/service-${i}`, Array.from({ length: endpoints }, (_, n) => endpointOf(i, n)));
  }
  return world;
}

function addressOf(a: number, b: number, n: number): string {
  return `${a}.${b + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
}
