/** Any object, for people: its name and labels, every field as an outline, its events. As kubectl describes kinds it does not know. */
import { age } from "../../age.ts";
import type { Event } from "../../telemetry/events.ts";
import { type Entry, outline } from "./outline.ts";
import { formatTable, oneLine } from "./table.ts";

interface Described {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    creationTimestamp?: string | null;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    managedFields?: unknown;
  };
}

/** The text; secrets' data are shown by their sizes alone. */
export function describeObject(object: Described, events: readonly Event[] | undefined, now: number): string {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { name, namespace, labels, annotations, managedFields: _, creationTimestamp, ...more } = metadata;
  const fields = kind === "Secret" ? hidden(rest) : rest;
  const entries: Entry[] = [
    ["Name", name],
    ["Namespace", namespace ?? ""],
    ["Labels", pairs(labels, "=")],
    ["Annotations", pairs(toldAnnotations(annotations), ": ")],
    ["API Version", apiVersion],
    ["Kind", kind],
    ["Created", creationTimestamp ? `${creationTimestamp} (${age(creationTimestamp, now)} ago)` : ""],
    ["Metadata", { entries: entriesOf(more) }],
    ...entriesOf(fields),
  ];
  const lines = outline(entries.filter(([label]) => label !== "Namespace" || namespace !== undefined));
  if (events) lines.push(...eventLines(events, now));
  return lines.join("\n");
}

/** Without kubectl's copy of the manifest, which is long and holds what a Secret's own data are hidden for. */
export function toldAnnotations(annotations: Record<string, string> = {}): Record<string, string> {
  const { "kubectl.kubernetes.io/last-applied-configuration": _, ...told } = annotations;
  return told;
}

/** Events as describe ends with them. */
export function eventLines(events: readonly Event[], now: number): string[] {
  if (events.length === 0) return ["Events: <none>"];
  const rows = events.map((event) => [
    event.type,
    event.reason,
    age(event.lastTimestamp, now) +
    (event.count > 1 ? ` (x${event.count} over ${age(event.firstTimestamp, now)})` : ""),
    event.source.component,
    oneLine(event.message.trim()),
  ]);
  const heads = [["Type", "Reason", "Age", "From", "Message"]];
  heads.push(heads[0].map((head) => "-".repeat(head.length)));
  return ["Events:", ...formatTable([...heads, ...rows]).map((line) => `  ${line}`)];
}

/** Fields whose keys are the users' own words. */
const ownKeys = new Set(["data", "binaryData", "selector", "nodeSelector", "matchLabels", "labels", "annotations"]);

function entriesOf(value: object, named = title): Entry[] {
  return Object.entries(value).filter(([, each]) => each !== undefined && each !== null).map(([key, each]): Entry => {
    const label = named(key);
    if (Array.isArray(each)) {
      if (each.every((item) => typeof item !== "object")) return [label, each.map((item) => oneLine(String(item)))];
      return [label, { lines: each.flatMap((item) => [...outline(entriesOf(item as object)), ""]).slice(0, -1) }];
    }
    if (typeof each === "object") {
      return [label, { entries: ownKeys.has(key) ? entriesOf(each, (word) => word) : entriesOf(each) }];
    }
    return [label, String(each).split("\n").map((line) => oneLine(line))];
  });
}

/** `clusterIP` → `Cluster IP`; a key that is no field's name stays as it is. */
function title(key: string): string {
  if (!/^[a-z][A-Za-z0-9]*$/.test(key)) return key;
  const spaced = key.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
  return spaced.slice(0, 1).toUpperCase() + spaced.slice(1);
}

function pairs(map: Record<string, string> | undefined, sign: string): string[] {
  const all = Object.entries(map ?? {}).sort(([a], [b]) => a < b ? -1 : 1);
  return all.length === 0 ? ["<none>"] : all.map(([key, value]) => oneLine(`${key}${sign}${value}`));
}

function hidden({ data = {}, ...rest }: { data?: Record<string, string> }): object {
  const sizes = Object.entries(data).map((
    [key, value],
  ) => [key, `${Math.floor((value.replace(/=+$/, "").length * 3) / 4)} bytes`]);
  return { ...rest, data: Object.fromEntries(sizes) };
}
