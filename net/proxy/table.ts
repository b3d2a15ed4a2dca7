/**
 * The table's constant part: maps, sets and the rules that look into them. Nothing in it depends on services; what does is an
 * element or one of the chains of chains.ts.
 *
 *     prerouting, output   source ranges → VIP . protocol . port → local address: protocol . port → chain that chooses
 *     postrouting          learn affinity; masquerade what goes back to where it came from, or to other nodes
 *     filter-…             what has no endpoints is refused; cluster IPs and ports that no Service has too
 */
import { type Family, formatCidr, parseCidr, withoutContained } from "../addr.ts";
import { type ChainContext, endpointMap, fnv, protocols, tableName } from "./chains.ts";
import { type ProxyOptions } from "./types.ts";

/** Goes up when maps or sets change their types: a table of another version is replaced as a whole. */
export const layoutVersion = 1;

/** Where refused packets go, by verdict. */
export const refusal = { reject: "goto refuse", drop: "drop" } as const;

const kinds = ["vip", "node"] as const, scopes = ["cluster", "local"] as const;

/** The maps of endpoints. */
type EndpointSet = `${"" | "node-"}${"" | "local-"}endpoints-${typeof protocols[number]}`;

const otherSets = [
  "services",
  "no-endpoints",
  "node-ports",
  "node-no-endpoints",
  "restricted",
  "allowed",
  "live",
  "node-live",
  "cluster-ips",
  "hairpin",
] as const;
export type ElementSet = EndpointSet | typeof otherSets[number];

/** The names of all maps and sets with elements of ours. */
export const elementSets: readonly ElementSet[] = [
  ...otherSets,
  ...kinds.flatMap((kind) =>
    scopes.flatMap((scope) => protocols.map((protocol) => endpointMap(kind, scope, protocol) as EndpointSet))
  ),
];

/** What the chains of chains.ts have to know of the options. */
export function chainContext(family: Family, options: ProxyOptions): ChainContext {
  const pods = rangesOf(family, options.podCIDRs);
  return {
    family,
    mark: markOf(options),
    insiders: [...(pods.length > 0 ? [`${family} saddr ${anonymous(pods)}`] : []), ...fromNode(family, options)],
  };
}

/** Maps and sets, as the script that adds them. Adding what is there changes nothing. */
export function layoutScript(family: Family): string {
  const vip = `${family} daddr . meta l4proto . th dport`, port = "meta l4proto . th dport";
  const index = "numgen random mod 65536";
  const address = family === "ip" ? "ipv4_addr" : "ipv6_addr";
  const shapes: Record<string, string> = {
    "services": `${vip} : verdict`,
    "no-endpoints": `${vip} : verdict`,
    "node-ports": `${port} : verdict`,
    "node-no-endpoints": `${port} : verdict`,
    "restricted": vip,
    // by type: nft 1.0.6 takes an address behind a port for a contradiction
    "allowed": `type ${address} . inet_proto . inet_service . ${address}; flags interval`,
    "live": `type ${address} . inet_proto . inet_service . ${address} . inet_service : verdict`,
    "node-live": `type inet_proto . inet_service . ${address} . inet_service : verdict`,
    "cluster-ips": `${family} daddr`,
    "hairpin": `${family} saddr . ${family} daddr`,
  };
  for (const kind of kinds) {
    for (const protocol of protocols) {
      const shape = `${kind === "node" ? port : vip} . ${index} : ${family} daddr . ${protocol} dport`;
      for (const scope of scopes) shapes[endpointMap(kind, scope, protocol)] = shape;
    }
  }
  const lines = elementSets.map((name) =>
    `add ${shapes[name].includes(" : ") ? "map" : "set"} ${family} ${tableName} ${name} { ${
      shapes[name].startsWith("type ") ? "" : "typeof "
    }${shapes[name]}; }`
  );
  return [`add table ${family} ${tableName}`, ...lines, ""].join("\n");
}

