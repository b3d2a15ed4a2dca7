/**
 * The table in the kernel → what we know of it. Read once when islet starts, so that a restart changes only what has changed
 * meanwhile. Whatever does not fit together becomes a stray element, which the next change deletes.
 */
import { type Family } from "../addr.ts";
import { type NftRunner } from "../nft/mod.ts";
import { endpointMap, type FrontendKind, protocolOf, protocols, routeLocalnetMarker, tableName } from "./chains.ts";
import { elementKey, TableState } from "./diff.ts";
import { type Element, elementsOf, type Frontend, portOf, type SharedSet, sharedSets } from "./frontend.ts";
import { constantChains, type ElementSet, elementSets } from "./table.ts";

export interface ReadBack {
  state: TableState;
  /** The name of the chain that tells the layout; undefined if there is no table. */
  marker?: string;
  /** Whether the table says that route_localnet was off before we set it. */
  routeLocalnetWasOff: boolean;
}

/** Constant chains: they are not counted. */
const uncounted = new Set(constantChains("ip", { serviceCIDRs: [], podCIDRs: [] }).map(({ name }) => name));

/** Reads a table; none is an empty one. */
export async function readBack(nft: Pick<NftRunner, "readTable">, family: Family): Promise<ReadBack> {
  let state = new TableState(), drafts = new Drafts(), marker: string | undefined, routeLocalnetWasOff = false;
  await nft.readTable(family, tableName, {
    chain(name) {
      if (name.startsWith("layout-")) marker = name;
      else if (name === routeLocalnetMarker) routeLocalnetWasOff = true;
      else if (!uncounted.has(name)) state.found("parts", name);
    },
    set(name) {
      const isOurs = (elementSets as readonly string[]).includes(name);
      if (!isOurs) state.found("parts", name);
      return isOurs;
    },
    element(set, key, value) {
      if (isShared(set as ElementSet)) state.found(set as SharedSet, key);
      else drafts.take(set as ElementSet, key, value);
    },
    restart() {
      [state, drafts, marker, routeLocalnetWasOff] = [new TableState(), new Drafts(), undefined, false];
    },
  });
  for (const draft of drafts.all()) state.frontends.set(draft.id, finish(draft));
  return { state, marker, routeLocalnetWasOff };
}

function isShared(set: ElementSet): boolean {
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

/** To which list of a draft the elements of a set go. */
const endpointSets = new Map(
  (["vip", "node"] as const).flatMap((kind) =>
    (["cluster", "local"] as const).flatMap((scope) =>
      protocols.map((protocol) => [endpointMap(kind, scope, protocol), { kind, scope }] as const)
    )
  ),
);

class Drafts {
  readonly #byId = new Map<string, Draft>();
  all(): Iterable<Draft> {
    return this.#byId.values();
  }

  take(set: ElementSet, key: string, value: string | undefined): void {
    const list = endpointSets.get(set);
    if (list) {
      const end = key.lastIndexOf(" . ");
      this.#draft(list.kind, key.slice(0, end))[list.scope][Number(key.slice(end + 3))] = value!;
      return;
    }
    const kind = set.startsWith("node-") ? "node" : "vip", parts = kind === "node" ? 2 : 3;
    const id = set === "services" || set === "node-ports" ? key : key.split(" . ").slice(0, parts).join(" . ");
    this.#draft(kind, id).elements.push(value === undefined ? { set, key } : { set, key, value });
  }

  #draft(kind: FrontendKind, id: string): Draft {
    let draft = this.#byId.get(id);
    if (!draft) this.#byId.set(id, draft = { id, kind, cluster: [], local: [], elements: [] });
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
