/**
 * What is in the kernel → what should be, as transactions. A transaction holds whole frontends, so after each of them a service
 * element that says `lb-N` has exactly the indexes 0 to N−1, however many transactions a load takes and whichever of them fails.
 *
 *     compare(state, desired) → changes → transaction(state, changes) → script → (the kernel took it) → state.commit(…)
 *
 * An endpoint keeps its index as long as it lies under the count; holes are filled from the end. Shared elements and chains are
 * counted: they come with the first frontend that needs them and go when none does.
 */
import { type Family } from "../addr.ts";
import { isPrepared, type Part, partKind, removalRank, tableName } from "./chains.ts";
import { eachElement, type Element, elementsOf, type Frontend, type Frontends, sharedSets } from "./frontend.ts";
import { type ElementSet } from "./table.ts";

/** Elements of a transaction, more or less. */
export const chunkSize = 1000;

/** One frontend before and after: added, changed or deleted. */
export interface Change {
  from?: Frontend;
  to?: Frontend;
}

/** What one transaction does, in this order. */
export interface Operations {
  addParts: Part[];
  deletes: Map<ElementSet, string[]>;
  /** As nft takes them: `key : value`. */
  adds: Map<ElementSet, string[]>;
  /** Names of chains and maps. */
  deleteParts: string[];
}

/** What frontends share: elements of two sets, and chains and maps. */
const pools = [...sharedSets, "parts"] as const;
/** By key or name, how many frontends need it. */
type Counts = Readonly<Record<typeof pools[number], Map<string, number>>>;

const noCounts = (): Counts => ({ "cluster-ips": new Map(), hairpin: new Map(), parts: new Map() });

/** What is in the kernel's table, as far as we know. */
export class TableState {
  readonly frontends = new Map<string, Frontend>();
  /** All that is there and how many need it, which may be none. */
  readonly counts: Counts = noCounts();

  /** Takes note of what a transaction has done. */
  commit({ changes, counts }: Transaction): void {
    for (const { from, to } of changes) {
      if (to) this.frontends.set(to.id, to);
      else if (from) this.frontends.delete(from.id);
    }
    for (const pool of pools) {
      const mine = this.counts[pool];
      for (const [key, count] of counts[pool]) count < 0 ? mine.delete(key) : mine.set(key, count);
    }
  }

  /** How many frontends will need each of these after `changes`. */
  countsAfter(changes: readonly Change[]): Counts {
    const after = noCounts();
    const needed = new Map<readonly Part[], number>(); // thousands have the same
    const count = ({ shared, parts }: Frontend, by: number) => {
      for (const set of sharedSets) {
        for (const key of shared[set]) this.#count(after, set, key, by);
      }
      needed.set(parts, (needed.get(parts) ?? 0) + by);
    };
    for (const { from, to } of changes) {
      if (from) count(from, -1);
      if (to) count(to, 1);
    }
    for (const [parts, by] of needed) for (const { name } of parts) this.#count(after, "parts", name, by);
    return after;
  }

  /** Whether nothing is there. */
  get isEmpty(): boolean {
    return this.frontends.size === 0 && pools.every((pool) => this.counts[pool].size === 0);
  }

  /** Takes note of something that is there, needed by nobody so far. */
  found(pool: typeof pools[number], key: string): void {
    this.counts[pool].set(key, 0);
  }

  #count(after: Counts, pool: typeof pools[number], key: string, by: number): void {
    const counts = after[pool];
    counts.set(key, (counts.get(key) ?? this.counts[pool].get(key) ?? 0) + by);
  }
}

export interface Transaction {
  changes: readonly Change[];
  operations: Operations;
  /** How many frontends need what is shared after it; what is deleted has −1. */
  counts: Counts;
}

/**
 * What has to change, of these frontends or of all. Frontends that are equal but other objects are among the changes, without
 * elements to change: the state has to learn what they need. Deleted ones come first: another may want their addresses.
 */
