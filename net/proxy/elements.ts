/**
 * Services and endpoints → frontends: one for each address and port that clients use, with the endpoints behind it and the
 * elements and chains that it needs. A frontend changes as a whole, in one transaction: a service element that says `lb-3`
 * and the indexes 0, 1, 2 come and go together. Pure.
 *
 * Which endpoints answer, as kube-proxy has it: those that are ready, else those that still serve while they end. With the
 * policy Local only the node's own; where there are only others, packets are dropped, and where there are none at all, refused.
 * For pods and the node itself the external policy Local does not count.
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
import {
  type ChainContext,
  choosingChain,
  endpointMap,
  type FrontendKind,
  learningChain,
  type Part,
  protocolOf,
  type Scope,
  splittingChain,
  stickyChain,
} from "./chains.ts";
import { chainContext, type ElementSet, refusal } from "./table.ts";
import {
  type EndpointMap,
  type ProxyEndpoint,
  type ProxyOptions,
  type ProxyService,
  type ProxyServicePort,
  serviceKey,
} from "./types.ts";

/** An address and port that clients use, and all that is behind it. Endpoints are `10.244.0.5 . 8080`. */
export interface Frontend {
  /** `10.96.0.5 . tcp . 80`, or `tcp . 30080` for a node port: the key of its elements. */
  id: string;
  kind: FrontendKind;
  /** `namespace/name` of its Service; "" where it is not known, of one that was read back. */
  service: string;
  /** What `services` or `node-ports` says: `goto lb-3`. */
  verdict?: string;
  /** What is said in its place where no endpoint may answer. */
  refused?: string;
  /** By their index; the order is diff.ts's to choose. */
  endpoints: Readonly<Record<Scope, readonly string[]>>;
  /** Which chain learns affinity, by the endpoints' ports. */
  learn?: ReadonlyMap<string, string>;
  /** Who may use it, if not everybody. */
  allowed?: readonly string[];
  /** Endpoints that serve, also those that get nothing new: connections to them live on. */
  serving: readonly string[];
  /** Elements that several frontends may need. */
  shared: readonly Shared[];
  /** Chains and maps that several frontends may need, each after those that it names. */
  parts: readonly Part[];
  /** Elements of it in the kernel that do not belong there. */
  stray?: readonly Element[];
}

export interface Shared {
  set: ElementSet;
  key: string;
}

export interface Element {
  set: ElementSet;
  key: string;
  /** Absent in sets. */
  value?: string;
}

/** All frontends of a family, by id. */
export type Frontends = ReadonlyMap<string, Frontend>;

/** Something that a Service asks for and does not get. */
export interface ServiceProblem {
  service: string;
  message: string;
}

/** The elements that are a frontend's own, in its order of endpoints. */
export function elementsOf(frontend: Frontend): Element[] {
  const { id, kind, verdict, refused, endpoints, learn, allowed } = frontend;
  const elements: Element[] = [];
  const node = kind === "node";
  if (verdict) elements.push({ set: node ? "node-ports" : "services", key: id, value: verdict });
  if (refused) elements.push({ set: node ? "node-no-endpoints" : "no-endpoints", key: id, value: refused });
  for (const scope of ["cluster", "local"] as const) {
    const set = endpointMap(kind, scope, protocolOf(id)) as ElementSet;
    endpoints[scope].forEach((endpoint, index) => elements.push({ set, key: `${id} . ${index}`, value: endpoint }));
  }
  if (learn) {
    for (const endpoint of new Set([...endpoints.cluster, ...endpoints.local])) {
      const chain = learn.get(portOf(endpoint));
      elements.push({ set: node ? "node-live" : "live", key: `${id} . ${endpoint}`, value: `jump ${chain}` });
    }
  }
  if (allowed) {
    elements.push({ set: "restricted", key: id });
    for (const range of allowed) elements.push({ set: "allowed", key: `${id} . ${range}` });
  }
  if (frontend.stray) elements.push(...frontend.stray);
  return elements;
}

/** The port of `10.244.0.5 . 8080`. */
export function portOf(endpoint: string): string {
  return endpoint.slice(endpoint.lastIndexOf(" ") + 1);
}

/** The frontends of one family. A service that is earlier in the list keeps an address and port from a later one. */
export function frontendsOf(
  family: Family,
  services: readonly ProxyService[],
  endpoints: EndpointMap,
  options: ProxyOptions,
): { frontends: Frontends; problems: ServiceProblem[] } {
  return new FrontendBuilder(family, options).build(services, endpoints);
}

