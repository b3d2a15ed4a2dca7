/** Event in its two forms: `v1`, which is what the node keeps, and `events.k8s.io/v1`, the same under other names. */
import { define, defineKind, int, lazily, microTime, opt, text, time, type z } from "./schema.ts";
import { objectMeta, objectReference } from "./meta.ts";

const eventSource = lazily(() => define("core.v1.EventSource", { component: text, host: text }));

export const eventSchema = lazily(() =>
  defineKind("v1", "Event", {
    metadata: objectMeta(),
    involvedObject: objectReference(),
    reason: text,
    message: text,
    source: opt(eventSource()),
    firstTimestamp: time,
    lastTimestamp: time,
    count: int,
    type: text,
    eventTime: microTime,
    series: opt(define("core.v1.EventSeries", { count: int, lastObservedTime: microTime })),
    action: text,
    related: opt(objectReference()),
    reportingComponent: text,
    reportingInstance: text,
  })
);
export interface Event extends z.infer<ReturnType<typeof eventSchema>> {}

export const eventsEventSchema = lazily(() =>
  defineKind("events.k8s.io/v1", "Event", {
    metadata: objectMeta(),
    eventTime: microTime,
    series: opt(define("events.v1.EventSeries", { count: int, lastObservedTime: microTime })),
    reportingController: text,
    reportingInstance: text,
    action: text,
    reason: text,
    regarding: opt(objectReference()),
    related: opt(objectReference()),
    note: text,
    type: text,
    deprecatedSource: opt(eventSource()),
    deprecatedFirstTimestamp: time,
    deprecatedLastTimestamp: time,
    deprecatedCount: int,
  })
);
export interface EventsEvent extends z.infer<ReturnType<typeof eventsEventSchema>> {}

/** Fields that the two forms name differently: `v1` → `events.k8s.io/v1`. */
const names: Readonly<Record<string, string>> = {
  involvedObject: "regarding",
  message: "note",
  source: "deprecatedSource",
  firstTimestamp: "deprecatedFirstTimestamp",
  lastTimestamp: "deprecatedLastTimestamp",
  count: "deprecatedCount",
  reportingComponent: "reportingController",
};
const back = Object.fromEntries(Object.entries(names).map(([core, other]) => [other, core]));

function renamed(object: object, words: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([field, value]) => [words[field] ?? field, value]));
}

/** An event as `events.k8s.io/v1` shows it. */
export function toEventsEvent(event: Event): EventsEvent {
  return { ...renamed(event, names), apiVersion: "events.k8s.io/v1" } as unknown as EventsEvent;
}

/** An event of `events.k8s.io/v1` as the node keeps it. */
export function toCoreEvent(event: EventsEvent): Event {
  const core = { ...renamed(event, back), apiVersion: "v1" } as unknown as Event;
  return { ...core, involvedObject: core.involvedObject ?? {} };
}
