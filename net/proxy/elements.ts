/**
 * Services and endpoints → frontends: one for each address and port that clients use, with the endpoints behind it and the
 * elements and chains that it needs. A frontend changes as a whole, in one transaction: a service element that says `lb-3`
 * and the indexes 0, 1, 2 come and go together. Pure.
 *
 * With the policy Local only the node's own endpoints answer; where there are only others, packets are dropped, and where there
 * are none at all, refused. For pods and the node itself the external policy Local does not count.
 */
import {
  canonicalAddress,
  contains,
  type Family,
  familyOf,
  formatCidr,
  parseAddress,
  parseCidr,
  withoutContained,
} from "../addr.ts";
import { type Backends, backendsOf } from "./backends.ts";
import {
  type ChainContext,
  choosingChain,
  type FrontendKind,
  learningChain,
  type Part,
  protocolOf,
  type Scope,
  splittingChain,
  stickyChain,
} from "./chains.ts";
import { type ServiceChange } from "./changed_services.ts";
import { type Frontend, type Frontends, named, portOf, type ServiceProblem } from "./frontend.ts";
import { chainContext, refusal } from "./table.ts";
import {
  type Algorithm,
  type EndpointMap,
  type Endpoints,
  listOf,
  type ProxyOptions,
  type ProxyService,
  serviceKey,
} from "./types.ts";

/** The frontends of one family. A service that is earlier in the list keeps an address and port from a later one. */
export function frontendsOf(
  family: Family,
  services: readonly ProxyService[],
  endpoints: EndpointMap,
  options: ProxyOptions,
): { frontends: Frontends; problems: ServiceProblem[] } {
  const builder = new FrontendBuilder(family, options);
  const changes = services.map((service) => {
    const key = serviceKey(service);
    return { key, service, endpoints: endpoints.get(key) };
  });
  builder.update(changes, services);
  return { frontends: builder.frontends, problems: builder.problems() };
}

/** What is made of one Service. */
interface Made {
  frontends: Frontend[];
  problems: ServiceProblem[];
}

const none: readonly string[] = [], noParts: readonly Part[] = [], noEndpoints = { cluster: none, local: none };

/** Keeps the frontends of a family as services and endpoints change. */
export class FrontendBuilder {
  readonly #context: ChainContext;
  readonly #entries = new Map<string, Entry>();
  /** By service. */
  readonly #made = new Map<string, readonly Frontend[]>();
  readonly #problems = new Map<string, readonly ServiceProblem[]>();
  #frontends = new Map<string, Frontend>();
  /** Of services that want an address and port that another has. While there are any, nothing is taken for unchanged. */
  #contested: ServiceProblem[] = [];

  constructor(readonly family: Family, readonly options: ProxyOptions) {
    this.#context = chainContext(family, options);
  }

  /** All of them now. */
  get frontends(): Frontends {
    return this.#frontends;
  }