interface Cached {
  service: ProxyService;
  endpoints: readonly ProxyEndpoint[] | undefined;
  frontends: Frontend[];
  problems: ServiceProblem[];
}

/** Makes frontends, and makes those anew whose service or endpoints are other objects than the last time. */
export class FrontendBuilder {
  readonly #context: ChainContext;
  readonly #chains = new Map<string, Part>();
  #cache = new Map<string, Cached>();

  constructor(readonly family: Family, readonly options: ProxyOptions) {
    this.#context = chainContext(family, options);
  }

  build(
    services: readonly ProxyService[],
    endpoints: EndpointMap,
  ): { frontends: Frontends; problems: ServiceProblem[] } {
    const cache = new Map<string, Cached>(), frontends = new Map<string, Frontend>();
    const problems: ServiceProblem[] = [];
    for (const service of services) {
      const key = serviceKey(service), behind = endpoints.get(key);
      let cached = this.#cache.get(key);
      if (cached?.service !== service || cached.endpoints !== behind) cached = this.#make(key, service, behind);
      cache.set(key, cached);
      problems.push(...cached.problems);
      for (const frontend of cached.frontends) {
        const other = frontends.get(frontend.id);
        if (!other) frontends.set(frontend.id, frontend);
        else if (other.service !== key) {
          problems.push({ service: key, message: `${named(frontend)} is ${other.service}'s already` });
        }
      }
    }
    this.#cache = cache;
    return { frontends, problems };
  }

  #make(key: string, service: ProxyService, behind: readonly ProxyEndpoint[] | undefined): Cached {
    const cached: Cached = { service, endpoints: behind, frontends: [], problems: [] };
    const endpoints = behind ?? [];
    const problem = (message: string) => cached.problems.push({ service: key, message });
    const addresses = (texts: readonly string[] = []) =>
      [
        ...new Set(texts.map((text) => {
          const address = canonicalAddress(text);
          if (address === undefined && this.family === "ip") problem(`${JSON.stringify(text)} is not an address`);
          return address;
        })),
      ].filter((address) => address !== undefined && familyOf(address) === this.family) as string[];
    const clusterIPs = addresses(service.clusterIPs);
    const balanced = addresses(service.loadBalancerIPs);
    const external = addresses(service.externalIPs).filter((address) => !balanced.includes(address));
    const allowed = this.#sourceRanges(service, balanced, problem);
    for (const port of service.ports) {
      if (port.protocol === "SCTP" && this.options.sctp === false) {
        if (this.family === "ip") problem(`port ${port.port}/SCTP: the kernel does not track SCTP`);
        continue;
      }
      const backends = this.#backends(port, endpoints, problem);
      const add = (kind: FrontendKind, id: string, isExternal: boolean, more: Partial<Frontend> = {}) =>
        cached.frontends.push(this.#frontend(key, service, { kind, id, isExternal, backends, more }));
      const protocol = port.protocol.toLowerCase();
      for (const address of clusterIPs) {
        add("vip", `${address} . ${protocol} . ${port.port}`, false, {
          shared: [{ set: "cluster-ips", key: address }],
        });
      }
      for (const address of external) add("vip", `${address} . ${protocol} . ${port.port}`, true);
      for (const address of balanced) add("vip", `${address} . ${protocol} . ${port.port}`, true, { allowed });
      if (port.nodePort && clusterIPs.length > 0) add("node", `${protocol} . ${port.nodePort}`, true);
    }
    return cached;
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

  /** The endpoints of a port, by what they are good for. */
  #backends(
    { name, protocol }: ProxyServicePort,
    all: readonly ProxyEndpoint[],
    problem: (message: string) => void,
  ): Backends {
    const mine: Located[] = [];
    for (const endpoint of all) {
      if (endpoint.portName !== name || endpoint.protocol !== protocol) continue;
      const address = canonicalAddress(endpoint.address);
      if (address === undefined || !isPort(endpoint.port)) {
        if (this.family === "ip") {
          problem(`${JSON.stringify(endpoint.address)} port ${endpoint.port} is not an endpoint`);
        }
      } else if (familyOf(address) === this.family) {
        mine.push({ endpoint, address, text: `${address} . ${endpoint.port}` });
      }
    }
    const local = mine.filter(({ endpoint }) => endpoint.local);
    const cluster = unique(orEnding(mine)), serving = unique(mine.filter(serves));
    return {
      cluster,
      local: local.length === mine.length ? cluster : unique(orEnding(local)),
      serving: serving.length === cluster.length ? cluster : serving, // the usual case; whoever answers serves
      here: new Map(local.map(({ text, address }) => [text, address])),
    };
  }

