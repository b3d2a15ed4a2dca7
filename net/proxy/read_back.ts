/**
 * The table as `nft list table` writes it → what is in the kernel. Read once when islet starts, so that a restart changes only
 * what has changed meanwhile. Whatever does not fit together becomes a stray element, which the next change deletes.
 */
import { endpointMap, type FrontendKind, protocolOf, routeLocalnetMarker } from "./chains.ts";
import { elementKey, TableState } from "./diff.ts";
import { type Element, elementsOf, type Frontend, portOf, sharedSets } from "./frontend.ts";
import { constantChains, type ElementSet, elementSets } from "./table.ts";

export interface ReadBack {
  state: TableState;
  /** The name of the chain that tells the layout; undefined if there is no table. */
  marker?: string;
}

/** Constant chains: they are not counted. */
const uncounted = new Set([
  ...constantChains("ip", { serviceCIDRs: [], podCIDRs: [] }).map(({ name }) => name),
  routeLocalnetMarker,
]);

/** Reads a listing line by line. */
export async function readBack(lines: AsyncIterable<string>): Promise<ReadBack> {
  const state = new TableState();
  const drafts = new Map<string, Draft>();
  let marker: string | undefined, set: ElementSet | undefined, inElements = false;
  for await (const line of lines) {
    const opened = /^\t(map|set|chain) (\S+) \{/.exec(line);
    if (opened) {
      const [, kind, name] = opened;
      set = kind !== "chain" && (elementSets as readonly string[]).includes(name) ? name as ElementSet : undefined;
      inElements = false;
      if (kind === "chain" && name.startsWith("layout-")) marker = name;
      else if (kind === "chain" ? !uncounted.has(name) : !set) {
        state.found("parts", name);
      }
      continue;
    }
    if (!set) continue;
    let text = line.trim();
    if (text.startsWith("elements = {")) [inElements, text] = [true, text.slice("elements = {".length)];
    if (!inElements) continue;
    if (text.endsWith("}")) [inElements, text] = [false, text.slice(0, -1)];
    for (const piece of text.split(",")) {
      if (piece.trim() !== "") take(state, drafts, readElement(set, piece.trim()));
    }
  }
  for (const draft of drafts.values()) state.frontends.set(draft.id, finish(draft));
  return { state, marker };
}

interface Draft {
  id: string;
  kind: FrontendKind;
  elements: Element[];
}

function isShared(set: ElementSet): set is typeof sharedSets[number] {
  return (sharedSets as readonly string[]).includes(set);
}

/** How many parts of a key are the frontend's id. */
const idLength = (set: ElementSet) => set.startsWith("node-") ? 2 : 3;

const protocolNames: Record<string, string> = { "6": "tcp", "17": "udp", "132": "sctp" };

function readElement(set: ElementSet, text: string): Element {
  const [left, value] = text.split(" : ");
  if (isShared(set)) return { set, key: left };
  const parts = left.split(" . ");
  const at = idLength(set) - 2; // without /etc/protocols nft writes numbers
  parts[at] = protocolNames[parts[at]] ?? parts[at];
  return { set, key: parts.join(" . "), ...(value !== undefined && { value }) };
}

function take(state: TableState, drafts: Map<string, Draft>, element: Element): void {
  const { set, key } = element;
  if (isShared(set)) {
    state.found(set, key);
    return;
  }
  const length = idLength(set);
  const id = key.split(" . ").slice(0, length).join(" . ");
  let draft = drafts.get(id);
  if (!draft) drafts.set(id, draft = { id, kind: length === 2 ? "node" : "vip", elements: [] });
  draft.elements.push(element);
}

/** The frontend whose elements these are. */
function finish({ id, kind, elements }: Draft): Frontend {
  const node = kind === "node";
  const valueIn = (set: ElementSet) => elements.find((element) => element.set === set)?.value;
  const rest = (element: Element) => element.key.slice(id.length + " . ".length);
  const listIn = (set: ElementSet) => {
    const slots: string[] = [];
    for (const element of elements) if (element.set === set) slots[Number(rest(element))] = element.value!;
    const hole = Array.from(slots).findIndex((slot) => slot === undefined);
    return hole < 0 ? slots : slots.slice(0, hole);
  };
  const verdict = valueIn(node ? "node-ports" : "services"),
    refused = valueIn(node ? "node-no-endpoints" : "no-endpoints");
  const learn = new Map(
    elements.filter(({ set }) => set === (node ? "node-live" : "live"))
      .map((element) => [portOf(rest(element)), element.value!.replace(/^jump /, "")]),
  );
  const isRestricted = elements.some(({ set }) => set === "restricted");
  const frontend: Frontend = {
    id,
    kind,
    service: "",
    ...(verdict && { verdict }),
    ...(refused && { refused }),
    endpoints: {
      cluster: listIn(endpointMap(kind, "cluster", protocolOf(id)) as ElementSet),
      local: listIn(endpointMap(kind, "local", protocolOf(id)) as ElementSet),
    },
    ...(learn.size > 0 && { learn }),
    ...(isRestricted && { allowed: elements.filter(({ set }) => set === "allowed").map(rest) }),
    serving: [],
    shared: { "cluster-ips": [], hairpin: [] },
    parts: [],
  };
  return withStray(frontend, elements);
}

/** What is there but not explained by the frontend is stray; if elements are missing that it explains, all are. */
function withStray(frontend: Frontend, elements: readonly Element[]): Frontend {
  const there = new Map(elements.map((element) => [elementKey(element), element]));
  const explained = elementsOf(frontend);
  const isWhole = explained.every((element) => {
    const found = there.get(elementKey(element));
    return found !== undefined && found.value === element.value;
  });
  if (!isWhole) {
    const { id, kind, service, serving, shared, parts } = frontend;
    return { id, kind, service, serving, shared, parts, endpoints: { cluster: [], local: [] }, stray: elements };
  }
  for (const element of explained) there.delete(elementKey(element));
  return there.size === 0 ? frontend : { ...frontend, stray: [...there.values()] };
}