  problems(): ServiceProblem[] {
    return [...[...this.#problems.values()].flat(), ...this.#contested];
  }

  /**
   * Takes note of changes; `services` is the whole list, for its order.
   * @returns which frontends may be others now; undefined: any of them.
   */
  update(changes: readonly ServiceChange[], services: readonly ProxyService[]): Set<string> | undefined {
    const touched = new Set<string>();
    for (const { key } of changes) {
      this.#problems.delete(key);
      const frontends = this.#made.get(key);
      if (!frontends) continue;
      for (const { id } of frontends) {
        touched.add(id);
        if (this.#frontends.get(id)?.service === key) this.#frontends.delete(id);
      }
      this.#made.delete(key);
    }
    let isContested = this.#contested.length > 0;
    for (const { key, service, endpoints } of changes) {
      if (!service) continue;
      const { frontends, problems } = this.#make(key, service, endpoints);
      if (problems.length > 0) this.#problems.set(key, problems);
      if (frontends.length > 0) this.#made.set(key, frontends.slice());
      for (const frontend of frontends) {
        touched.add(frontend.id);
        isContested = !this.#claim(frontend) || isContested;
      }
    }
    if (!isContested) return touched;
    this.#settle(services);
    return undefined;
  }

  /** Gives a frontend its place; one that its own service has already is the same. @returns whether it is free. */
  #claim(frontend: Frontend): boolean {
    const other = this.#frontends.get(frontend.id);
    if (!other) this.#frontends.set(frontend.id, frontend);
    return !other || other.service === frontend.service;
  }

  /** Gives all frontends their places, in the order of their services. */
  #settle(services: readonly ProxyService[]): void {
    this.#frontends = new Map();
    this.#contested = [];
    for (const key of new Set(services.map(serviceKey))) {
      for (const frontend of this.#made.get(key) ?? []) {
        if (this.#claim(frontend)) continue;
        const { service } = this.#frontends.get(frontend.id)!;
        this.#contested.push({ service: key, message: `${named(frontend)} is ${service}'s already` });
      }
    }
  }

  #make(key: string, service: ProxyService, endpoints: Endpoints | undefined): Made {
    const made: Made = { frontends: [], problems: [] };
    const problem = (message: string) => made.problems.push({ service: key, message });
    const clusterIPs = this.#addresses(service.clusterIPs, problem);
    const balanced = this.#addresses(service.loadBalancerIPs, problem);
    const external = this.#addresses(service.externalIPs, problem).filter((address) => !balanced.includes(address));
    // what is no endpoint is told of in the other family
    if (this.family === "ip6" && clusterIPs.length + balanced.length + external.length === 0) return made;
    const allowed = this.#sourceRanges(service, balanced, problem);
    const behind = listOf(endpoints);
    for (const port of service.ports) {
      if (port.protocol === "SCTP" && this.options.sctp === false) {
        if (this.family === "ip") problem(`port ${port.port}/SCTP: the kernel does not track SCTP`);
        continue;
      }
      const backends = backendsOf(this.family, port, behind, problem);
      const add = (kind: FrontendKind, id: string, isExternal: boolean, more: Partial<Wanted> = {}) =>
        made.frontends.push(this.#frontend({ key, service, kind, id, isExternal, backends, ...more }));
      const protocol = port.protocol.toLowerCase();
      for (const address of clusterIPs) {
        add("vip", `${address} . ${protocol} . ${port.port}`, false, { clusterIP: address });
      }
      for (const address of external) add("vip", `${address} . ${protocol} . ${port.port}`, true);
      for (const address of balanced) add("vip", `${address} . ${protocol} . ${port.port}`, true, { allowed });
      if (port.nodePort && clusterIPs.length > 0) add("node", `${protocol} . ${port.nodePort}`, true);
    }
    return made;
  }

  /** Those of this family, each once. */
  #addresses(texts: readonly string[] | undefined, problem: (message: string) => void): readonly string[] {
    if (texts === undefined || texts.length === 0) return none;
    const addresses = new Set<string>();
    for (const text of texts) {
      const address = canonicalAddress(text);
      if (address !== undefined) {
        if (familyOf(address) === this.family) addresses.add(address);
      } else if (this.family === "ip") problem(`${JSON.stringify(text)} is not an address`);
    }
    return [...addresses];
  }

  #sourceRanges(
    { loadBalancerSourceRanges = [] }: ProxyService,
    own: readonly string[],
    problem: (message: string) => void,
  ): string[] | undefined {
    if (loadBalancerSourceRanges.length === 0) return undefined;
    const parsed = loadBalancerSourceRanges.map((text) => {
      const range = parseCidr(text);
      if (!range && this.family === "ip") {
        problem(`source range ${JSON.stringify(text)} is not a CIDR: it lets nobody in`);
      }
      return range;
    }).filter((range) => range?.family === this.family) as NonNullable<ReturnType<typeof parseCidr>>[];
    if (parsed.some(({ prefix }) => prefix === 0)) return undefined;
    // a node that holds the balancer's address itself speaks to it from that address
    const fromNode = (this.options.nodeAddresses ?? []).map(parseAddress)
      .some((address) => address && parsed.some((range) => contains(range, address)));
    const more = fromNode ? own.map((address) => parseCidr(address)!) : [];
    return withoutContained([...parsed, ...more]).map(formatCidr).sort();
  }

