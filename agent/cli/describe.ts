/** `islet describe pod NAME…`: everything about pods, for people. */
import type { Pod } from "../objects/mod.ts";
import type { Event } from "../telemetry/events.ts";
import { describePod } from "../api/printers/describe_pod.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { apiPath, clientFlags, clientFor, namespaceFlag, podPath, ServerError } from "./client.ts";
import { print, warn } from "./output.ts";
import { podName } from "./pod_choice.ts";
import { reportProblems } from "./problems.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "selector", short: "l", value: "LABELS", help: "those with these labels: app=web,tier!=test" },
  { name: "all-namespaces", short: "A", help: "of all namespaces" },
  namespaceFlag,
  { name: "show-events", help: "with the events (true)" },
  ...clientFlags,
];

const kinds = ["pod", "pods", "po"];

export async function describe(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    print(describeVerb("describe pod [NAME…] [FLAGS]", "Shows all there is to a pod, and its events.", flags));
    return 0;
  }
  const [first, ...rest] = [...args.words, ...args.rest ?? []];
  if (first === undefined) throw new UsageError("say what to describe: islet describe pod NAME");
  if (!first.includes("/") && !kinds.includes(first)) {
    throw new UsageError(`this version cannot describe ${JSON.stringify(first)}, only pods: islet describe pod NAME`);
  }
  const wanted = (first.includes("/") ? [first, ...rest] : rest).map(podName);
  const everywhere = args.is("all-namespaces");
  if (wanted.length > 0 && args.get("selector") !== undefined) {
    throw new UsageError("names and selectors exclude each other");
  }
  if (wanted.length > 0 && everywhere) throw new UsageError("a name needs its namespace: -n NAMESPACE, not -A");

  const client = clientFor(args);
  const namespace = args.get("namespace") ?? "default";
  const pods: Pod[] = [];
  let failed = false;
  for (const name of wanted) {
    try {
      pods.push(await client.json<Pod>(podPath(namespace, name)));
    } catch (err) {
      if (!(err instanceof ServerError)) throw err;
      warn(err.message);
      failed = true;
    }
  }
  if (wanted.length === 0) {
    const path = everywhere ? "/api/v1/pods" : `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
    const { items } = await client.json<{ items: Pod[] }>(apiPath(path, { labelSelector: args.get("selector") }));
    pods.push(...items);
    if (items.length === 0) warn(everywhere ? "No resources found" : `No resources found in ${namespace} namespace.`);
  }
  for (const [index, pod] of pods.entries()) {
    const { namespace, uid } = pod.metadata;
    const events = args.get("show-events") === "false" ? undefined : (await client.json<{ items: Event[] }>(
      apiPath(`/api/v1/namespaces/${encodeURIComponent(namespace!)}/events`, {
        fieldSelector: `involvedObject.uid=${uid}`,
      }),
    )).items;
    if (index > 0) print("\n");
    print(describePod(pod, events, Date.now()));
  }
  if (failed) await reportProblems(client, warn);
  return failed ? 1 : 0;
}
