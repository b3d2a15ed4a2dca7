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
import { isPrepared, type Part, removalRank, tableName } from "./chains.ts";
import { type Element, elementsOf, type Frontend, type Frontends } from "./elements.ts";
import { type ElementSet } from "./table.ts";

/** Elements of a transaction, more or less. */
export const chunkSize = 2000;

/** One frontend before and after: added, changed or deleted. */
export interface Change {
  from?: Frontend;
  to?: Frontend;
}

/** What one transaction does, in this order. */
export interface Operations {
  addParts: Part[];
  deletes: Map<ElementSet, string[]>;
  adds: Map<ElementSet, Element[]>;
  deleteParts: { kind: Part["kind"]; name: string }[];
}

/** A shared element or part that is in the kernel. */
type Present = { kind: "element"; set: ElementSet; key: string } | { kind: Part["kind"]; name: string };

/** What is in the kernel's table, as far as we know. */
export class TableState {
  readonly frontends = new Map<string, Frontend>();
  /** Shared elements and parts by what `keyOf…` says. */
  readonly present = new Map<string, Present>();
  /** How many frontends need each. */
  readonly #needed = new Map<string, number>();

  /** Takes note of what a transaction has done. */
  commit({ changes, operations }: Transaction): void {
    for (const { from, to } of changes) {
      if (from) { for (const key of needsOf(from)) this.#count(key, -1); }
      if (to) { for (const key of needsOf(to)) this.#count(key, 1); }
      if (to) this.frontends.set(to.id, to);
      else if (from) this.frontends.delete(from.id);
    }
    for (const [set, elements] of operations.adds) {
      for (const { key } of elements) {
        if (isShared(set)) this.present.set(elementKey({ set, key }), { kind: "element", set, key });
      }
    }
    for (const [set, keys] of operations.deletes) {
      for (const key of keys) this.present.delete(elementKey({ set, key }));
    }
    for (const { kind, name } of operations.addParts) this.present.set(partKey({ kind, name }), { kind, name });
    for (const { kind, name } of operations.deleteParts) this.present.delete(partKey({ kind, name }));
  }

  /** How many frontends would need each of these after `changes`, as a difference. */
  neededAfter(changes: readonly Change[]): Map<string, number> {
    const difference = new Map<string, number>();
    const count = (key: string, by: number) => difference.set(key, (difference.get(key) ?? 0) + by);
    for (const { from, to } of changes) {
      if (from) { for (const key of needsOf(from)) count(key, -1); }
      if (to) { for (const key of needsOf(to)) count(key, 1); }
    }
    for (const [key, by] of difference) difference.set(key, by + (this.#needed.get(key) ?? 0));
    return difference;
  }

  /** What is there and needed by nobody. */
  unneeded(keys: Iterable<string>, needed: ReadonlyMap<string, number>): Present[] {
    const found: Present[] = [];
    for (const key of keys) {
      const present = this.present.get(key);
      if (present && (needed.get(key) ?? this.#needed.get(key) ?? 0) === 0) found.push(present);
    }
    return found;
  }

  /** Takes note of parts that a table was made with. */
  prepare(parts: readonly Part[]): void {
    for (const { kind, name } of parts) this.present.set(partKey({ kind, name }), { kind, name });
  }

  #count(key: string, by: number): void {
    const count = (this.#needed.get(key) ?? 0) + by;
    if (count === 0) this.#needed.delete(key);
    else this.#needed.set(key, count);
  }
}

export interface Transaction {
  changes: readonly Change[];
  operations: Operations;
}

/**
 * What has to change. Frontends that are equal but other objects are among the changes, without elements to change: the state
 * has to learn what they need. Deleted ones come first: another may want their addresses.
 */
export function compare(state: TableState, desired: Frontends): Change[] {
  const deleted: Change[] = [], changed: Change[] = [];
  for (const [id, from] of state.frontends) if (!desired.has(id)) deleted.push({ from });
  for (const [id, wanted] of desired) {
    const from = state.frontends.get(id);
    if (from === wanted || (from && arrangedFrom.get(from) === wanted)) continue;
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
  const arranged = { ...to, endpoints };
  arrangedFrom.set(arranged, to);
  return arranged;
}

/** Endpoints in an order that changes as few indexes as possible. Pure. */
export function place(before: readonly string[], wanted: readonly string[]): readonly string[] {
  const left = new Set(wanted);
  const slots: (string | undefined)[] = wanted.map((_, index) => {
    const old = before[index];
    return old !== undefined && left.delete(old) ? old : undefined;
  });
  const rest = left.values();
  return slots.map((slot) => slot ?? rest.next().value!);
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
  const needed = state.neededAfter(changes);
  const added = new Set<string>();
  const isNew = (key: string) => !state.present.has(key) && !added.has(key) && Boolean(added.add(key));
  for (const { from, to } of changes) {
    difference(operations, from ? elementsOf(from) : [], to ? elementsOf(to) : []);
    for (const part of to?.parts ?? []) if (isNew(partKey(part))) operations.addParts.push(part);
    for (const { set, key } of to?.shared ?? []) {
      if (isNew(elementKey({ set, key }))) list(operations.adds, set).push({ set, key });
    }
  }
  if (sweep !== "nothing") {
    for (const present of state.unneeded(sweep === "all" ? state.present.keys() : needed.keys(), needed)) {
      if (present.kind === "chain" && (isPrepared(present.name) || (sweep === "touched" && isCommon(present.name)))) {
        continue;
      }
      if (present.kind === "element") list(operations.deletes, present.set).push(present.key);
      else operations.deleteParts.push(present);
    }
    operations.deleteParts.sort((a, b) => removalRank(a.kind, a.name) - removalRank(b.kind, b.name));
  }
  return { changes, operations };
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
  for (const { kind, name, text } of operations.addParts) {
    lines.push(`add ${kind} ${at} ${name}${kind === "map" ? ` { ${text[0]} }` : ""}`);
    if (kind === "chain") { for (const rule of text) lines.push(`add rule ${at} ${name} ${rule}`); }
  }
  for (const [set, keys] of operations.deletes) lines.push(`delete element ${at} ${set} {\n${keys.join(",\n")}\n}`);
  for (const [set, elements] of operations.adds) {
    const texts = elements.map(({ key, value }) => value === undefined ? key : `${key} : ${value}`);
    lines.push(`add element ${at} ${set} {\n${texts.join(",\n")}\n}`);
  }
  for (const { kind, name } of operations.deleteParts) lines.push(`delete ${kind} ${at} ${name}`);
  return lines.length === 0 ? "" : lines.join("\n") + "\n";
}

/** The lines of a script that add a part. */
export function partLines(family: Family, { kind, name, text }: Part): string[] {
  const at = `${family} ${tableName} ${name}`;
  if (kind === "map") return [`add map ${at} { ${text[0]} }`];
  return [`add chain ${at}`, ...text.map((rule) => `add rule ${at} ${rule}`)];
}

/** Deletes and adds that lead from some elements to others; what stays is not touched. */
function difference({ deletes, adds }: Operations, from: readonly Element[], to: readonly Element[]): void {
  if (from.length === 0) {
    for (const element of to) list(adds, element.set).push(element);
    return;
  }
  const old = new Map(from.map((element) => [elementKey(element), element]));
  for (const element of to) {
    const key = elementKey(element), same = old.get(key);
    old.delete(key);
    if (same && same.value === element.value) continue;
    if (same) list(deletes, element.set).push(element.key);
    list(adds, element.set).push(element);
  }
  for (const { set, key } of old.values()) list(deletes, set).push(key);
}

function list<K, V>(map: Map<K, V[]>, key: K): V[] {
  let values = map.get(key);
  if (!values) map.set(key, values = []);
  return values;
}

function* needsOf(frontend: Frontend): Iterable<string> {
  for (const shared of frontend.shared) yield elementKey(shared);
  for (const part of frontend.parts) yield partKey(part);
}

const sharedSets: readonly ElementSet[] = ["cluster-ips", "hairpin"];

/** Whether elements of a set belong to several frontends. */
export function isShared(set: ElementSet): boolean {
  return sharedSets.includes(set);
}

export function elementKey({ set, key }: { set: ElementSet; key: string }): string {
  return `${set} ${key}`;
}

export function partKey({ kind, name }: { kind: Part["kind"]; name: string }): string {
  return `${kind} ${name}`;
}