  #frontend({ key, service, kind, id, isExternal, backends, clusterIP, allowed }: Wanted): Frontend {
    const { cluster, local, serving, pairs } = backends;
    const policy = (isExternal ? service.externalTrafficPolicy : service.internalTrafficPolicy) ?? "Cluster";
    const isLocal = policy === "Local" && local !== cluster && local.join() !== cluster.join();
    const own = clusterIP === undefined ? none : [clusterIP];
    const frontend: Frontend = {
      id,
      kind,
      service: key,
      endpoints: noEndpoints,
      serving,
      shared: { "cluster-ips": own, hairpin: none },
      parts: noParts,
    };
    if (allowed) frontend.allowed = allowed;
    if (cluster.length === 0) frontend.refused = refusal.reject;
    else if (isLocal && !isExternal && local.length === 0) frontend.refused = refusal.drop;
    if (frontend.refused) return frontend;

    const isSplit = isLocal && isExternal;
    frontend.endpoints = { cluster: isLocal && !isExternal ? none : cluster, local: isLocal ? local : none };
    const { entry, learn } = this.#chains(frontend, service, isSplit);
    frontend.verdict = entry.verdict;
    frontend.parts = entry.parts;
    if (learn) frontend.learn = learn;
    frontend.shared = { "cluster-ips": own, hairpin: isLocal ? pairs.local : pairs.cluster };
    return frontend;
  }

  /** Where a frontend's packets go first, and what learns from them. */
  #chains({ id, kind, endpoints }: Frontend, service: ProxyService, isSplit: boolean) {
    const context = this.#context, seconds = service.affinitySeconds;
    const algorithm = service.algorithm ?? this.options.algorithm ?? "random";
    if (seconds === undefined && algorithm !== "round-robin") {
      return { entry: this.#common({ kind, algorithm, id, endpoints, isSplit }) };
    }
    const used = endpoints.local.length === 0 ? endpoints.cluster : [...endpoints.cluster, ...endpoints.local];
    const ports = seconds === undefined ? [] : [...new Set(used.map(portOf))].map(Number).sort((a, b) => a - b);
    const chain = (scope: Scope): Part | undefined => {
      const count = endpoints[scope].length;
      if (count === 0) return undefined;
      const choosing = choosingChain(context, { kind, scope, algorithm, count, id });
      return seconds === undefined ? choosing : stickyChain(context, id, ports, choosing);
    };
    const learning = seconds === undefined ? [] : ports.map((port) => learningChain(context, id, seconds, port));
    const entry = entryOf(context, { inside: chain("cluster"), outside: chain("local"), isSplit, learning });
    const learn = new Map(ports.map((port, i) => [String(port), learning[i].name]));
    return learn.size === 0 ? { entry } : { entry, learn };
  }

  /** Chains that are no frontend's own; frontends with as many endpoints share one object. */
  #common({ kind, algorithm, id, endpoints, isSplit }: {
    kind: FrontendKind;
    algorithm: Algorithm;
    id: string;
    endpoints: Frontend["endpoints"];
    isSplit: boolean;
  }): Entry {
    const protocol = protocolOf(id), { cluster, local } = endpoints;
    const key = `${kind} ${algorithm} ${protocol} ${cluster.length} ${local.length} ${isSplit}`;
    let entry = this.#entries.get(key);
    if (!entry) {
      const chain = (scope: Scope) => {
        const count = endpoints[scope].length;
        return count === 0 ? undefined : choosingChain(this.#context, { kind, scope, algorithm, count, id });
      };
      entry = entryOf(this.#context, { inside: chain("cluster"), outside: chain("local"), isSplit, learning: [] });
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

/** What a frontend is made from. */
interface Wanted {
  key: string;
  service: ProxyService;
  kind: FrontendKind;
  id: string;
  isExternal: boolean;
  backends: Backends;
  clusterIP?: string;
  allowed?: readonly string[];
}

/** The chain that a frontend's element names, with all that this needs. */
interface Entry {
  verdict: string;
  parts: readonly Part[];
}

function entryOf(
  context: ChainContext,
  { inside, outside, isSplit, learning }: { inside?: Part; outside?: Part; isSplit: boolean; learning: Part[] },
): Entry {
  const first = isSplit ? splittingChain(context, inside!, outside) : inside ?? outside!;
  return { verdict: `goto ${first.name}`, parts: withNeeds([first, ...learning]) };
}

/** Parts with all that they name, each after those. */
function withNeeds(parts: readonly Part[]): Part[] {
  const all = new Map<string, Part>();
  const visit = (part: Part) => {
    for (const each of part.needs) visit(each);
    all.set(part.name, part);
  };
  for (const part of parts) visit(part);
  return [...all.values()];
}
