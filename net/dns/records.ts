/**
 * The cluster's records, kept so that any name is answered by a few look-ups: services by namespace and name, their slices
 * of endpoints, addresses of services and pods. Changes come one by one and cost little; the names of single endpoints by
 * address (which only reverse lookups want) are gathered when one is asked for.
 *
 * Names are compared without regard to case, as DNS does: keys are in lower case.
 */
import { canonicalAddress, formatAddress, parseAddress } from "../addr.ts";
import { dashed } from "./addresses.ts";
import type { DnsEndpoint, DnsEndpoints, DnsPod, DnsRecords, DnsService } from "./types.ts";

const key = (namespace: string, name: string) => `${namespace}/${name}`.toLowerCase();

/** The addresses of a service that names lead to. `None` is how Kubernetes writes that there is none. */
export function clusterAddresses(service: DnsService): readonly string[] {
  return service.clusterIPs.filter((address) => parseAddress(address) !== undefined);
}

export function isHeadless(service: DnsService): boolean {
  return service.externalName === undefined && clusterAddresses(service).length === 0;
}

/** An endpoint's own name below its service: its hostname, else made of its address. */
export function endpointName(endpoint: DnsEndpoint, address: string): string {
  return endpoint.hostname || dashed(address);
}

/** An endpoint as it is named by reverse lookups. */
interface Named {
  service: DnsService;
  host: string;
}

export class Records {
  /** Counts changes: the zone's serial number. */
  version = 1;
  #services = new Map<string, DnsService>();
  #slices = new Map<string, DnsEndpoints>();
  #slicesOf = new Map<string, Map<string, DnsEndpoints>>();
  #pods = new Map<string, DnsPod>();
  #namespaces = new Set<string>();
  /** How many services and pods there are in a namespace: one with any exists, told or not. */
  #inhabitants = new Counter();
  #serviceAt = new Map<string, DnsService>();
  #podAddresses = new Counter();
  #named: Map<string, Named[]> | undefined;

  constructor(records: DnsRecords = {}) {
    for (const namespace of records.namespaces ?? []) this.putNamespace(namespace);
    for (const service of records.services ?? []) this.putService(service);
    for (const slice of records.endpoints ?? []) this.putEndpoints(slice);
    for (const pod of records.pods ?? []) this.putPod(pod);
  }

  /** Adds a service, or puts another of the same name in its place. */
  putService(service: DnsService): void {
    this.version++;
    this.removeService(service.namespace, service.name);
    this.#services.set(key(service.namespace, service.name), service);
    this.#inhabitants.add(service.namespace.toLowerCase());
    if (service.externalName === undefined) {
      for (const address of clusterAddresses(service)) this.#serviceAt.set(canonicalAddress(address)!, service);
    }
  }

