/**
 * Names → answers, by the Kubernetes DNS specification 1.1 (github.com/kubernetes/dns, docs/specification.md). Pure: no
 * clock, no I/O. A question about a name that is not ours gets undefined: somebody else's to answer.
 *
 *     <domain>                       SOA NS
 *     ├─ dns-version                 TXT
 *     ├─ ns.dns                      A AAAA: this server
 *     ├─ svc.<namespace>.<service>   A AAAA: cluster addresses, or all ready endpoints (headless); CNAME (ExternalName)
 *     │   ├─ <hostname>              A AAAA: one endpoint
 *     │   └─ _<protocol>._<port>     SRV
 *     └─ pod.<namespace>.1-2-3-4     A AAAA
 *     in-addr.arpa, ip6.arpa         PTR: services, endpoints with names; SOA NS at the top of each range
 *
 * (Labels are drawn from the right.) A name that does not exist is NXDOMAIN; one that does, or has something below it, but
 * has no record of the type is an empty NOERROR. Both carry the SOA that says for how long.
 */
import { parseAddress } from "../addr.ts";
import {
  inReverseZone,
  isIPv6,
  type ReverseName,
  reverseName,
  type ReverseZone,
  reverseZone,
  undashed,
} from "./addresses.ts";
import { clusterAddresses, endpointName, isHeadless, type Records } from "./records.ts";
import type { DnsService, Rr, SoaData, SrvData, ZoneAnswer, ZoneOptions } from "./types.ts";

/** The specification's version that is answered for. */
export const schemaVersion = "1.1.0";
/** The schema changes with the program only. */
const versionTtl = 28800;
const longestChain = 8;
/** More targets than these would not fit anyway, and looking them up costs their number squared. */
const mostAdditionals = 40;

/** What a name has. Undefined: the name is not there. Empty: it is, without records. */
type Node = Rr[] | undefined;

export class Zone {
  readonly domain: string;
  readonly ttl: number;
  readonly #labels: readonly string[];
  readonly #reverse: readonly ReverseZone[];
  readonly #addresses: readonly string[];
  readonly #podNames: "any" | "existing" | "none";

  /** @throws where a range is none. */
  constructor(readonly records: Records, options: ZoneOptions) {
    this.domain = options.domain.replace(/\.$/, "").toLowerCase();
    this.ttl = options.ttl ?? 5;
    this.#labels = this.domain.split(".");
    this.#reverse = (options.reverse ?? []).map(reverseZone);
    this.#addresses = (options.addresses ?? []).filter((address) => parseAddress(address) !== undefined);
    this.#podNames = options.podNames ?? "any";
  }

