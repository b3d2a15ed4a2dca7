/** `islet describe TYPE NAME…`: everything about objects, for people. */
import { describeObject } from "../api/printers/describe_object.ts";
import { describePod } from "../api/printers/describe_pod.ts";
import type { Pod } from "../objects/mod.ts";
import type { Event } from "../telemetry/events.ts";
import { type ApiResource, ApiResources, resourcePath, targetsOf } from "./api_resources.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { apiPath, type Client, clientFlags, clientFor, namespaceFlag, ServerError } from "./client.ts";
import { print, warn } from "./output.ts";
import { reportProblems } from "./problems.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "selector", short: "l", value: "LABELS", help: "those with these labels: app=web,tier!=test" },
  { name: "all-namespaces", short: "A", help: "of all namespaces" },
  namespaceFlag,
  { name: "show-events", help: "with the events (true)" },
  ...clientFlags,
];

const usage = "islet describe TYPE NAME…, islet describe TYPE/NAME …";

interface Described {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; uid?: string };
}

export async function describe(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    print(describeVerb("describe TYPE [NAME…] [FLAGS]", "Shows all there is to objects, and their events.", flags));
    return 0;
  }
  const given = [...args.words, ...args.rest ?? []];
  const [first, ...names] = given;
  if (first === undefined) throw new UsageError(`say what to describe: ${usage}`);
  const everywhere = args.is("all-namespaces");
  const named = first.includes("/") || names.length > 0;
  if (named && args.get("selector") !== undefined) throw new UsageError("names and selectors exclude each other");
  if (named && everywhere) throw new UsageError("a name needs its namespace: -n NAMESPACE, not -A");

  const client = clientFor(args);
  const namespace = everywhere ? undefined : args.get("namespace") ?? "default";
  const resources = await ApiResources.load(client);
  const found: { resource: ApiResource; object: Described }[] = [];
  let failed = false;
  for (const { resource, name } of targetsOf(given, resources, usage)) {
    try {
      const path = resourcePath(resource, namespace, name);
      if (name !== undefined) found.push({ resource, object: await client.json<Described>(path) });
      else {
        const list = await client.json<{ items: Described[]; kind: string; apiVersion: string }>(
          apiPath(path, { labelSelector: args.get("selector") }),
        );
        const kind = list.kind.replace(/List$/, "");
        found.push(...list.items.map((item) => ({ resource, object: { ...item, kind, apiVersion: list.apiVersion } })));
      }
    } catch (err) {
      if (!(err instanceof ServerError)) throw err;
      warn(err.message);
      failed = true;
    }
  }
  for (const [index, { object }] of found.entries()) {
    if (index > 0) print("\n");
    const events = args.get("show-events") === "false" ? undefined : await eventsOf(client, object);
    print(
      object.kind === "Pod"
        ? describePod(object as Described as Pod, events, Date.now())
        : describeObject(object, events, Date.now()),
    );
  }
  if (found.length === 0 && !failed) {
    warn(namespace === undefined ? "No resources found" : `No resources found in ${namespace} namespace.`);
  }
  if (failed) await reportProblems(client, warn);
  return failed ? 1 : 0;
}

/** By UID, or by name for objects that have none. */
async function eventsOf(client: Client, { kind, metadata: { namespace, name, uid } }: Described): Promise<Event[]> {
  const path = namespace === undefined
    ? "/api/v1/events"
    : `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
  // Events about a node carry its name where the UID belongs
  const about = uid === undefined || kind === "Node"
    ? `involvedObject.kind=${kind},involvedObject.name=${name}`
    : `involvedObject.uid=${uid}`;
  return (await client.json<{ items: Event[] }>(apiPath(path, { fieldSelector: about }))).items;
}
