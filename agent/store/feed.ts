/**
 * Tells watchers of changes: in order, also when a listener writes (its events come after the ones being told), and
 * whatever a listener throws.
 */
import type { Logger } from "../telemetry/log.ts";
import { named } from "./object.ts";
import type { StoreEvent, StoreListener } from "./types.ts";

export class Feed {
  #listeners = new Map<object, { listener: StoreListener; kind?: string }>();
  #events: StoreEvent[] = [];
  #telling = false;

  constructor(private log: Logger) {}

  /** Calls `listener` with every event from now on, of one kind or all; the returned function ends it. */
  watch(listener: StoreListener, kind?: string): () => void {
    const key = {};
    this.#listeners.set(key, { listener, kind });
    return () => void this.#listeners.delete(key);
  }

  tell(events: StoreEvent[]): void {
    this.#events.push(...events);
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let event; (event = this.#events.shift());) this.#tellOne(event);
    } finally {
      this.#telling = false;
    }
  }

  #tellOne(event: StoreEvent): void {
    for (const [key, { listener, kind }] of [...this.#listeners]) {
      if (kind !== undefined && kind !== event.object.kind) continue;
      if (!this.#listeners.has(key)) continue;
      try {
        listener(event);
      } catch (err) {
        this.log.error("A watcher of the store failed", { object: named(event.object), err });
      }
    }
  }
}