export function compare(state: TableState, desired: Frontends, ids?: Iterable<string>): Change[] {
  const deleted: Change[] = [], changed: Change[] = [];
  for (const id of ids ?? state.frontends.keys()) {
    const from = state.frontends.get(id);
    if (from && !desired.has(id)) deleted.push({ from });
  }
  for (const id of ids ?? desired.keys()) {
    const wanted = desired.get(id), from = state.frontends.get(id);
    if (!wanted || from === wanted || (from && arrangedFrom.get(from) === wanted)) continue;
    changed.push({ from, to: from ? arrange(from, wanted) : wanted });
  }
  return [...deleted, ...changed];
}

/** From which desired frontend an arranged one was made: it need not be compared with that again. */
const arrangedFrom = new WeakMap<Frontend, Frontend>();

/** The new frontend with the endpoints that stay where they were. */
function arrange(from: Frontend, to: Frontend): Frontend {
  const endpoints = {
    cluster: place(from.endpoints.cluster, to.endpoints.cluster),
    local: place(from.endpoints.local, to.endpoints.local),
  };
  if (endpoints.cluster === to.endpoints.cluster && endpoints.local === to.endpoints.local) return to;
  const arranged = { ...to, endpoints };
  arrangedFrom.set(arranged, to);
  return arranged;
}

/** Endpoints in an order that changes as few indexes as possible; the wanted list where that is its own. Pure. */
export function place(before: readonly string[], wanted: readonly string[]): readonly string[] {
  if (isSame(before, wanted)) return wanted;
  const left = new Set(wanted);
  const slots: (string | undefined)[] = wanted.map((_, index) => {
    const old = before[index];
    return old !== undefined && left.delete(old) ? old : undefined;
  });
  const rest = left.values();
  return slots.map((slot) => slot ?? rest.next().value!);
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}

/** Changes in groups of about `size` elements each. */
export function chunks(changes: readonly Change[], size = chunkSize): Change[][] {
  const groups: Change[][] = [];
  let room = 0;
  for (const change of changes) {
    const cost = weigh(change.from) + weigh(change.to);
    if (groups.length === 0 || (cost > room && groups.at(-1)!.length > 0)) {
      groups.push([]);
      room = size;
    }
    groups.at(-1)!.push(change);
    room -= cost;
  }
  return groups;
}

function weigh(frontend: Frontend | undefined): number {
  if (!frontend) return 0;
  const endpoints = frontend.endpoints.cluster.length + frontend.endpoints.local.length;
  return 2 + endpoints * (frontend.learn ? 2 : 1) + (frontend.allowed?.length ?? 0);
}

/**
 * What is deleted when nobody needs it any more: what the changes let go of; nothing, while it is not known what the frontends
 * need that were read back; all there is, once it is.
 */
export type Sweep = "touched" | "nothing" | "all";

/** What one transaction for these changes does. Pure. */
export function transaction(state: TableState, changes: readonly Change[], sweep: Sweep = "touched"): Transaction {
  const operations: Operations = { addParts: [], deletes: new Map(), adds: new Map(), deleteParts: [] };
  for (const { from, to } of changes) difference(operations, from, to);
  const counts = state.countsAfter(changes);
  for (const set of sharedSets) {
    const there = state.counts[set];
    for (const [key, count] of counts[set]) if (count > 0 && !there.has(key)) list(operations.adds, set).push(key);
  }
  addParts(operations, state, changes);
  for (const pool of pools) {
    const mine = counts[pool], there = state.counts[pool];
    for (const [key, count] of mine) if (count === 0 && !there.has(key)) mine.set(key, -1); // came and went
    for (const key of sweep === "nothing" ? [] : sweep === "all" ? there.keys() : mine.keys()) {
      if (!there.has(key) || (mine.get(key) ?? there.get(key)) !== 0) continue;
      if (pool !== "parts") list(operations.deletes, pool).push(key);
      else if (isPrepared(key) || (sweep === "touched" && isCommon(key))) continue;
      else operations.deleteParts.push(key);
      mine.set(key, -1);
    }
  }
  operations.deleteParts.sort((a, b) => removalRank(a) - removalRank(b));
  return { changes, operations, counts };
}