/** A chain with its rules; base chains say at which hook they are. */
export interface ConstantChain {
  name: string;
  hook?: string;
  rules: string[];
}

/** The constant chains for these options. */
export function constantChains(family: Family, options: ProxyOptions): ConstantChain[] {
  const vip = `${family} daddr . meta l4proto . th dport`;
  const mark = `0x${markOf(options).toString(16)}`;
  const nodePort = toNode(family, options).map((match) => `${match} meta l4proto . th dport vmap @`);
  const services = rangesOf(family, options.serviceCIDRs), pods = rangesOf(family, options.podCIDRs);
  const homely = [...(family === "ip" ? ["127.0.0.0/8"] : []), ...services];
  const dispatch = [
    `${vip} @restricted ${vip} . ${family} saddr != @allowed drop`,
    `${vip} vmap @services`,
    ...nodePort.map((match) => `${match}node-ports`),
  ];
  const withoutEndpoints = `ct state new ${vip} vmap @no-endpoints`;
  const original = `ct original ${family} daddr`;
  const chains: ConstantChain[] = [
    {
      name: "refuse",
      rules: ["meta l4proto tcp reject with tcp reset", "reject"],
    },
    {
      name: "unallocated",
      rules: [
        ...(family === "ip6" ? ["meta l4proto ipv6-icmp return"] : []), // neighbours of an address held here
        ...isLocal("daddr", family, options).map((match) => `${match} return`),
        `${family} daddr @cluster-ips goto refuse`,
        ...(services.length > 0 ? [`${family} daddr ${anonymous(services)} drop`] : []),
      ],
    },
    {
      name: "masquerading",
      rules: [
        `meta mark set meta mark & 0x${(~markOf(options) >>> 0).toString(16)}`,
        ...(options.masqueradeAll ? ["masquerade fully-random"] : [
          `${family} daddr . ${family} daddr @hairpin return`, // an endpoint of this node answers through it anyway
          // the node took the address that its route to the service range gave it
          ...fromNode(family, options).map((match) => `${match} masquerade fully-random`),
          ...(pods.length > 0 ? [`${family} saddr ${anonymous(pods)} return`] : []),
          "masquerade fully-random",
        ]),
      ],
    },
    { name: "prerouting", hook: "nat hook prerouting priority dstnat", rules: dispatch },
    { name: "output", hook: "nat hook output priority -100", rules: dispatch },
    {
      // before others who masquerade: the first to do so is the last that a packet meets
      name: "postrouting",
      hook: "nat hook postrouting priority srcnat - 10",
      rules: [
        ...protocols.map((protocol) =>
          `meta l4proto ${protocol} ct status dnat ` +
          `${original} . meta l4proto . ct original proto-dst . ${family} daddr . th dport vmap @live`
        ),
        ...protocols.map((protocol) =>
          `meta l4proto ${protocol} ct status dnat ` +
          `meta l4proto . ct original proto-dst . ${family} daddr . th dport vmap @node-live`
        ),
        `ct status dnat oifname != "lo" ${family} saddr . ${family} daddr @hairpin masquerade fully-random`,
        // the node as its own client may have taken an address that means nothing elsewhere
        ...(homely.length > 0
          ? [`ct status dnat oifname != "lo" ${family} saddr ${anonymous(homely)} masquerade fully-random`]
          : []),
        `meta mark & ${mark} == ${mark} jump masquerading`,
      ],
    },
    {
      name: "filter-input",
      hook: "filter hook input priority filter",
      rules: [...nodePort.map((match) => `ct state new ${match}node-no-endpoints`)],
    },
    {
      // not in forward: an IPv6 packet does not get so far by the route that the service range has
      name: "filter-prerouting",
      hook: "filter hook prerouting priority dstnat + 10",
      rules: [withoutEndpoints, "ct state new jump unallocated"],
    },
    {
      name: "filter-output",
      hook: "filter hook output priority filter",
      rules: [withoutEndpoints, "ct state new jump unallocated"],
    },
  ];
  if (family === "ip") {
    chains.push({
      // node ports on 127.0.0.1 need route_localnet, which lets in what the kernel else drops (CVE-2020-8558); replies are
      // let through, for here they still have the address that the node took
      name: "martians",
      hook: "filter hook prerouting priority raw",
      rules: ['iifname != "lo" ip daddr 127.0.0.0/8 drop', 'iifname != "lo" ip saddr 127.0.0.0/8 drop'],
    });
  }
  return chains;
}