  #frontend(
    key: string,
    service: ProxyService,
    { kind, id, isExternal, backends, more }: {
      kind: FrontendKind;
      id: string;
      isExternal: boolean;
      backends: Backends;
      more: Partial<Frontend>;
    },
  ): Frontend {
    const { cluster, local, serving } = backends;
    const policy = (isExternal ? service.externalTrafficPolicy : service.internalTrafficPolicy) ?? "Cluster";
    const isLocal = policy === "Local" && local !== cluster && local.join() !== cluster.join();
    const frontend: Frontend = {
      id,
      kind,
      service: key,
      serving,
      endpoints: { cluster: [], local: [] },
      shared: [],
      parts: [],
      ...more,
    };
    if (cluster.length === 0) return { ...frontend, refused: refusal.reject };
    if (isLocal && !isExternal && local.length === 0) return { ...frontend, refused: refusal.drop };
    const used = {
      cluster: isLocal && !isExternal ? [] : cluster,
      local: isLocal ? local : [],
    };
    const context = this.#context, seconds = service.affinitySeconds;
    const algorithm = service.algorithm ?? this.options.algorithm ?? "random";
    const all = used.local.length === 0 ? used.cluster : [...new Set([...used.cluster, ...used.local])];
    const ports = seconds === undefined ? [] : [...new Set(all.map(portOf))].map(Number).sort((a, b) => a - b);
    const chain = (scope: Scope): Part | undefined => {
      const count = used[scope].length;
      if (count === 0) return undefined;
      const choosing = this.#choosing({ kind, scope, algorithm, count, id });
      return seconds === undefined ? choosing : stickyChain(context, id, ports, choosing);
    };
    const inside = chain("cluster"), outside = chain("local");
    const entry = isLocal && isExternal ? splittingChain(context, inside!, outside) : inside ?? outside!;
    const learning = seconds === undefined ? [] : ports.map((port) => learningChain(context, id, seconds, port));
    return {
      ...frontend,
      verdict: `goto ${entry.name}`,
      endpoints: used,
      ...(seconds !== undefined && { learn: new Map(ports.map((port, i) => [String(port), learning[i].name])) }),
      shared: [...frontend.shared, ...this.#here(all, backends)],
      parts: withNeeds([entry, ...learning]),
    };
  }

  /** A pod here may reach itself; an endpoint that is elsewhere has to answer through this node. */
  #here(endpoints: readonly string[], { here }: Backends): Shared[] {
    const addresses = new Set<string>();
    for (const endpoint of endpoints) {
      const address = here.get(endpoint);
      if (address !== undefined) addresses.add(address);
    }
    return [...addresses].map((address) => ({ set: "hairpin", key: `${address} . ${address}` }));
  }

  /** The chain that chooses; frontends whose chains are the same share one object. */
  #choosing(init: Parameters<typeof choosingChain>[1]): Part {
    if (init.algorithm === "round-robin") return choosingChain(this.#context, init);
    const { kind, scope, algorithm, count, id } = init;
    const key = `${kind} ${scope} ${algorithm} ${protocolOf(id)} ${count}`;
    let part = this.#chains.get(key);
    if (!part) this.#chains.set(key, part = choosingChain(this.#context, init));
    return part;
  }
}

interface Backends {
  cluster: string[];
  local: string[];
  serving: string[];
  /** Those on this node, with their addresses. */
  here: Map<string, string>;
}

interface Located {
  endpoint: ProxyEndpoint;
  address: string;
  /** `10.244.0.5 . 8080` */
  text: string;
}

const unique = (list: readonly Located[]) => [...new Set(list.map(({ text }) => text))].sort();
const serves = ({ endpoint }: Located) => endpoint.serving || endpoint.ready;

/** Those that are ready, else those that still serve while they end. */
function orEnding(list: readonly Located[]): readonly Located[] {
  const ready = list.filter(({ endpoint }) => endpoint.ready);
  return ready.length > 0 ? ready : list.filter(({ endpoint }) => endpoint.serving && endpoint.terminating);
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

/** A frontend in words. */
export function named({ id, kind }: { id: string; kind: FrontendKind }): string {
  const parts = id.split(" . ");
  return kind === "node" ? `node port ${parts[1]}/${parts[0]}` : `${parts[0]} port ${parts[2]}/${parts[1]}`;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65536;
}