  removeService(namespace: string, name: string): void {
    const service = this.#services.get(key(namespace, name));
    this.#named = undefined;
    if (!service) return;
    this.version++;
    this.#services.delete(key(namespace, name));
    this.#inhabitants.remove(namespace.toLowerCase());
    for (const address of clusterAddresses(service)) {
      const at = canonicalAddress(address)!;
      // an address that another service has been given since stays that one's
      if (this.#serviceAt.get(at) === service) this.#serviceAt.delete(at);
    }
  }

  /** Adds a slice of endpoints, or puts another of the same id in its place. */
  putEndpoints(given: DnsEndpoints): void {
    this.version++;
    const slice = withAddressesOnly(given);
    this.removeEndpoints(slice.namespace, slice.id);
    this.#slices.set(key(slice.namespace, slice.id), slice);
    const of = key(slice.namespace, slice.service);
    const all = this.#slicesOf.get(of) ?? new Map<string, DnsEndpoints>();
    all.set(slice.id, slice);
    this.#slicesOf.set(of, all);
  }

  removeEndpoints(namespace: string, id: string): void {
    const slice = this.#slices.get(key(namespace, id));
    this.#named = undefined;
    if (!slice) return;
    this.version++;
    this.#slices.delete(key(namespace, id));
    const of = key(slice.namespace, slice.service);
    const all = this.#slicesOf.get(of)!;
    all.delete(slice.id);
    if (all.size === 0) this.#slicesOf.delete(of);
  }

  putPod(pod: DnsPod): void {
    this.version++;
    this.removePod(pod.namespace, pod.name);
    this.#pods.set(key(pod.namespace, pod.name), pod);
    this.#inhabitants.add(pod.namespace.toLowerCase());
    for (const at of podKeys(pod)) this.#podAddresses.add(at);
  }

  removePod(namespace: string, name: string): void {
    const pod = this.#pods.get(key(namespace, name));
    if (!pod) return;
    this.version++;
    this.#pods.delete(key(namespace, name));
    this.#inhabitants.remove(namespace.toLowerCase());
    for (const at of podKeys(pod)) this.#podAddresses.remove(at);
  }

  putNamespace(namespace: string): void {
    this.version++;
    this.#namespaces.add(namespace.toLowerCase());
  }

  removeNamespace(namespace: string): void {
    this.version++;
    this.#namespaces.delete(namespace.toLowerCase());
  }

  hasNamespace(namespace: string): boolean {
    return this.#namespaces.has(namespace) || this.#inhabitants.has(namespace);
  }

  service(namespace: string, name: string): DnsService | undefined {
    return this.#services.get(key(namespace, name));
  }

  /** A service's slices of endpoints, in no order. */
  slices(service: DnsService): Iterable<DnsEndpoints> {
    return this.#slicesOf.get(key(service.namespace, service.name))?.values() ?? [];
  }

  /** The service whose address this is. */
  serviceAt(address: Uint8Array): DnsService | undefined {
    return this.#serviceAt.get(formatAddress(address));
  }

  hasPodAt(namespace: string, address: string): boolean {
    const at = canonicalAddress(address);
    return at !== undefined && this.#podAddresses.has(`${namespace.toLowerCase()}/${at}`);
  }

  /** Endpoints with a name of their own at an address: those of headless services, and those with a hostname. */
  namedAt(address: Uint8Array): readonly Named[] {
    return (this.#named ??= this.#gatherNamed()).get(formatAddress(address)) ?? [];
  }

  #gatherNamed(): Map<string, Named[]> {
    const found = new Map<string, Named[]>();
    for (const slice of this.#slices.values()) {
      const service = this.service(slice.namespace, slice.service);
      if (!service || service.externalName !== undefined) continue;
      const headless = isHeadless(service);
      for (const endpoint of slice.endpoints) {
        if (!endpoint.ready || (!headless && !endpoint.hostname)) continue;
        for (const address of endpoint.addresses) {
          const at = canonicalAddress(address);
          if (at === undefined) continue;
          const host = endpointName(endpoint, address);
          const here = found.get(at) ?? [];
          if (!here.some((each) => each.service === service && each.host === host)) here.push({ service, host });
          found.set(at, here);
        }
      }
    }
    return found;
  }
}

/** Slices may hold names in the place of addresses (addressType FQDN), which no record can: these endpoints are none here. */
function withAddressesOnly(slice: DnsEndpoints): DnsEndpoints {
  const isAddress = (text: string) => parseAddress(text) !== undefined;
  if (slice.endpoints.every(({ addresses }) => addresses.every(isAddress))) return slice;
  const endpoints = slice.endpoints.map((each) => ({ ...each, addresses: each.addresses.filter(isAddress) }));
  return { ...slice, endpoints };
}

function podKeys(pod: DnsPod): string[] {
  return pod.addresses.flatMap((address) => {
    const at = canonicalAddress(address);
    return at === undefined ? [] : [`${pod.namespace.toLowerCase()}/${at}`];
  });
}

/** A set that counts how often a thing was put in. */
class Counter {
  #counts = new Map<string, number>();

  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  remove(what: string): void {
    const left = (this.#counts.get(what) ?? 0) - 1;
    if (left > 0) this.#counts.set(what, left);
    else this.#counts.delete(what);
  }

  has(what: string): boolean {
    return this.#counts.has(what);
  }
}