  /**
   * The answer to a question about `name`, in whatever case, without the dot at its end. Owners in the answer are written as
   * they were asked for.
   */
  answer(name: string, type: string): ZoneAnswer | undefined {
    const labels = name.toLowerCase().split(".");
    const reverse = reverseName(labels);
    if (reverse) return this.#reverseAnswer(name, labels, reverse, type);
    const below = this.#below(labels);
    if (!below) return undefined;
    if (below.length === 0 && type === "NS") return reply([this.#ns(name)], [], this.#serverRecords());
    const node = this.#node(name, below, type);
    if (!node) return this.#nothing(this.domain, "NXDOMAIN");
    if (node.length === 0) return this.#nothing(this.domain, "NOERROR");
    if (node[0].type === "CNAME" && type !== "CNAME") return this.#followed(node[0].data, type, node);
    return reply(node, [], this.#additionals(node));
  }

  /** What comes of a name before our domain; undefined where it is not below it. */
  #below(labels: readonly string[]): string[] | undefined {
    const rest = labels.length - this.#labels.length;
    if (rest < 0 || !this.#labels.every((label, i) => label === labels[rest + i])) return undefined;
    return labels.slice(0, rest);
  }

  #node(name: string, below: readonly string[], type: string): Node {
    const [top, second, third, fourth, fifth] = below.toReversed();
    const depth = below.length;
    if (depth === 0) return type === "SOA" ? [this.#soa(name)] : [];
    if (top === "dns-version" && depth === 1) {
      return type === "TXT" ? [{ name, type: "TXT", ttl: versionTtl, data: schemaVersion }] : [];
    }
    if (top === "dns") {
      if (depth === 1) return [];
      return second === "ns" && depth === 2 ? this.#addressRecords(name, this.#addresses, type) : undefined;
    }
    if (top !== "svc" && !(top === "pod" && this.#podNames !== "none")) return undefined;
    if (depth === 1) return [];
    if (!this.records.hasNamespace(second)) return undefined;
    if (depth === 2) return [];
    if (top === "pod") return depth === 3 ? this.#pod(name, second, third, type) : undefined;
    const service = this.records.service(second, third);
    if (!service) return undefined;
    if (depth === 3) return this.#service(name, service, type);
    if (service.externalName !== undefined) return undefined;
    if (depth === 4 && !fourth.startsWith("_")) return this.#endpoint(name, service, fourth, type);
    if (depth > 5 || !fourth.startsWith("_") || (fifth !== undefined && !fifth.startsWith("_"))) return undefined;
    return this.#ports(name, service, fourth.slice(1), fifth?.slice(1), type);
  }

  #service(name: string, service: DnsService, type: string): Node {
    if (service.externalName !== undefined) {
      const data = service.externalName.replace(/\.$/, "");
      return isName(data) ? [{ name, type: "CNAME", ttl: this.ttl, data }] : [];
    }
    if (!isHeadless(service)) return this.#addressRecords(name, clusterAddresses(service), type);
    const addresses = this.#readyAddresses(service);
    return addresses.length === 0 ? undefined : this.#addressRecords(name, addresses, type);
  }

  #readyAddresses(service: DnsService): string[] {
    const found = new Set<string>();
    for (const { endpoints } of this.records.slices(service)) {
      for (const { ready, addresses } of endpoints) if (ready) { for (const address of addresses) found.add(address); }
    }
    return [...found];
  }

  #endpoint(name: string, service: DnsService, host: string, type: string): Node {
    const found = new Set<string>();
    for (const { endpoints } of this.records.slices(service)) {
      for (const endpoint of endpoints) {
        if (!endpoint.ready) continue;
        for (const address of endpoint.addresses) {
          if (endpointName(endpoint, address).toLowerCase() === host) found.add(address);
        }
      }
    }
    return found.size === 0 ? undefined : this.#addressRecords(name, [...found], type);
  }

  /** `_protocol` alone has only names below it; with `_port` it has the SRV records. */
  #ports(name: string, service: DnsService, protocol: string, port: string | undefined, type: string): Node {
    const named = (each: { name?: string; protocol: string }) =>
      each.protocol.toLowerCase() === protocol && Boolean(each.name) &&
      (port === undefined || each.name!.toLowerCase() === port);
    const records: Rr[] = [];
    const seen = new Set<string>();
    const add = (at: number, target: string) => {
      if (seen.size === seen.add(`${at} ${target}`).size) return;
      records.push({ name, type: "SRV", ttl: this.ttl, data: { priority: 0, weight: 100, port: at, target } });
    };
    const base = this.#nameOf(service);
    if (!isHeadless(service)) {
      for (const each of service.ports) if (named(each)) add(each.port, base);
    } else {
      for (const { ports, endpoints } of this.records.slices(service)) {
        for (const each of ports.filter(named)) {
          for (const endpoint of endpoints) {
            if (!endpoint.ready) continue;
            for (const address of endpoint.addresses) add(each.port, `${endpointName(endpoint, address)}.${base}`);
          }
        }
      }
    }
    if (records.length === 0) return undefined;
    // what answers share is their number of targets
    const weight = Math.max(1, Math.floor(100 / records.length));
    for (const record of records) (record.data as SrvData).weight = weight;
    return port !== undefined && type === "SRV" ? records : [];
  }

  #pod(name: string, namespace: string, label: string, type: string): Node {
    const address = undashed(label);
    if (address === undefined) return undefined;
    if (this.#podNames === "existing" && !this.records.hasPodAt(namespace, address)) return undefined;
    return this.#addressRecords(name, [address], type);
  }

  #reverseAnswer(name: string, labels: string[], reverse: ReverseName, type: string): ZoneAnswer | undefined {
    const records = reverse.address ? this.#pointers(name, reverse.address) : [];
    const zone = this.#reverse.find((each) => inReverseZone(reverse, each));
    if (!zone) return records.length > 0 && type === "PTR" ? reply(records) : undefined;
    const isTop = reverse.digits.length === zone.depth;
    const top = labels.slice(-(zone.depth + 2)).join(".");
    if (isTop && type === "SOA") return reply([this.#soa(name)]);
    if (isTop && type === "NS") return reply([this.#ns(name)], [], this.#serverRecords());
    if (records.length > 0 && type === "PTR") return reply(records);
    // the name of a network is there, whether or not anything is below it
    const isThere = isTop || records.length > 0 || !reverse.address;
    return this.#nothing(top, isThere ? "NOERROR" : "NXDOMAIN");
  }

  #pointers(name: string, address: Uint8Array): Rr[] {
    const service = this.records.serviceAt(address);
    const targets = service
      ? [this.#nameOf(service)]
      : this.records.namedAt(address).map((named) => `${named.host}.${this.#nameOf(named.service)}`);
    return targets.map((data) => ({ name, type: "PTR", ttl: this.ttl, data }));
  }

  /** What an alias leads to, as far as it stays here. */
  #followed(target: string, type: string, chain: Rr[]): ZoneAnswer {
    const below = this.#below(target.toLowerCase().split("."));
    if (!below) return { ...reply(chain), follow: target };
    if (chain.length >= longestChain) return { ...reply(chain), rcode: "SERVFAIL" };
    const node = this.#node(target, below, type);
    if (node?.[0]?.type === "CNAME") return this.#followed(node[0].data, type, [...chain, ...node]);
    if (node && node.length > 0) return reply([...chain, ...node], [], this.#additionals(node));
    return { ...this.#nothing(this.domain, node ? "NOERROR" : "NXDOMAIN"), answers: chain };
  }

  #addressRecords(name: string, addresses: readonly string[], type: string): Rr[] {
    if (type !== "A" && type !== "AAAA") return [];
    return addresses.filter((address) => isIPv6(address) === (type === "AAAA"))
      .map((data) => ({ name, type, ttl: this.ttl, data }));
  }

  /** The addresses of what SRV records lead to: spares the client the next question. */
  #additionals(records: readonly Rr[]): Rr[] {
    const targets = new Set(records.flatMap((record) => record.type === "SRV" ? [record.data.target] : []));
    if (targets.size > mostAdditionals) return [];
    return [...targets].flatMap((target) => {
      const below = this.#below(target.toLowerCase().split("."))!;
      return (["A", "AAAA"] as const).flatMap((type) => this.#node(target, below, type) ?? []);
    });
  }

  #nameOf(service: DnsService): string {
    return `${service.name}.${service.namespace}.svc.${this.domain}`;
  }

  #serverRecords(): Rr[] {
    const name = `ns.dns.${this.domain}`;
    return (["A", "AAAA"] as const).flatMap((type) => this.#addressRecords(name, this.#addresses, type));
  }

  #ns(name: string): Rr {
    return { name, type: "NS", ttl: this.ttl, data: `ns.dns.${this.domain}` };
  }

  #soa(name: string): Rr {
    const data: SoaData = {
      mname: `ns.dns.${this.domain}`,
      rname: `hostmaster.${this.domain}`,
      serial: this.records.version >>> 0,
      refresh: 7200,
      retry: 1800,
      expire: 86400,
      minimum: this.ttl,
    };
    return { name, type: "SOA", ttl: this.ttl, data };
  }

  #nothing(top: string, rcode: "NOERROR" | "NXDOMAIN"): ZoneAnswer {
    return { rcode, answers: [], authorities: [this.#soa(top)], additionals: [] };
  }
}

function reply(answers: Rr[], authorities: Rr[] = [], additionals: Rr[] = []): ZoneAnswer {
  return { rcode: "NOERROR", answers, authorities, additionals };
}

/** Whether a text can be written as a name: nothing is empty or too long. */
function isName(text: string): boolean {
  return text.length <= 253 && text.split(".").every((label) => label.length > 0 && label.length <= 63);
}
