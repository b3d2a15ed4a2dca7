/** `islet delete`: asks for the end of objects and, unless told otherwise, waits for it. */
import { ApiResources, resourcePath, shownName, targetsOf } from "./api_resources.ts";
import { type Arguments, describeVerb, type Flag, numberFlag, parseArguments } from "./arguments.ts";
import { apiPath, type Client, clientFlags, clientFor, namespaceFlag, ServerError } from "./client.ts";
import { fileFlags, objectsNamed, readManifests } from "./files.ts";
import { print, warn } from "./output.ts";
import { UsageError } from "./usage.ts";
import { timeoutFlag, timeoutOf, untilObject } from "./waiting.ts";
import type { ApiResource } from "./api_resources.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  namespaceFlag,
  { name: "all", help: "all of the type in the namespace" },
  { name: "selector", short: "l", value: "LABELS", help: "those with these labels" },
  { name: "grace-period", value: "SECONDS", help: "what a pod gets to end; -1: its own" },
  { name: "now", help: "the same as --grace-period 1" },
  { name: "force", help: "with --grace-period 0: do not wait for a pod's own end" },
  { name: "ignore-not-found", help: "say nothing of objects that are not there" },
  { name: "wait", help: "until they are gone (true)" },
  timeoutFlag,
  { name: "dry-run", value: "MODE", help: "server: only say what would happen", oneOf: ["none", "server"] },
  ...clientFlags,
];

const usage = "islet delete TYPE NAME…, islet delete TYPE/NAME …, islet delete -f FILE";

interface Doomed {
  resource: ApiResource;
  namespace: string | undefined;
  name: string;
}

export async function deleteObjects(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    print(describeVerb("delete TYPE NAME… | -f FILE [FLAGS]", "Ends objects.", flags));
    return 0;
  }
  const grace = graceOf(args);
  const client = clientFor(args);
  const resources = await ApiResources.load(client);
  let failed = false;
  const going: (Doomed & { uid?: string })[] = [];
  for (const doomed of await whatIsDoomed(client, resources, args)) {
    const { resource, namespace, name } = doomed;
    const dryRun = args.get("dry-run") === "server";
    try {
      const body = JSON.stringify({
        apiVersion: "v1",
        kind: "DeleteOptions",
        propagationPolicy: "Background",
        ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
        ...(dryRun ? { dryRun: ["All"] } : {}),
      });
      const answer = await client.send("DELETE", resourcePath(resource, namespace, name), body);
      const { metadata, details } = await answer.json() as { metadata?: { uid?: string }; details?: { uid?: string } };
      const how = grace === 0 && args.is("force") ? "force deleted" : "deleted";
      print(`${shownName(resource, name)} ${how}${dryRun ? " (server dry run)" : ""}`);
      if (!dryRun) going.push({ ...doomed, uid: metadata?.uid ?? details?.uid });
    } catch (err) {
      if (!(err instanceof ServerError)) throw err;
      if (err.status.code === 404 && args.is("ignore-not-found")) continue;
      warn(err.message);
      failed = true;
    }
  }
  if (args.get("wait") !== "false" && !(await gone(client, going, timeoutOf(args, Infinity)))) failed = true;
  return failed ? 1 : 0;
}

function graceOf(args: Arguments): number | undefined {
  const grace = numberFlag(args, "grace-period", -1);
  if (args.is("now")) {
    if (grace !== undefined) throw new UsageError("--now and --grace-period exclude each other");
    return 1;
  }
  if (grace === 0 && !args.is("force")) return 1;
  if (args.is("force")) {
    if (grace !== undefined && grace > 0) throw new UsageError("--force and a grace period exclude each other");
    return 0;
  }
  return grace === -1 ? undefined : grace;
}

async function whatIsDoomed(client: Client, resources: ApiResources, args: Arguments): Promise<Doomed[]> {
  const words = [...args.words, ...args.rest ?? []];
  const path = args.get("filename");
  const namespace = args.get("namespace") ?? "default";
  if (path) {
    if (words.length > 0) throw new UsageError("give names or -f, not both");
    const objects = (await readManifests(path, args.is("recursive"))).flatMap(objectsNamed);
    return objects.map(({ apiVersion, kind, metadata }) => {
      const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
      const resource = resources.find(group ? `${kind}.${group}` : kind);
      return { resource, namespace: metadata.namespace ?? namespace, name: metadata.name };
    });
  }
  const doomed: Doomed[] = [];
  for (const { resource, name } of targetsOf(words, resources, usage)) {
    if (name !== undefined) {
      doomed.push({ resource, namespace, name });
      continue;
    }
    const labelSelector = args.get("selector");
    if (!args.is("all") && labelSelector === undefined) {
      throw new UsageError(`name what to delete, or all of them with --all: ${usage}`);
    }
    const list = await client.json<{ items: { metadata: { name: string } }[] }>(
      apiPath(resourcePath(resource, namespace), { labelSelector }),
    );
    doomed.push(...list.items.map(({ metadata: { name } }) => ({ resource, namespace, name })));
    if (list.items.length === 0) warn("No resources found");
  }
  return doomed;
}

/** Whether all are gone before the time is over; another object of the same name counts as gone. */
async function gone(client: Client, objects: (Doomed & { uid?: string })[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (const { resource, namespace, name, uid } of objects) {
    const { met } = await untilObject<{ metadata: { uid?: string; resourceVersion?: string } }>(client, {
      path: resourcePath(resource, namespace),
      name,
      timeoutMs: Math.max(1, deadline - Date.now()),
      done: (object) => object === undefined || (uid !== undefined && object.metadata.uid !== uid),
    });
    if (met) continue;
    warn(`timed out waiting for the end of ${shownName(resource, name)}`);
    return false;
  }
  return true;
}
