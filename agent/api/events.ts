/** Events: what the node has to tell of its objects; kept in memory only. */
import type { Handler } from "hono";
import type { Event } from "../telemetry/events.ts";
import type { AppDeps } from "./deps.ts";
import { answerList } from "./list.ts";
import { eventColumns, eventRow } from "./printers/event.ts";
import type { Fields } from "./selectors.ts";

const fields: Fields<Event> = {
  "metadata.name": ({ metadata }) => metadata.name,
  "metadata.namespace": ({ metadata }) => metadata.namespace,
  "involvedObject.apiVersion": ({ involvedObject }) => involvedObject.apiVersion,
  "involvedObject.kind": ({ involvedObject }) => involvedObject.kind,
  "involvedObject.namespace": ({ involvedObject }) => involvedObject.namespace,
  "involvedObject.name": ({ involvedObject }) => involvedObject.name,
  "involvedObject.uid": ({ involvedObject }) => involvedObject.uid,
  "involvedObject.fieldPath": ({ involvedObject }) => involvedObject.fieldPath,
  reason: ({ reason }) => reason,
  type: ({ type }) => type,
  source: ({ source }) => source.component,
  reportingComponent: ({ reportingComponent }) => reportingComponent,
};

export function listEvents(deps: AppDeps): Handler {
  const { events, clock } = deps;
  return (c) => {
    const namespace = c.req.param("namespace");
    return answerList<Event>(c, {
      kind: "EventList",
      resourceVersion: () => events.list().at(-1)?.metadata.resourceVersion ?? "0",
      list: () => events.list({ namespace }),
      watch: (tell) =>
        events.watch((event) => {
          if (namespace !== undefined && event.metadata.namespace !== namespace) return;
          tell(event.count === 1 ? "ADDED" : "MODIFIED", event);
        }),
      fields,
      columns: eventColumns,
      row: (event) => eventRow(event, clock.now()),
      closing: deps.closing,
      clock,
    });
  };
}
