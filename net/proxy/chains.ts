/**
 * Chains and maps that exist while somebody needs them. What is in one follows from its name, so that a name that is there need
 * not be looked into.
 *
 *     lb-tcp-3                 one of 3 endpoints at random; hash-tcp-3: by the client's address; rr-tcp-<frontend>-3: in turn
 *     lb-tcp-node-local-3      … of a node port, of the node's own endpoints
 *     sticky-<frontend>-8080-lb-tcp-3 the endpoint that the client had before, else lb-tcp-3
 *     split-lb-tcp-3-to-lb-tcp-local-2 pods and the node to the first, the outside to the second
 *     affinity-<frontend>-8080 map: client → address of an endpoint with port 8080, learned by learn-<frontend>-8080-<seconds>
 *
 * A chain that chooses ends in `drop`: a packet that found nothing and went on would be a connection past NAT, which
 * conntrack then remembers.
 */
import { type Family } from "../addr.ts";
import { type Algorithm } from "./types.ts";

/** The table, one per address family. */
export const tableName = "islet-proxy";

/** An empty chain by this name says that the sysctl route_localnet was off before we set it. */
export const routeLocalnetMarker = "route-localnet-was-off";

export interface Part {
  kind: "chain" | "map";
  name: string;
  /** The definition: of a map what stands between its braces, of a chain its rules. */
  text: readonly string[];
  /** Others that it names; they come before it. */
  needs: readonly Part[];
}

/** What all chains of a table have in common. */
export interface ChainContext {
  family: Family;
  /** The bit of the mark that says "through a Service of ours", as a number. */
  mark: number;
  /** Whether a packet's source is a pod's address or the node's. */
  insiders: readonly string[];
}

/** What a client addresses: a VIP and port, or a port of the node. */
export type FrontendKind = "vip" | "node";
export type Scope = "cluster" | "local";

/** The protocols that have ports, as nft writes them. */
export const protocols = ["tcp", "udp", "sctp"] as const;

/** In which map the endpoints of a scope are. One a protocol: nft 1.0.6 has no other way to say "port" in a map's values. */
export function endpointMap(kind: FrontendKind, scope: Scope, protocol: string): string {
  return endpointMaps[kind][scope][protocol];
}

const mapsOf = (prefix: string): Record<string, string> =>
  Object.fromEntries(protocols.map((protocol) => [protocol, `${prefix}endpoints-${protocol}`]));
const endpointMaps: Record<FrontendKind, Record<Scope, Record<string, string>>> = {
  vip: { cluster: mapsOf(""), local: mapsOf("local-") },
  node: { cluster: mapsOf("node-"), local: mapsOf("node-local-") },
};

/** The protocol in a frontend's id, as nft writes it. */
export function protocolOf(id: string): string {
  const end = id.lastIndexOf(" . "), start = id.lastIndexOf(" . ", end - 1);
  return start < 0 ? id.slice(0, end) : id.slice(start + 3, end);
}

/** A frontend's id as part of a name: `10.96.0.5 . tcp . 80` → `10.96.0.5-tcp-80`. */
export function slug(id: string): string {
  return id.replaceAll(" . ", "-").replaceAll(":", "_");
}

/** How many endpoints a chain chooses from: the number at the end of its name. */
export function countOf(chain: string): number {
  return Number(/-(\d+)$/.exec(chain)?.[1] ?? NaN);
}

/** The chain that chooses one of `count` endpoints. */
export function choosingChain(
  { family, mark }: ChainContext,
  { kind, scope, algorithm, count, id }: {
    kind: FrontendKind;
    scope: Scope;
    algorithm: Algorithm;
    count: number;
    /** Of the frontend: a counter that services share would make them skip endpoints. */
    id: string;
  },
): Part {
  const protocol = protocolOf(id);
  const tag = `-${protocol}${kind === "node" ? "-node" : ""}${scope === "local" ? "-local" : ""}`;
  const [name, index] = algorithm === "round-robin"
    ? [`rr${tag}-${slug(id)}-${count}`, `numgen inc mod ${count}`]
    : algorithm === "source-hash"
    ? [`hash${tag}-${count}`, `jhash ${family} saddr mod ${count} seed 0x15e7`]
    : [`lb${tag}-${count}`, `numgen random mod ${count}`];
  const key = kind === "node" ? "meta l4proto . th dport" : `${family} daddr . meta l4proto . th dport`;
  const choose = (by: string) =>
    `meta l4proto ${protocol} dnat ${family} to ${key} . ${by} map @${endpointMap(kind, scope, protocol)}`;
  const first = "numgen random mod 1"; // the index 0: always there, also while the count changes
  return {
    kind: "chain",
    name,
    text: [markRule(mark), ...(count > 1 ? [choose(index)] : []), choose(first), "drop"],
    needs: [],
  };
}

