/**
 * The table as `nft -p list table` writes it → what is in the kernel. Read once when islet starts, so that a restart changes only
 * what has changed meanwhile. Whatever does not fit together becomes a stray element, which the next change deletes.
 */
import { endpointMap, type FrontendKind, protocolOf, protocols, routeLocalnetMarker } from "./chains.ts";
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
  const state = new TableState(), drafts = new Drafts();
  let marker: string | undefined, set: ElementSet | undefined, inElements = false;
  for await (const line of lines) {
    if (line.endsWith("{") && !line.startsWith("\t\t")) {
      const opened = /^\t(map|set|chain) (\S+) \{$/.exec(line);
      if (!opened) continue;
      const [, kind, name] = opened;
      set = kind !== "chain" && (elementSets as readonly string[]).includes(name) ? name as ElementSet : undefined;
      inElements = false;
      if (kind === "chain" && name.startsWith("layout-")) marker = name;
      else if (kind === "chain" ? !uncounted.has(name) : !set) state.found("parts", name);
      continue;
    }
    if (!set) continue;
    let text = line.trim();
    if (text.startsWith("elements = {")) [inElements, text] = [true, text.slice("elements = {".length)];
    if (!inElements) continue;
    if (text.endsWith("}")) [inElements, text] = [false, text.slice(0, -1)];
    for (const piece of text.split(",")) {
      const element = piece.trim();
      if (element === "") continue;
      // put together anew: a part of the listing that is kept would keep all of it in memory
      if (isShared(set)) state.found(set, element.split(" . ").join(" . "));
      else drafts.take(set, element);
    }
  }
  for (const draft of drafts.all()) state.frontends.set(draft.id, finish(draft));
  return { state, marker };
}

function isShared(set: ElementSet): set is typeof sharedSets[number] {
  return (sharedSets as readonly string[]).includes(set);
}

/** A frontend of which more may come. */
interface Draft {
  id: string;
  kind: FrontendKind;
  /** By index; there may be holes. */
  cluster: string[];
  local: string[];
  /** All others. */
  elements: Element[];
}

const protocolNames: Record<string, string> = { "6": "tcp", "17": "udp", "132": "sctp" };

/** To which list of a draft the elements of a set go. */
const endpointSets = new Map(
  (["vip", "node"] as const).flatMap((kind) =>
    (["cluster", "local"] as const).flatMap((scope) =>
      protocols.map((protocol) => [endpointMap(kind, scope, protocol), { kind, scope, protocol }] as const)
    )
  ),
);

class Drafts {
  readonly #byId = new Map<string, Draft>();
  /** Elements of one frontend stand together. */
  #lastText = "";
  #last?: Draft;

  all(): Iterable<Draft> {
    return this.#byId.values();
  }

  /** Takes an element as nft writes it. */
  take(set: ElementSet, text: string): void {
    const colon = text.indexOf(" : "), key = colon < 0 ? text : text.slice(0, colon);
    const list = endpointSets.get(set);
    if (list) {
      const end = key.lastIndexOf(" . "), id = key.slice(0, end);
      if (id !== this.#lastText || this.#last?.kind !== list.kind) {
        this.#last = this.#draft(list.kind, id.split(" . "));
        this.#lastText = id;
      }
      this.#last[list.scope][Number(key.slice(end + 3))] = text.slice(colon + 3);
      return;
    }
    const kind = set.startsWith("node-") ? "node" : "vip", parts = key.split(" . "), length = kind === "node" ? 2 : 3;
    const draft = this.#draft(kind, parts.slice(0, length));
    const whole = [draft.id, ...parts.slice(length)].join(" . ");
    draft.elements.push({ set, key: whole, ...(colon >= 0 && { value: text.slice(colon + 3) }) });
  }

  /** Protocols may be numbers. */
  #draft(kind: FrontendKind, id: string[]): Draft {
    const protocol = id[id.length - 2], name = protocolNames[protocol];
    if (name !== undefined) id[id.length - 2] = name;
    const text = id.join(" . ");
    let draft = this.#byId.get(text);
    if (!draft) this.#byId.set(text, draft = { id: text, kind, cluster: [], local: [], elements: [] });
    return draft;
  }
}

/** The frontend whose elements these are. */
function finish(draft: Draft): Frontend {
  const { id, kind, elements } = draft, node = kind === "node";
  const cluster = upToHole(draft.cluster), local = upToHole(draft.local);
  const frontend: Frontend = {
    id,
    kind,
    service: "",
    endpoints: { cluster, local },
    serving: none,
    shared: nothingShared,
    parts: [],
  };
  for (const { set, value } of elements) {
    if (set === "services" || set === "node-ports") frontend.verdict = value!;
    else if (set === "no-endpoints" || set === "node-no-endpoints") frontend.refused = value!;
  }
  const isWhole = cluster.length === draft.cluster.length && local.length === draft.local.length;
  if (isWhole && elements.length === Number("verdict" in frontend) + Number("refused" in frontend)) return frontend;

  const rest = ({ key }: Element) => key.slice(id.length + " . ".length);
  const learn = new Map(
    elements.filter(({ set }) => set === (node ? "node-live" : "live"))
      .map((element) => [portOf(rest(element)), element.value!.replace(/^jump /, "")]),
  );
  if (learn.size > 0) frontend.learn = learn;
  if (elements.some(({ set }) => set === "restricted")) {
    frontend.allowed = elements.filter(({ set }) => set === "allowed").map(rest);
  }
  return withStray(frontend, [...elements, ...endpointElements(draft)]);
}

const none: readonly string[] = [], nothingShared = { "cluster-ips": none, hairpin: none };

function upToHole(list: string[]): string[] {
  for (let i = 0; i < list.length; i++) if (list[i] === undefined) return list.slice(0, i);
  return list;
}

function endpointElements(draft: Draft): Element[] {
  const { id, kind } = draft;
  return (["cluster", "local"] as const).flatMap((scope) => {
    const set = endpointMap(kind, scope, protocolOf(id)) as ElementSet;
    return Object.entries(draft[scope]).map(([index, value]) => ({ set, key: `${id} . ${index}`, value }));
  });
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
    return { id, kind, service, serving, shared, parts, endpoints: { cluster: none, local: none }, stray: elements };
  }
  for (const element of explained) there.delete(elementKey(element));
  return there.size === 0 ? frontend : { ...frontend, stray: [...there.values()] };
}
