/** `islet logs POD [CONTAINER]`: what a container wrote. */
import { parseDuration } from "../duration.ts";
import type { Pod } from "../objects/mod.ts";
import { describeVerb, type Flag, numberFlag, parseArguments } from "./arguments.ts";
import { apiPath, clientFlags, clientFor, namespaceFlag, podPath } from "./client.ts";
import { print, warn, write } from "./output.ts";
import { chooseContainer, podName } from "./pod_choice.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "follow", short: "f", help: "go on until the container ends" },
  { name: "container", short: "c", value: "NAME", help: "the container; default: the first one" },
  { name: "previous", short: "p", help: "of the container's run before this one" },
  { name: "tail", value: "LINES", help: "only the last lines; -1 for all" },
  { name: "since", value: "DURATION", help: "only what is younger: 5s, 2m, 3h" },
  { name: "since-time", value: "TIME", help: "only what is younger than a time as RFC 3339 has it" },
  { name: "timestamps", help: "begin each line with its time" },
  { name: "limit-bytes", value: "BYTES", help: "stop after so many bytes" },
  namespaceFlag,
  ...clientFlags,
];

export async function logs(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    print(describeVerb("logs [FLAGS] POD [CONTAINER]", "Shows what a container wrote.", flags));
    return 0;
  }
  const [pod, positional, ...more] = [...args.words, ...args.rest ?? []];
  if (pod === undefined) throw new UsageError("name a pod: islet logs POD");
  if (more.length > 0) throw new UsageError(`unexpected argument ${JSON.stringify(more[0])}`);
  if (positional && args.get("container")) throw new UsageError("name the container once");
  const tail = numberFlag(args, "tail", -1);
  const since = args.get("since");
  const sinceSeconds = since === undefined ? undefined : seconds(since);
  const sinceTime = args.get("since-time");
  if (since && sinceTime) throw new UsageError("give one of --since and --since-time");

  const client = clientFor(args);
  const path = podPath(args.get("namespace") ?? "default", podName(pod));
  let container = args.get("container") ?? positional;
  if (!container) {
    const choice = chooseContainer(await client.json<Pod>(path));
    container = choice.container;
    if (choice.notice) warn(choice.notice);
  }
  const response = await client.get(apiPath(`${path}/log`, {
    container,
    follow: args.is("follow"),
    previous: args.is("previous"),
    timestamps: args.is("timestamps"),
    tailLines: tail === -1 ? undefined : tail,
    sinceSeconds,
    sinceTime,
    limitBytes: numberFlag(args, "limit-bytes", 1),
  }));
  try {
    for await (const chunk of response.body ?? []) write(chunk);
  } catch (cause) {
    // What fetch throws for a connection that breaks within an answer.
    if (cause instanceof TypeError) throw new Error("The node ended before the log did");
    throw cause;
  }
  return 0;
}

/** Whole seconds of a duration, at least one. */
function seconds(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || !(ms > 0)) {
    throw new UsageError(`invalid value ${JSON.stringify(text)} for --since: it is a duration such as 5s, 2m or 3h`);
  }
  return Math.max(1, Math.ceil(ms / 1000));
}
