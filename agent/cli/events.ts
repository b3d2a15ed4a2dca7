/** `islet events`: what happened, the newest last; with `-w` what happens. */
import { age } from "../age.ts";
import { columnWidths, formatTable, oneLine } from "../api/printers/table.ts";
import type { Event } from "../telemetry/events.ts";
import { ApiResources } from "./api_resources.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { apiPath, clientFlags, clientFor, namespaceFlag } from "./client.ts";
import { lines, print, printJson, printYaml, warn } from "./output.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "for", value: "TYPE/NAME", help: "only about one object: pod/web" },
  { name: "types", value: "TYPES", help: "only Normal or Warning" },
  { name: "all-namespaces", short: "A", help: "of all namespaces" },
  namespaceFlag,
  { name: "watch", short: "w", help: "then go on with every new one" },
  { name: "no-headers", help: "a table without its first line" },
  { name: "output", short: "o", value: "FORMAT", help: "another form than the table", oneOf: ["json", "yaml"] },
  ...clientFlags,
];

export async function events(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    print(describeVerb("events [FLAGS]", "Shows what happened, the newest last.", flags));
    return 0;
  }
  if (args.words.length > 0) {
    throw new UsageError(`unexpected argument ${JSON.stringify(args.words[0])}; --for names one`);
  }
  const everywhere = args.is("all-namespaces");
  const namespace = args.get("namespace") ?? "default";
  const path = everywhere ? "/api/v1/events" : `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
  const types = args.get("types")?.toLowerCase().split(",");
  for (const type of types ?? []) {
    if (type !== "normal" && type !== "warning") throw new UsageError(`--types are Normal and Warning, not ${type}`);
  }
  const about = args.get("for");
  const [kind, name, ...more] = about?.split("/") ?? [];
  if (about !== undefined && (!name || more.length > 0)) throw new UsageError("--for is TYPE/NAME: pod/web");
  const client = clientFor(args);
  const resource = kind === undefined ? undefined : (await ApiResources.load(client)).find(kind);
  const wanted = ({ type }: Event) => types === undefined || types.includes(type.toLowerCase());
  const fieldSelector = resource && `involvedObject.kind=${resource.kind},involvedObject.name=${name}`;
  const query = { fieldSelector };

  const list = await client.json<{ items: Event[]; metadata: { resourceVersion: string } }>(apiPath(path, query));
  const found = list.items.filter(wanted).sort((a, b) => Date.parse(a.lastTimestamp) - Date.parse(b.lastTimestamp));
  const output = args.get("output");
  if (output !== undefined) {
    if (args.is("watch")) throw new UsageError(`-w shows tables only, not ${output}`);
    const value = { apiVersion: "v1", items: found, kind: "List", metadata: { resourceVersion: "" } };
    if (output === "json") printJson(value);
    else await printYaml(value);
    return 0;
  }
  let widths: number[] = [];
  const show = (events: readonly Event[], headers: boolean) => {
    const now = Date.now();
    const rows = events.map((event) =>
      [
        ...everywhere ? [event.metadata.namespace] : [],
        age(event.lastTimestamp, now) +
        (event.count > 1 ? ` (x${event.count} over ${age(event.firstTimestamp, now)})` : ""),
        event.type,
        event.reason,
        `${event.involvedObject.kind}/${event.involvedObject.name}`,
        event.message.trim(),
      ].map(oneLine)
    );
    if (headers) rows.unshift([...everywhere ? ["NAMESPACE"] : [], "LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]);
    widths = columnWidths(rows, widths);
    for (const line of formatTable(rows, widths)) print(line);
  };
  if (found.length > 0 || args.is("watch")) show(found, !args.is("no-headers"));
  else warn(everywhere ? "No events found." : `No events found in ${namespace} namespace.`);
  if (!args.is("watch")) return 0;
  const { resourceVersion } = list.metadata;
  const answer = await client.get(apiPath(path, { ...query, watch: true, resourceVersion }));
  for await (const line of lines(answer.body!)) {
    const { type, object } = JSON.parse(line) as { type: string; object: Event };
    if ((type === "ADDED" || type === "MODIFIED") && wanted(object)) show([object], false);
  }
  warn("The node ended the watch.");
  return 1;
}
