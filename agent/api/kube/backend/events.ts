/**
 * Events: the ring in memory, as a resource. What clients write joins what the node tells itself; when the ring is full
 * the oldest go.
 */
import type { Event as StoredEvent } from "../../../objects/event.ts";
import { timestamp } from "../../../clock.ts";
import type { Clock } from "../../../clock.ts";
import type { Event, EventRing } from "../../../telemetry/events.ts";
import { badRequest } from "../../status.ts";
import type { WritableBackend } from "../types.ts";
import { byText, listKey } from "./store.ts";

type Ring = Pick<EventRing, "get" | "list" | "watch" | "put" | "remove" | "resourceVersion">;

export function eventBackend(ring: Ring, clock: Clock, latest: () => string): WritableBackend<StoredEvent> {
  const shown = (event: Event) => event as StoredEvent;
  return {
    resourceVersion: latest,
    get: (namespace, name) => ring.get(namespace, name),
    list: (namespace) =>
      ring.list({ namespace }).map((event): [string, StoredEvent] => [listKey(event), shown(event)])
        .sort(byText).map(([, event]) => event),
    watch: (listener) =>
      ring.watch(({ type, event, previous }) =>
        listener({ type, object: shown(event), ...(previous ? { previous: shown(previous) } : {}) })
      ),
    async write(namespace, name, change, { dryRun } = {}) {
      const current = ring.get(namespace, name);
      const next = change(current, () => {
        throw badRequest("events are removed at once: they take no finalizers");
      });
      if (!next) {
        if (current && !dryRun) ring.remove(namespace, name);
        return undefined;
      }
      if (next === current) return current;
      const whole = complete(next, current, clock);
      return dryRun ? shown(whole) : shown(ring.put(whole));
    },
  };
}

/** What the node's own events always have, for those of clients. */
function complete(event: StoredEvent, current: Event | undefined, clock: Clock): Event {
  const now = timestamp(clock.now());
  const { metadata, involvedObject, series } = event;
  const first = event.firstTimestamp ?? event.eventTime ?? now;
  return {
    ...event,
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      ...metadata,
      namespace: metadata.namespace ?? "default",
      uid: current?.metadata.uid ?? crypto.randomUUID(),
      creationTimestamp: current?.metadata.creationTimestamp ?? now,
      resourceVersion: current?.metadata.resourceVersion ?? "",
    },
    involvedObject: { ...involvedObject, kind: involvedObject.kind ?? "", name: involvedObject.name ?? "" },
    reason: event.reason ?? "",
    message: event.message ?? "",
    type: event.type === "Warning" ? "Warning" : "Normal",
    count: event.count ?? series?.count ?? 1,
    firstTimestamp: first,
    lastTimestamp: event.lastTimestamp ?? series?.lastObservedTime ?? first,
    source: { component: event.source?.component ?? event.reportingComponent ?? "", host: event.source?.host ?? "" },
    reportingComponent: event.reportingComponent ?? event.source?.component ?? "",
    reportingInstance: event.reportingInstance ?? "",
  };
}
