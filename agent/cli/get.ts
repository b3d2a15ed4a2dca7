/** `islet get TYPE [NAME…]`: objects as a table, JSON, YAML or names; with `-w` every change after that, too. */
import { type ApiResource, ApiResources, resourcePath, shownName, type Target, targetsOf } from "./api_resources.ts";
import { type Arguments, describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { apiPath, type Client, clientFlags, clientFor, namespaceFlag, ServerError } from "./client.ts";
import { lines, print, printJson, printYaml, warn } from "./output.ts";
import { reportProblems, showProblems } from "./problems.ts";
import { acceptTable, joined, type ServerTable, TablePrinter } from "./table.ts";
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
  { name: "watch", short: "w", help: "then go on with every change; on a terminal the table is kept up to date" },
  { name: "show-labels", help: "a column of labels" },
  { name: "no-headers", help: "a table without its first line" },
  { name: "ignore-not-found", help: "say nothing of objects that are not there" },
  ...clientFlags,
];

const usage = "islet get TYPE [NAME…], islet get TYPE/NAME …";

interface Named {
  kind: string;
  apiVersion: string;
  metadata: { name: string; namespace?: string };
}

/** What the flags say, once checked. */
interface Asked {
  targets: Target[];
  namespace: string | undefined;
  output: string | undefined;
  selectors: { labelSelector?: string; fieldSelector?: string };
  style: { namespaces: boolean; wide: boolean; labels: boolean; headers: boolean };
  ignoreMissing: boolean;
}

export async function get(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    const text =
      "Shows objects of the node: pods, services, events, nodes … (islet get api-resources lists the types),\n" +
      "or what is wrong with its manifests (islet get problems).";
    print(describeVerb("get TYPE [NAME…] [FLAGS]", text, flags));
    return 0;
  }
  const given = [...args.words, ...args.rest ?? []];
  const [first] = given;
  if (first === undefined) throw new UsageError(`say what to get: ${usage}`);
  checkFlags(args, given);
  const client = clientFor(args);
  if (first === "problems" || first === "problem") {
    if (given.length > 1) throw new UsageError("problems have no names: islet get problems");
    return await showProblems(client, args.get("output"));
  }
  const resources = await ApiResources.load(client);
  if (first === "api-resources") return showResources(resources);
  const asked = whatIsAsked(args, targetsOf(given, resources, usage));
  return args.is("watch") ? await watch(client, asked) : await show(client, asked);
}

function checkFlags(args: Arguments, [first, ...names]: string[]): void {
  const named = first.includes("/") || names.length > 0;
  const selective = args.get("selector") !== undefined || args.get("field-selector") !== undefined;
  if (named && selective) throw new UsageError("names and selectors exclude each other");
  if (named && args.is("all-namespaces")) throw new UsageError("a name needs its namespace: -n NAMESPACE, not -A");
  if (!args.is("watch")) return;
  const output = args.get("output");
  if (output && output !== "wide") throw new UsageError(`-w shows tables only, not ${output}`);
  if (names.length > (first.includes("/") ? 0 : 1)) throw new UsageError("-w takes one name at most");
}

function whatIsAsked(args: Arguments, targets: Target[]): Asked {
  const everywhere = args.is("all-namespaces");
  return {
    targets,
    namespace: everywhere ? undefined : args.get("namespace") ?? "default",
    output: args.get("output"),
    selectors: { labelSelector: args.get("selector"), fieldSelector: args.get("field-selector") },
    style: {
      namespaces: everywhere,
      wide: args.get("output") === "wide",
      labels: args.is("show-labels"),
      headers: !args.is("no-headers"),
    },
    ignoreMissing: args.is("ignore-not-found"),
  };
}

async function show(client: Client, asked: Asked): Promise<number> {
  const { targets, namespace, output, selectors } = asked;
  const asTable = output === undefined || output === "wide";
  const found: { resource: ApiResource; answer: unknown; named: boolean }[] = [];
  let failed = false;
  for (const { resource, name } of targets) {
    const path = apiPath(resourcePath(resource, namespace, name), name === undefined ? selectors : {});
    try {
      found.push({
        resource,
        named: name !== undefined,
        answer: await client.json(path, asTable ? { accept: acceptTable } : {}),
      });
    } catch (err) {
      if (!(err instanceof ServerError)) throw err;
      if (err.status.code === 404 && name !== undefined && asked.ignoreMissing) continue;
      warn(err.message);
      failed = true;
    }
  }
  let count: number;
  if (asTable) count = showTables(found as { resource: ApiResource; answer: ServerTable }[], asked);
  else {
    const objects = found.flatMap(({ answer, named }) =>
      named ? [answer as Named] : (answer as { items: Named[] }).items
    );
    count = objects.length;
    await showObjects(objects, output!, targets.length === 1 && targets[0].name !== undefined);
  }
  const lists = targets.some(({ name }) => name === undefined);
  if (count === 0 && lists && !failed && asTable) {
    const scoped = targets.some(({ resource }) => resource.namespaced) && namespace !== undefined;
    warn(scoped ? `No resources found in ${namespace} namespace.` : "No resources found");
  }
  // A pod that is not there may be one whose manifest is wrong.
  const pods = targets.some(({ resource }) => resource.group === "" && resource.plural === "pods");
  if (pods && (lists || failed)) await reportProblems(client, warn);
  return failed ? 1 : 0;
}

