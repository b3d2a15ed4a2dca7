/**
 * Which endpoints of a port answer, as kube-proxy has it: those that are ready, of these the close ones where hints say so, else
 * those that still serve while they end; with the policy Local only the node's own, whatever hints say. Pure.
 */
import { canonicalAddress, type Family, familyOf } from "../addr.ts";
import { closest, type TopologyHints } from "./topology.ts";
import { type ProxyEndpoint, type ProxyServicePort } from "./types.ts";

/** The endpoints of a port, by what they are good for, in the order of their texts. */
export interface Backends {
  /** Those that answer. */
  cluster: readonly string[];
  /** Those that answer under the policy Local; the same list where all are on this node. */
  local: readonly string[];
  /** Those that connections may go on to. */
  serving: readonly string[];
  /** Of `cluster` and of `local` those on this node, as pairs: a pod may reach itself. */
  pairs: Readonly<Record<"cluster" | "local", readonly string[]>>;
}

const none: readonly string[] = [];

/** `problem` is told of what is no endpoint, in one family. */
export function backendsOf(
  family: Family,
  { name, protocol }: ProxyServicePort,
  all: readonly ProxyEndpoint[],
  problem: (message: string) => void,
): Backends {
  const ready: string[] = [], ending: string[] = [], serving: string[] = [];
  const readyHere: string[] = [], endingHere: string[] = [];
  const hinted: { text: string; local: boolean; hints: TopologyHints }[] = [];
  let areAllHere = true;
  for (const endpoint of all) {
    if (endpoint.portName !== name || endpoint.protocol !== protocol) continue;
    const { port } = endpoint, address = canonicalAddress(endpoint.address);
    if (address === undefined || !isPort(port)) {
      if (family === "ip") problem(`${JSON.stringify(endpoint.address)} port ${port} is not an endpoint`);
      continue;
    }
    if (familyOf(address) !== family) continue;
    const text = `${address} . ${port}`, { local } = endpoint;
    if (!local) areAllHere = false;
    if (endpoint.ready) {
      ready.push(text);
      if (local) readyHere.push(text);
      if (endpoint.hints) hinted.push({ text, local, hints: endpoint.hints });
    } else if (endpoint.serving && endpoint.terminating) {
      ending.push(text);
      if (local) endingHere.push(text);
    }
    if (endpoint.ready || endpoint.serving) serving.push(text);
  }
  const close = hinted.length > 0 && hinted.length === ready.length ? closest(hinted) : undefined;
  const areSame = areAllHere && (!close || close.length === ready.length);
  const cluster = inOrder(close?.map(({ text }) => text) ?? (ready.length > 0 ? ready : ending));
  const clusterHere = areSame ? cluster : inOrder(
    close?.filter(({ local }) => local).map(({ text }) => text) ?? (ready.length > 0 ? readyHere : endingHere),
  );
  const local = areSame ? cluster : readyHere.length > 0 ? inOrder(readyHere) : inOrder(endingHere);
  const pairs = pairsOf(clusterHere);
  return {
    cluster,
    local,
    // the usual case; whoever answers serves
    serving: serving.length === cluster.length ? cluster : inOrder(serving),
    pairs: { cluster: pairs, local: local === clusterHere ? pairs : pairsOf(local) },
  };
}

/** Each once, sorted. Lists mostly are so already. */
function inOrder(list: readonly string[]): readonly string[] {
  if (list.length === 0) return none;
  for (let i = 1; i < list.length; i++) if (list[i - 1] >= list[i]) return [...new Set(list)].sort();
  return list.slice(); // one that has grown has room for more
}

/** `10.244.0.5 . 10.244.0.5` for each address; those of one address stand together. */
function pairsOf(endpoints: readonly string[]): readonly string[] {
  if (endpoints.length === 0) return none;
  const pairs: string[] = [];
  let last = "";
  for (const endpoint of endpoints) {
    const address = endpoint.slice(0, endpoint.indexOf(" "));
    if (address !== last) pairs.push(`${address} . ${address}`);
    last = address;
  }
  return pairs.slice();
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65536;
}
