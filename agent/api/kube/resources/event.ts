/** Events in the two forms that clients know: `v1`, and `events.k8s.io/v1`, the same under other names. */
import { type Event, type EventsEvent, toCoreEvent, toEventsEvent } from "../../../objects/event.ts";
import { age } from "../../../age.ts";
import type { ApiObject, Backend, Resource } from "../types.ts";
import { integer, nameColumn, text } from "./columns.ts";
import { allVerbs } from "./verbs.ts";

const shared = {
  version: "v1",
  kind: "Event",
  plural: "events",
  singular: "event",
  shortNames: ["ev"],
  namespaced: true,
  verbs: allVerbs,
} as const;

export function coreEvents(backend: Backend<Event>): Resource<Event> {
  return {
    ...shared,
    group: "",
    backend,
    fields: {
      "involvedObject.kind": ({ involvedObject }) => involvedObject.kind,
      "involvedObject.namespace": ({ involvedObject }) => involvedObject.namespace,
      "involvedObject.name": ({ involvedObject }) => involvedObject.name,
      "involvedObject.uid": ({ involvedObject }) => involvedObject.uid,
      "involvedObject.apiVersion": ({ involvedObject }) => involvedObject.apiVersion,
      "involvedObject.resourceVersion": ({ involvedObject }) => involvedObject.resourceVersion,
      "involvedObject.fieldPath": ({ involvedObject }) => involvedObject.fieldPath,
      reason: ({ reason }) => reason,
      reportingComponent: ({ reportingComponent }) => reportingComponent,
      source: ({ source, reportingComponent }) => source?.component || reportingComponent,
      type: ({ type }) => type,
    },
    strategy: { createOnUpdate: true },
    printer: { columns, cells },
  };
}

/** The same events under the names of `events.k8s.io/v1`. */
export function newEvents(core: Backend<Event>): Resource<EventsEvent> {
  const { write } = core;
  const backend: Backend<EventsEvent> = {
    resourceVersion: () => core.resourceVersion(),
    get: (namespace, name) => converted(core.get(namespace, name)),
    list: (namespace) => core.list(namespace).map(toEventsEvent),
    watch: (listener) =>
      core.watch(({ type, object, previous }) =>
        listener({ type, object: toEventsEvent(object), ...(previous ? { previous: toEventsEvent(previous) } : {}) })
      ),
    ...(write && {
      write: async (namespace, name, change, options) =>
        converted(
          await write(namespace, name, (current, end) => {
            const shown = converted(current);
            const next = change(shown, (grace) => toEventsEvent(end(grace)));
            return next === shown ? current : next && toCoreEvent(next);
          }, options),
        ),
    }),
  };
  return {
    ...shared,
    group: "events.k8s.io",
    backend: backend as Backend<EventsEvent & ApiObject>,
    fields: {
      "regarding.kind": ({ regarding }) => regarding?.kind,
      "regarding.namespace": ({ regarding }) => regarding?.namespace,
      "regarding.name": ({ regarding }) => regarding?.name,
      "regarding.uid": ({ regarding }) => regarding?.uid,
      "regarding.apiVersion": ({ regarding }) => regarding?.apiVersion,
      "regarding.fieldPath": ({ regarding }) => regarding?.fieldPath,
      reason: ({ reason }) => reason,
      reportingController: ({ reportingController }) => reportingController,
      type: ({ type }) => type,
    },
    strategy: { createOnUpdate: true },
    printer: { columns, cells: (event, now) => cells(toCoreEvent(event), now) },
  };
}

const converted = (event: Event | undefined) => event && toEventsEvent(event);

const columns = [
  text("Last Seen", "When it was seen last."),
  text("Type", "Normal or Warning."),
  text("Reason", "What happened, in a word."),
  text("Object", "What it happened to."),
  text("Subobject", "Which part of it.", { wide: true }),
  text("Source", "Who tells.", { wide: true }),
  text("Message", "What happened."),
  text("First Seen", "When it was seen first.", { wide: true }),
  integer("Count", "How often it was seen.", { wide: true }),
  { ...nameColumn, priority: 1 as const },
];

function cells(event: Event, now: number) {
  const { involvedObject: about, source, series, firstTimestamp, eventTime } = event;
  const first = firstTimestamp ?? eventTime;
  const last = series?.lastObservedTime ?? event.lastTimestamp ?? first;
  const component = source?.component || event.reportingComponent || "";
  return [
    age(last, now),
    event.type ?? "",
    event.reason ?? "",
    `${(about.kind ?? "").toLowerCase()}${about.name ? `/${about.name}` : ""}`,
    about.fieldPath ?? "",
    [component, source?.host ?? event.reportingInstance ?? ""].filter((part) => part !== "").join(", "),
    (event.message ?? "").trim(),
    age(first, now),
    series?.count ?? event.count ?? 1,
    event.metadata.name,
  ];
}