function showTables(found: { resource: ApiResource; answer: ServerTable }[], { style }: Asked): number {
  const kinds = new Map<ApiResource, ServerTable[]>();
  for (const { resource, answer } of found) kinds.set(resource, [...kinds.get(resource) ?? [], answer]);
  let count = 0;
  for (const [resource, tables] of kinds) {
    const table = joined(tables);
    if (table.rows.length === 0) continue;
    if (count > 0) print("");
    count += table.rows.length;
    const { kind, group } = resource;
    const prefix = kinds.size > 1 ? shownName({ kind, group }, "").slice(0, -1) : undefined;
    new TablePrinter({ ...style, namespaces: style.namespaces && resource.namespaced, prefix }).rows(table);
  }
  return count;
}

async function showObjects(objects: Named[], output: string, single: boolean): Promise<void> {
  if (output === "name") {
    for (const { kind, apiVersion, metadata } of objects) {
      const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
      print(shownName({ kind, group }, metadata.name));
    }
    return;
  }
  if (single && objects.length === 0) return;
  const value = single
    ? objects[0]
    : { apiVersion: "v1", items: objects, kind: "List", metadata: { resourceVersion: "" } };
  if (output === "json") printJson(value);
  else await printYaml(value);
}

/** The table, then a row for every change; on a terminal one table that is kept up to date. Until the node ends. */
async function watch(client: Client, { targets, namespace, selectors, style }: Asked): Promise<number> {
  if (targets.length > 1) throw new UsageError("-w watches one type");
  const [{ resource, name }] = targets;
  const fieldSelector = name === undefined ? selectors.fieldSelector : `metadata.name=${name}`;
  const base = resourcePath(resource, namespace);
  const query = { labelSelector: selectors.labelSelector, fieldSelector };
  const first = await client.json<ServerTable>(apiPath(base, query), { accept: acceptTable });
  if (name !== undefined && first.rows.length === 0) {
    throw new Error(`${resource.plural} ${JSON.stringify(name)} not found`);
  }
  const table = new TablePrinter({ ...style, namespaces: style.namespaces && resource.namespaced });
  const live = Deno.stdout.isTerminal();
  let columns = first.columnDefinitions;
  const rows = new Map(first.rows.map((row) => [keyOf(row), row]));
  const draw = () => table.redraw(columns, [...rows].sort(([a], [b]) => a < b ? -1 : 1).map(([, row]) => row));
  if (live) draw();
  else if (first.rows.length > 0) table.rows(first);
  const answer = await client.get(
    apiPath(base, { ...query, watch: true, resourceVersion: first.metadata.resourceVersion }),
    { accept: acceptTable },
  );
  for await (const line of lines(answer.body!)) {
    const { type, object } = JSON.parse(line) as { type: string; object: ServerTable & { message?: string } };
    if (type === "ERROR") throw new Error(object.message ?? "the node ended the watch");
    if (type === "BOOKMARK") continue;
    if (object.columnDefinitions?.length) columns = object.columnDefinitions;
    if (!live) {
      table.rows({ ...object, columnDefinitions: columns });
      continue;
    }
    for (const row of object.rows) {
      if (type === "DELETED") rows.delete(keyOf(row));
      else rows.set(keyOf(row), row);
    }
    draw();
  }
  warn("The node ended the watch.");
  return 1;
}

function keyOf({ object: { metadata } }: ServerTable["rows"][number]): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function showResources({ all }: ApiResources): number {
  const rows = all.map(({ plural, shortNames, group, version, namespaced, kind }) => ({
    cells: [plural, shortNames.join(","), group === "" ? version : `${group}/${version}`, namespaced, kind],
    object: { metadata: { name: plural } },
  }));
  const columnDefinitions = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"].map((name) => ({
    name,
    priority: 0,
  }));
  new TablePrinter({ namespaces: false, wide: true, labels: false, headers: true }).rows({
    metadata: {},
    columnDefinitions,
    rows,
  });
  return 0;
}