/** Chains and maps that are not there, each once, in the order in which frontends give them. */
function addParts({ addParts }: Operations, state: TableState, changes: readonly Change[]): void {
  const added = new Set<string>();
  let last: readonly Part[] | undefined; // thousands have the same
  for (const { to } of changes) {
    if (!to || to.parts === last) continue;
    last = to.parts;
    for (const part of to.parts) {
      if (state.counts.parts.has(part.name) || added.has(part.name)) continue;
      added.add(part.name);
      addParts.push(part);
    }
  }
}

/** Chains that any frontend may share are left until the next start, for the same reason that others are prepared. */
function isCommon(chain: string): boolean {
  return /^(lb|hash)-/.test(chain);
}

/** Whether a transaction has anything to say to the kernel. */
export function isEmpty({ operations: { addParts, deletes, adds, deleteParts } }: Transaction): boolean {
  return addParts.length + deletes.size + adds.size + deleteParts.length === 0;
}

/** The transaction as nft takes it, an element a line so that errors tell which. Pure. */
export function script(family: Family, { operations }: Transaction): string {
  const at = `${family} ${tableName}`;
  const lines: string[] = [];
  for (const part of operations.addParts) lines.push(...partLines(family, part));
  for (const [set, keys] of operations.deletes) lines.push(`delete element ${at} ${set} {\n${keys.join(",\n")}\n}`);
  for (const [set, elements] of operations.adds) lines.push(`add element ${at} ${set} {\n${elements.join(",\n")}\n}`);
  for (const name of operations.deleteParts) lines.push(`delete ${partKind(name)} ${at} ${name}`);
  return lines.length === 0 ? "" : lines.join("\n") + "\n";
}

/** The lines of a script that add a part. */
export function partLines(family: Family, { kind, name, text }: Part): string[] {
  const at = `${family} ${tableName} ${name}`;
  if (kind === "map") return [`add map ${at} { ${text[0]} }`];
  return [`add chain ${at}`, ...text.map((rule) => `add rule ${at} ${rule}`)];
}

/** Deletes and adds that lead from a frontend's elements to another's; what stays is not touched. */
function difference({ deletes, adds }: Operations, from: Frontend | undefined, to: Frontend | undefined): void {
  if (!from) {
    let last: ElementSet | undefined, elements: string[] = [];
    eachElement(to!, (set, key, value) => {
      if (set !== last) elements = list(adds, last = set);
      elements.push(value === undefined ? key : `${key} : ${value}`);
    });
    return;
  }
  if (to && isPlain(from) && isPlain(to) && from.verdict === to.verdict && from.refused === to.refused) {
    const [{ cluster, local }, now] = [from.endpoints, to.endpoints];
    if (isSame(cluster, now.cluster) && isSame(local, now.local)) return;
  }
  const old = new Map(elementsOf(from).map((element) => [elementKey(element), element]));
  if (to) {
    eachElement(to, (set, key, value) => {
      const id = elementKey({ set, key }), same = old.get(id);
      old.delete(id);
      if (same && same.value === value) return;
      if (same) list(deletes, set).push(key);
      list(adds, set).push(value === undefined ? key : `${key} : ${value}`);
    });
  }
  for (const { set, key } of old.values()) list(deletes, set).push(key);
}

/** Whether a frontend has no elements but its verdict and endpoints. */
function isPlain({ learn, allowed, stray }: Frontend): boolean {
  return learn === undefined && allowed === undefined && stray === undefined;
}

function list<K, V>(map: Map<K, V[]>, key: K): V[] {
  let values = map.get(key);
  if (!values) map.set(key, values = []);
  return values;
}

/** One text for an element, whichever its set. */
export function elementKey({ set, key }: Pick<Element, "set" | "key">): string {
  return `${set} ${key}`;
}
