/** `islet get RESOURCE [NAME…]`: objects as a table, JSON, YAML or names; with `-w` every change after that, too. */
import { eventColumns, eventRow } from "../api/printers/event.ts";
import { podColumns, podRow } from "../api/printers/pod.ts";
import { type Column, columnWidths, formatTable, oneLine } from "../api/printers/table.ts";
import { nearest } from "../config/nearest.ts";
import { type Arguments, describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { apiPath, Client, clientFlags, clientFor, namespaceFlag, ServerError } from "./client.ts";
import { print, warn } from "./output.ts";
import { reportProblems, showProblems } from "./problems.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  {
    name: "output",
    short: "o",
    value: "FORMAT",
    help: "another form than the table",
    oneOf: ["wide", "json", "yaml", "name"],
  },
  { name: "selector", short: "l", value: "LABELS", help: "only those with these labels: app=web,tier!=test" },
  { name: "field-selector", value: "FIELDS", help: "only those with these fields: status.phase=Running" },
  { name: "all-namespaces", short: "A", help: "of all namespaces" },
  namespaceFlag,
  { name: "watch", short: "w", help: "then go on with every change" },
  { name: "show-labels", help: "a column of labels" },
  { name: "no-headers", help: "a table without its first line" },
  ...clientFlags,
];

interface Named {
  kind: string;
  metadata: { name: string; namespace?: string; resourceVersion?: string; labels?: Record<string, string> };
}

interface Resource<T extends Named> {
  plural: string;
  columns: readonly Column[];
  row(object: T, now: number): string[];
}

const resources: Record<string, Resource<Named>> = {
  pods: { plural: "pods", columns: podColumns, row: podRow as unknown as Resource<Named>["row"] },
  events: { plural: "events", columns: eventColumns, row: eventRow as unknown as Resource<Named>["row"] },
};

const names: Record<string, string> = {
  pods: "pods",
  pod: "pods",
  po: "pods",
  events: "events",
  event: "events",
  ev: "events",
  problems: "problems",
  problem: "problems",
};

export async function get(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    print(describeVerb(
      "get pods|events|problems [NAME…] [FLAGS]",
      "Shows the node's pods, its events, or what is wrong with its manifests.",
      flags,
    ));
    return 0;
  }
  const { resource, wanted } = whatIsAsked([...args.words, ...args.rest ?? []]);
  const client = clientFor(args);
  if (resource === "problems") {
    if (wanted.length > 0) throw new UsageError("problems have no names: islet get problems");
    return await showProblems(client, args.get("output"));
  }
  return await show(client, resources[resource], wanted, args);
}

/** `pods a b`, `pod/a pod/b`. */
function whatIsAsked(words: string[]): { resource: string; wanted: string[] } {
  const [first, ...rest] = words;
  if (first === undefined) throw new UsageError("say what to get: pods, events or problems");
  const kindOf = (word: string) => {
    const found = Object.hasOwn(names, word.toLowerCase()) ? names[word.toLowerCase()] : undefined;
    if (found) return found;
    const near = nearest(word, Object.keys(names));
    throw new UsageError(
      `this version cannot get ${JSON.stringify(word)}, only pods, events and problems${
        near ? ` (did you mean ${near}?)` : ""
      }`,
    );
  };
  if (!first.includes("/")) return { resource: kindOf(first), wanted: rest.filter((name) => name !== "") };
  const pairs = words.map((word) => word.split("/"));
  const resource = kindOf(pairs[0][0]);
  for (const [index, pair] of pairs.entries()) {
    if (pair.length !== 2 || pair[1] === "" || kindOf(pair[0]) !== resource) {
      throw new UsageError(`${JSON.stringify(words[index])} does not name one of the ${resource}: ${resource}/NAME`);
    }
  }
  return { resource, wanted: pairs.map(([, name]) => name) };
}

