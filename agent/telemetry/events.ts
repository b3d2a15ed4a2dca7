/**
 * Kubernetes Events, kept in a bounded ring in memory: the same event about the same object is counted up instead of
 * repeated (as client-go's EventCorrelator does), and an object that talks too much is rate-limited.
 */
import { type Clock, systemClock, timestamp } from "../clock.ts";

/** What an event is about: a v1.ObjectReference. */
export interface ObjectReference {
  apiVersion?: string;
  kind: string;
  namespace?: string;
  name: string;
  uid?: string;
  /** `spec.containers{web}` for a container of a pod. */
  fieldPath?: string;
}

export type EventType = "Normal" | "Warning";

/** A core/v1 Event. */
export interface Event {
  apiVersion: "v1";
  kind: "Event";
  metadata: { name: string; namespace: string; uid: string; creationTimestamp: string; resourceVersion: string };
  involvedObject: ObjectReference;
  reason: string;
  message: string;
  type: EventType;
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
  source: { component: string; host: string };
  reportingComponent: string;
  reportingInstance: string;
}

export interface EventRecorder {
  event(about: ObjectReference, type: EventType, reason: string, message: string): void;
}

export interface EventRingOptions {
  nodeName: string;
  component?: string;
  /** Entries kept. */
  size?: number;
  /** New (not counted-up) events allowed per object in a burst, refilled one every `refillMs`. */
  burst?: number;
  refillMs?: number;
  clock?: Clock;
}

/** The ring: newest last. */
export class EventRing implements EventRecorder {
  #events = new Map<string, Event>();
  #buckets = new Map<string, { tokens: number; at: number }>();
  #listeners = new Set<(event: Event) => void>();
  #sequence = 0;
  readonly #options: Required<EventRingOptions>;

  constructor(options: EventRingOptions) {
    this.#options = { component: "islet", size: 1000, burst: 25, refillMs: 30_000, clock: systemClock, ...options };
  }

  event(about: ObjectReference, type: EventType, reason: string, message: string): void {
    const { clock, component, nodeName, size } = this.#options;
    const now = timestamp(clock.now());
    const key = [about.kind, about.namespace, about.name, about.uid, about.fieldPath, type, reason, message].join("\0");
    const known = this.#events.get(key);
    let event: Event;
    if (known) {
      event = { ...known, count: known.count + 1, lastTimestamp: now };
      event.metadata = { ...known.metadata, resourceVersion: String(++this.#sequence) };
      this.#events.delete(key);
    } else {
      if (!this.#allowed(`${about.kind}\0${about.namespace}\0${about.name}`)) return;
      const id = (++this.#sequence).toString(16).padStart(8, "0");
      event = {
        apiVersion: "v1",
        kind: "Event",
        metadata: {
          name: `${about.name}.${Math.floor(clock.now()).toString(16)}${id}`,
          namespace: about.namespace || "default",
          uid: crypto.randomUUID(),
          creationTimestamp: now,
          resourceVersion: String(this.#sequence),
        },
        involvedObject: { apiVersion: "v1", ...about },
        reason,
        message,
        type,
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
        source: { component, host: nodeName },
        reportingComponent: component,
        reportingInstance: nodeName,
      };
    }
    this.#events.set(key, event);
    while (this.#events.size > size) this.#events.delete(this.#events.keys().next().value!);
    for (const listener of this.#listeners) listener(event);
  }

  /** Events about one object, or all; oldest first. */
  list(filter: { namespace?: string; name?: string; uid?: string; kind?: string } = {}): Event[] {
    return [...this.#events.values()].filter(({ involvedObject: about, metadata }) =>
      (filter.kind === undefined || about.kind === filter.kind) &&
      (filter.namespace === undefined || metadata.namespace === filter.namespace) &&
      (filter.name === undefined || about.name === filter.name) &&
      (filter.uid === undefined || about.uid === filter.uid)
    );
  }

  /** Calls `listener` with every event from now on. */
  watch(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #allowed(object: string): boolean {
    const { burst, refillMs, clock } = this.#options;
    const now = clock.mono();
    const bucket = this.#buckets.get(object) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / refillMs);
    bucket.at = now;
    this.#buckets.set(object, bucket);
    if (this.#buckets.size > 4096) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