/** Up to how many endpoints every table has chains from the start. */
const mostPrepared = 16;

/**
 * Chains that a table is made with: for each rule that is added later the kernel goes through all verdicts of the table, which in
 * a large one takes longer than all the rest of a change.
 */
export function preparedChains(context: ChainContext): Part[] {
  return ["tcp", "udp"].flatMap((protocol) =>
    Array.from({ length: mostPrepared }, (_, i) => {
      const id = `none . ${protocol} . 0`;
      return choosingChain(context, { kind: "vip", scope: "cluster", algorithm: "random", count: i + 1, id });
    })
  );
}

/** Whether a chain is one of those. */
export function isPrepared(name: string): boolean {
  const count = Number(/^lb-(?:tcp|udp)-(\d+)$/.exec(name)?.[1] ?? 0);
  return count > 0 && count <= mostPrepared;
}

/** A chain that gives a client the endpoint that it had before, if it is remembered; `ports` are those of the endpoints. */
export function stickyChain(
  { family, mark }: ChainContext,
  id: string,
  ports: readonly number[],
  otherwise: Part,
): Part {
  const maps = ports.map((port) => affinityMap(family, id, port));
  const protocol = protocolOf(id);
  return {
    kind: "chain",
    name: `sticky-${slug(id)}-${ports.length <= 4 ? ports.join(".") : fnv(ports.join("."))}-${otherwise.name}`,
    text: [
      markRule(mark),
      ...ports.map((port, i) =>
        `meta l4proto ${protocol} dnat ${family} to ${family} saddr map @${maps[i].name} : ${port}`
      ),
      `goto ${otherwise.name}`,
    ],
    needs: [...maps, otherwise],
  };
}

/** The chain that remembers a client's endpoint, of those with this port. */
export function learningChain({ family }: ChainContext, id: string, seconds: number, port: number): Part {
  const affinity = affinityMap(family, id, port);
  return {
    kind: "chain",
    name: `learn-${slug(id)}-${port}-${seconds}`,
    text: [`update @${affinity.name} { ct original ${family} saddr timeout ${seconds}s : ${family} daddr }`],
    needs: [affinity],
  };
}

/**
 * Where the clients of a frontend are remembered: client → address of an endpoint with this port. More than one IPv6 address in
 * either is what nft 1.0.6 dies of.
 */
export function affinityMap(family: Family, id: string, port: number): Part {
  return {
    kind: "map",
    name: `affinity-${slug(id)}-${port}`,
    text: [`typeof ${family} saddr : ${family} daddr; flags dynamic,timeout; size 65536;`],
    needs: [],
  };
}

/** The chain that sends pods and the node one way, the outside another or nowhere. */
export function splittingChain({ insiders }: ChainContext, inside: Part, outside: Part | undefined): Part {
  return {
    kind: "chain",
    name: `split-${inside.name}-to-${outside?.name ?? "nowhere"}`,
    text: [
      ...insiders.map((match) => `${match} goto ${inside.name}`),
      outside ? `goto ${outside.name}` : "drop",
    ],
    needs: outside ? [inside, outside] : [inside],
  };
}

/** What a part is, by its name. */
export function partKind(name: string): Part["kind"] {
  return name.startsWith("affinity-") ? "map" : "chain";
}

/** The place of a part when several are deleted: those that name others first. */
export function removalRank(name: string): number {
  if (partKind(name) === "map") return 3;
  return name.startsWith("split-") ? 0 : name.startsWith("sticky-") ? 1 : 2;
}

function markRule(mark: number): string {
  return `meta mark set meta mark | 0x${mark.toString(16)}`;
}

/** A short fingerprint of a text. */
export function fnv(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