async function show(client: Client, resource: Resource<Named>, wanted: string[], args: Arguments): Promise<number> {
  const everywhere = args.is("all-namespaces");
  const namespace = args.get("namespace") ?? "default";
  const output = args.get("output");
  const selective = args.get("selector") !== undefined || args.get("field-selector") !== undefined;
  if (wanted.length > 0 && selective) throw new UsageError("names and selectors exclude each other");
  if (wanted.length > 0 && everywhere) throw new UsageError("a name needs its namespace: -n NAMESPACE, not -A");
  const watching = args.is("watch");
  if (watching && output && output !== "wide") throw new UsageError(`-w shows tables only, not ${output}`);
  if (watching && wanted.length > 1) throw new UsageError("-w takes one name at most");
  const base = everywhere
    ? `/api/v1/${resource.plural}`
    : `/api/v1/namespaces/${encodeURIComponent(namespace)}/${resource.plural}`;
  const query = {
    labelSelector: args.get("selector"),
    fieldSelector: wanted.length === 1 && watching ? `metadata.name=${wanted[0]}` : args.get("field-selector"),
  };

  let failed = false;
  let objects: Named[];
  let version = "";
  if (wanted.length > 0 && !watching) {
    objects = [];
    for (const name of wanted) {
      try {
        objects.push(await oneOf(client, resource, base, name));
      } catch (err) {
        if (!(err instanceof ServerError)) throw err;
        warn(err.message);
        failed = true;
      }
    }
  } else {
    const list = await client.json<{ items: Named[]; metadata: { resourceVersion: string } }>(apiPath(base, query));
    ({ items: objects, metadata: { resourceVersion: version } } = list);
  }
  const single = wanted.length === 1 && !watching;

  if (output === "json") printJson(single ? objects[0] : listOf(objects), single);
  else if (output === "yaml") await printYaml(single ? objects[0] : listOf(objects));
  else if (output === "name") {
    for (const { kind, metadata } of objects) print(`${kind.toLowerCase()}/${metadata.name}`);
  } else {
    const table = new Table(resource, { everywhere, wide: output === "wide", labels: args.is("show-labels") });
    if (objects.length > 0) table.show(objects, !args.is("no-headers"));
    // A name that is not there may be one whose manifest is wrong.
    const unclear = !watching && (wanted.length === 0 || failed);
    if (resource.plural === "pods" && unclear) await reportProblems(client, warn);
    if (objects.length === 0 && wanted.length === 0) {
      warn(everywhere ? "No resources found" : `No resources found in ${namespace} namespace.`);
    }
    if (watching) return await follow(client, base, query, version, objects, table);
    return failed ? 1 : 0;
  }
  if (resource.plural === "pods" && wanted.length === 0) await reportProblems(client, warn);
  return failed ? 1 : 0;
}

/** Events have names nobody types; a list does for them. */
async function oneOf(client: Client, { plural }: Resource<Named>, base: string, name: string): Promise<Named> {
  if (plural === "pods") return await client.json<Named>(`${base}/${encodeURIComponent(name)}`);
  const { items } = await client.json<{ items: Named[] }>(apiPath(base, { fieldSelector: `metadata.name=${name}` }));
  if (items.length > 0) return items[0];
  throw new ServerError({ code: 404, reason: "NotFound", message: `${plural} ${JSON.stringify(name)} not found` });
}

class Table {
  #widths: number[] = [];

  constructor(
    private resource: Resource<Named>,
    private options: { everywhere: boolean; wide: boolean; labels: boolean },
  ) {}

  show(objects: Named[], headers: boolean): void {
    const now = Date.now();
    const rows = objects.map((object) => this.#cells(this.resource.row(object, now), object));
    if (headers) rows.unshift(this.#cells(this.resource.columns.map(({ name }) => name.toUpperCase())));
    this.#widths = columnWidths(rows, this.#widths);
    for (const line of formatTable(rows, this.#widths)) print(line);
  }

  #cells(cells: string[], object?: Named): string[] {
    const { everywhere, wide, labels } = this.options;
    const shown = cells.filter((_, at) => wide || !this.resource.columns[at].wide).map(oneLine);
    if (everywhere) shown.unshift(object ? object.metadata.namespace ?? "" : "NAMESPACE");
    if (labels) {
      const all = Object.entries(object?.metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`).join(",");
      shown.push(object ? all || "<none>" : "LABELS");
    }
    return shown;
  }
}

/** A row for every change, until the node ends. */
async function follow(
  client: Client,
  base: string,
  query: Record<string, string | undefined>,
  version: string,
  shown: Named[],
  table: Table,
): Promise<number> {
  const versions = new Map(shown.map((object) => [key(object), object.metadata.resourceVersion]));
  let response: Response;
  try {
    response = await client.get(apiPath(base, { ...query, watch: true, resourceVersion: version }));
  } catch (err) {
    // Something changed since the list: begin with what is there now.
    if (!(err instanceof ServerError) || err.status.code !== 410) throw err;
    response = await client.get(apiPath(base, { ...query, watch: true }));
  }
  for await (const line of lines(response.body!)) {
    const { object } = JSON.parse(line) as { type: string; object: Named };
    if (versions.get(key(object)) === object.metadata.resourceVersion) continue;
    versions.set(key(object), object.metadata.resourceVersion);
    table.show([object], shown.length === 0 && versions.size === 1);
  }
  warn("The node ended the watch.");
  return 1;
}

function key({ metadata }: Named): string {
  return `${metadata.namespace}/${metadata.name}`;
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}

function listOf(items: Named[]): unknown {
  return { apiVersion: "v1", items, kind: "List", metadata: { resourceVersion: "" } };
}

function printJson(value: unknown, single: boolean): void {
  if (value !== undefined || !single) print(JSON.stringify(value, undefined, 4));
}

async function printYaml(value: unknown): Promise<void> {
  if (value === undefined) return;
  const { stringify } = await import("yaml");
  print(
    stringify(value, {
      sortMapEntries: true,
      indentSeq: false,
      lineWidth: 0,
      aliasDuplicateObjects: false,
      compat: "yaml-1.1",
    })
      .trimEnd(),
  );
}
