/** One event as a row, as kubectl has it: LAST SEEN TYPE REASON OBJECT MESSAGE. */
import type { Event } from "../../telemetry/events.ts";
import { age } from "../../age.ts";
import type { Column } from "./table.ts";

export const eventColumns: readonly Column[] = [
  { name: "Last Seen", description: "When it was seen last" },
  { name: "Type", description: "Normal or Warning" },
  { name: "Reason", description: "What happened, in a word" },
  { name: "Object", description: "What it happened to" },
  { name: "Subobject", description: "Which part of it", wide: true },
  { name: "Source", description: "Who tells", wide: true },
  { name: "Message", description: "What happened" },
  { name: "First Seen", description: "When it was seen first", wide: true },
  { name: "Count", description: "How often it was seen", wide: true },
  { name: "Name", description: "Name of the event", wide: true },
];

/** The cells of {@link eventColumns}. */
export function eventRow(event: Event, now: number): string[] {
  const { involvedObject: about, source } = event;
  return [
    age(event.lastTimestamp, now),
    event.type,
    event.reason,
    `${about.kind.toLowerCase()}/${about.name}`,
    about.fieldPath ?? "",
    [source.component, source.host].filter(Boolean).join(", "),
    event.message.trim(),
    age(event.firstTimestamp, now),
    String(event.count),
    event.metadata.name,
  ];
}
