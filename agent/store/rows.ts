/** The objects in memory, by key and by kind, each under its number on disk. */
import type { Logger } from "../telemetry/log.ts";
import type { Row } from "./encode.ts";
import type { StoredRow } from "./journal.ts";
import { keyText, type Listed, type Realm, type RowKey, type StoreObject } from "./types.ts";
import { deepFreeze } from "./values.ts";

export class Rows {
  #rows = new Map<string, Row>();
  #kinds = new Map<string, Map<string, Row>>();
  #nextId = 1;

  /** A number that no row has had. */
  nextId(): number {
    return this.#nextId++;
  }

  get(key: RowKey): Row | undefined {
    return this.#rows.get(keyText(key));
  }

  values(): Iterable<Row> {
    return this.#rows.values();
  }

  /** Objects of a kind, in the order in which they were first written. */
  list<T>(kind: string, { realm, namespace }: { realm?: Realm; namespace?: string }): Listed<T>[] {
    const found: Listed<T>[] = [];
    for (const { key, object } of this.#kinds.get(kind)?.values() ?? []) {
      if (realm !== undefined && key.realm !== realm) continue;
      if (namespace !== undefined && key.namespace !== namespace) continue;
      found.push({ realm: key.realm, object: object as T });
    }
    return found;
  }

  /** The kinds of which there are objects. */
  kinds(): string[] {
    return [...this.#kinds].filter(([, rows]) => rows.size > 0).map(([kind]) => kind);
  }

  /** Puts an object in its place: into the row that is there, or a new one. Returns the row. */
  put({ id, key, object }: Row): Row {
    const text = keyText(key);
    const present = this.#rows.get(text);
    if (present?.id === id) {
      present.object = object;
      return present;
    }
    const row = { id, key, object };
    this.#rows.set(text, row);
    let kind = this.#kinds.get(key.kind);
    if (!kind) this.#kinds.set(key.kind, kind = new Map());
    kind.set(text, row);
    return row;
  }

  delete(key: RowKey): void {
    const text = keyText(key);
    this.#rows.delete(text);
    this.#kinds.get(key.kind)?.delete(text);
  }

  /** Takes rows from the disk. Returns the numbers of those that are damaged, which are left out and told of. */
  restore(stored: readonly StoredRow[], log: Logger): number[] {
    const damaged: number[] = [];
    for (const row of stored) {
      this.#nextId = Math.max(this.#nextId, row.id + 1);
      try {
        this.put(readRow(row));
      } catch (err) {
        const object = `${row.kind} ${row.namespace}/${row.name}`;
        log.warn("An object in the store is damaged and was dropped", { object, err });
        damaged.push(row.id);
      }
    }
    return damaged;
  }
}

function readRow({ id, realm, kind, namespace, name, body, status, version, statusVersion }: StoredRow): Row {
  const object = JSON.parse(body) as StoreObject;
  if (object.kind !== kind || object.metadata?.name !== name) throw new Error("it is not what its key says");
  object.metadata.resourceVersion = String(Math.max(version, statusVersion ?? 0));
  if (status !== null) object.status = JSON.parse(status);
  return { id, key: { realm: realm as Realm, kind, namespace, name }, object: deepFreeze(object) };
}