/** The script that (re)writes the constant chains' rules, in one transaction with whatever it is run with. */
export function rulesScript(family: Family, options: ProxyOptions): string {
  const chains = constantChains(family, options);
  const at = (name: string) => `${family} ${tableName} ${name}`;
  return [
    ...chains.map(({ name, hook }) => `add chain ${at(name)}${hook ? ` { type ${hook}; }` : ""}`),
    ...chains.map(({ name }) => `flush chain ${at(name)}`),
    ...chains.flatMap(({ name, rules }) => rules.map((rule) => `add rule ${at(name)} ${rule}`)),
    "",
  ].join("\n");
}

/** An empty chain by this name says what layout and options a table was written with. */
export function layoutMarker(family: Family, options: ProxyOptions): string {
  const chains = fnv(layoutScript(family) + JSON.stringify(chainContext(family, options)));
  return `layout-${layoutVersion}-${chains}-${fnv(rulesScript(family, options))}`;
}

/** Whether maps and counted chains are the same under two markers: then only the constant rules have to be written anew. */
export function sameChains(marker: string, other: string): boolean {
  return marker.split("-").slice(0, 3).join() === other.split("-").slice(0, 3).join();
}

/** Matches of packets to an address of the node that node ports answer on; more than one are alternatives. */
function toNode(family: Family, options: ProxyOptions): string[] {
  const { nodePortAddresses, localhostNodePorts = true } = options;
  const services = rangesOf(family, options.serviceCIDRs);
  const chosen = nodePortAddresses && rangesOf(family, nodePortAddresses);
  if (chosen?.length === 0) return [];
  const loopback = family === "ip" ? "127.0.0.0/8" : "::1";
  const not = [...(family === "ip6" || !localhostNodePorts ? [loopback] : []), ...services];
  const matches = [
    ...(not.length > 0 ? [`${family} daddr != ${anonymous(not)}`] : []),
    ...(chosen ? [`${family} daddr ${anonymous(chosen)}`] : []),
  ].join(" ");
  return isLocal("daddr", family, options).map((match) => [match, matches].filter(Boolean).join(" "));
}

function fromNode(family: Family, options: ProxyOptions): string[] {
  return isLocal("saddr", family, options);
}

function isLocal(which: "saddr" | "daddr", family: Family, { fib = true, nodeAddresses = [] }: ProxyOptions): string[] {
  if (fib) return [`fib ${which} type local`];
  const own = rangesOf(family, [...nodeAddresses, family === "ip" ? "127.0.0.0/8" : "::1"]);
  return [`${family} ${which} ${anonymous(own)}`];
}

/** Ranges of a family, canonical, without overlaps. What is no range is left out. */
function rangesOf(family: Family, texts: readonly string[]): string[] {
  const ranges = texts.map(parseCidr).filter((range) => range !== undefined && range.family === family);
  return withoutContained(ranges as NonNullable<typeof ranges[number]>[]).map(formatCidr).sort();
}

/** `{ a, b }` as an anonymous set. A range of everything is halved: nft has no other way to write it. */
function anonymous(ranges: readonly string[]): string {
  const halves = ranges.flatMap((range) =>
    range === "0.0.0.0/0" ? ["0.0.0.0/1", "128.0.0.0/1"] : range === "::/0" ? ["::/1", "8000::/1"] : [range]
  );
  return `{ ${halves.join(", ")} }`;
}

function markOf({ masqueradeBit = 14 }: ProxyOptions): number {
  return (1 << masqueradeBit) >>> 0;
}
