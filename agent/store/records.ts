/** Private facts kept beside the objects: tables of JSON values, small and few. */
import type { Logger } from "../telemetry/log.ts";
import { StoreError } from "./errors.ts";
import type { Change } from "./journal.ts";
import { deepFreeze, sameValue } from "./values.ts";

const maxSize = 64 * 1024;
const maxCount = 10_000;

export class Records {
  #tables = new Map<string, Map<string, unknown>>();

  get(table: string, key: string): unknown {
    return this.#tables.get(table)?.get(key);
  }

  all(table: string): [key: string, value: unknown][] {
    return [...this.#tables.get(table) ?? []];
  }

  /** Keeps a value, or forgets it (undefined). False when it is what was there; throws for one that is too large. */
  set(table: string, key: string, value: unknown): boolean {
    if (sameValue(this.get(table, key), value)) return false;
    if (value === undefined) {
      this.#tables.get(table)?.delete(key);
      return true;
    }
    const size = JSON.stringify(value).length;
    if (size > maxSize) {
      throw new StoreError("tooLarge", `Cannot keep record ${table}/${key}: ${size} bytes, at most ${maxSize}`);
    }
    const values = this.#table(table);
    if (values.size >= maxCount && !values.has(key)) {
      throw new StoreError("tooLarge", `Cannot keep record ${table}/${key}: there are ${maxCount} already`);
    }
    values.set(key, deepFreeze(value));
    return true;
  }

  /** Takes facts from the disk; damaged ones are left out and told of. */
  restore(stored: readonly { tab: string; key: string; value: string }[], log: Logger): void {
    for (const { tab, key, value } of stored) {
      try {
        this.#table(tab).set(key, deepFreeze(JSON.parse(value)));
      } catch (err) {
        log.warn("A record in the store is damaged and was dropped", { table: tab, err });
      }
    }
  }

  /** A fact as it is to be on disk. */
  change(table: string, key: string): Change {
    const value = this.get(table, key);
    return { type: "record", table, key, value: value === undefined ? undefined : JSON.stringify(value) };
  }

  *changes(): Generator<Change> {
    for (const [table, values] of this.#tables) {
      for (const key of values.keys()) yield this.change(table, key);
    }
  }

  #table(table: string): Map<string, unknown> {
    let values = this.#tables.get(table);
    if (!values) this.#tables.set(table, values = new Map());
    return values;
  }
}
