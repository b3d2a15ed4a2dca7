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
  source: { component: string; host?: string };
  reportingComponent: string;
  reportingInstance: string;
}

export interface EventRecorder {
  event(about: ObjectReference, type: EventType, reason: string, message: string): void;
}

export interface EventRingOptions {
  nodeName: string;
  /** Entries kept. */
  size?: number;
  /** New (not counted-up) events allowed per object in a burst, refilled one every `refillMs`. */
  burst?: number;
  refillMs?: number;
  clock?: Clock;
  /** Where resourceVersions come from. */
  nextVersion?: () => string;
}

/** A change in the ring; a deletion carries the last state under a version of its own. */
export interface EventChange {
  type: "ADDED" | "MODIFIED" | "DELETED";
  event: Event;
  previous?: Event;
}

/** The ring: the one written last is the last. */
export class EventRing implements EventRecorder {
  /** By namespace and name. */
  #events = new Map<string, Event>();
  /** What was told of an object → the event that counts it. */
  #told = new Map<string, string>();
  #buckets = new Map<string, { tokens: number; at: number }>();
  #listeners = new Set<(change: EventChange) => void>();
  #sequence = 0;
  #version = "0";
  readonly #options: Required<EventRingOptions>;

  constructor(options: EventRingOptions) {
    let version = 0;
    this.#options = {
      size: 1000,
      burst: 25,
      refillMs: 30_000,
      clock: systemClock,
      nextVersion: () => String(++version),
      ...options,
    };
  }

  /** The version of the latest change. */
  get resourceVersion(): string {
    return this.#version;
  }

  /** What a kubelet tells. */
  event(about: ObjectReference, type: EventType, reason: string, message: string): void {
    const { nodeName } = this.#options;
    this.#event(about, type, reason, message, { component: "kubelet", host: nodeName });
  }

  /** A recorder for what a part of the control plane tells, by its name there; such a part is on no node. */
  by(component: string): EventRecorder {
    return { event: (...told) => this.#event(...told, { component }) };
  }

  #event(about: ObjectReference, type: EventType, reason: string, message: string, source: Event["source"]): void {
    const { clock } = this.#options;
    const now = timestamp(clock.now());
    const subject = [about.kind, about.namespace, about.name, about.uid, about.fieldPath, type, reason, message]
      .join("\0");
    const known = this.#events.get(this.#told.get(subject) ?? "");
    if (known) {
      this.#put({ ...known, count: known.count + 1, lastTimestamp: now });
      return;
    }
    if (!this.#allowed(`${about.kind}\0${about.namespace}\0${about.name}`)) return;
    const id = (++this.#sequence).toString(16).padStart(8, "0");
    const event: Event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: `${about.name}.${Math.floor(clock.now()).toString(16)}${id}`,
        namespace: about.namespace || "default",
        uid: crypto.randomUUID(),
        creationTimestamp: now,
        resourceVersion: "",
      },
      involvedObject: { apiVersion: "v1", ...about },
      reason,
      message,
      type,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source,
      reportingComponent: source.component,
      reportingInstance: source.host ?? "",
    };
    this.#told.set(subject, keyOf(event.metadata));
    this.#put(event);
  }

  get(namespace: string, name: string): Event | undefined {
    return this.#events.get(keyOf({ namespace, name }));
  }

  /** Puts an event that somebody else made, or made something of, into the ring; gives it the version it has there. */
  put(event: Event): Event {
    return this.#put(event);
  }

  /** Takes an event out. */
  remove(namespace: string, name: string): void {
    const event = this.get(namespace, name);
    if (event) this.#remove(event);
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

  /** Calls `listener` with every change from now on. */
  watch(listener: (change: EventChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #put(given: Event): Event {
    const key = keyOf(given.metadata);
    const previous = this.#events.get(key);
    const event = { ...given, metadata: { ...given.metadata, resourceVersion: this.#next() } };
    this.#events.delete(key);
    this.#events.set(key, event);
    this.#tell(previous ? { type: "MODIFIED", event, previous } : { type: "ADDED", event });
    while (this.#events.size > this.#options.size) this.#remove(this.#events.values().next().value!);
    return event;
  }

  #remove(previous: Event): void {
    const key = keyOf(previous.metadata);
    this.#events.delete(key);
    if (this.#told.size > 2 * this.#options.size) {
      for (const [subject, known] of this.#told) if (!this.#events.has(known)) this.#told.delete(subject);
    }
    const event = { ...previous, metadata: { ...previous.metadata, resourceVersion: this.#next() } };
    this.#tell({ type: "DELETED", event, previous });
  }

  #next(): string {
    return this.#version = this.#options.nextVersion();
  }

  #tell(change: EventChange): void {
    for (const listener of [...this.#listeners]) listener(change);
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

function keyOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}
