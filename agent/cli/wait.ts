/** `islet wait TYPE/NAME… --for=…`: until objects are what is asked, for scripts. */
import { ApiResources, resourcePath, shownName, targetsOf } from "./api_resources.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { apiPath, clientFlags, clientFor, namespaceFlag } from "./client.ts";
import { readPath, valuesAt } from "./json_path.ts";
import { print, warn } from "./output.ts";
import { UsageError } from "./usage.ts";
import { timeoutFlag, timeoutOf, untilObject } from "./waiting.ts";

const flags: readonly Flag[] = [
  {
    name: "for",
    value: "WHAT",
    help: "condition=NAME[=VALUE], jsonpath='{.status.phase}'=VALUE, create or delete",
  },
  { name: "selector", short: "l", value: "LABELS", help: "those with these labels" },
  { name: "all", help: "all of the type in the namespace" },
  namespaceFlag,
  timeoutFlag,
  ...clientFlags,
];

const usage = "islet wait TYPE/NAME… --for=condition=Ready";

interface Waited {
  metadata: { name: string; resourceVersion?: string };
  status?: { conditions?: { type: string; status: string }[] };
}

/** What is waited for. */
interface Goal {
  /** What to print when it is reached. */
  words: string;
  /** Whether an object that is not there may be waited for, instead of being an error. */
  absent?: boolean;
  reached(object: Waited | undefined): boolean;
}

export async function wait(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    const text =
      "Waits until objects are what is asked. Exit code 1: the time (30s unless --timeout says more) was over.";
    print(describeVerb("wait TYPE/NAME… --for=WHAT [FLAGS]", text, flags));
    return 0;
  }
  const goal = goalOf(args.get("for"));
  const timeoutMs = timeoutOf(args, 30_000);
  const client = clientFor(args);
  const namespace = args.get("namespace") ?? "default";
  const deadline = Date.now() + timeoutMs;
  const resources = await ApiResources.load(client);
  let failed = false;
  for (const { resource, name } of targetsOf([...args.words, ...args.rest ?? []], resources, usage)) {
    let names = name === undefined ? [] : [name];
    const path = resourcePath(resource, namespace);
    if (name === undefined) {
      const labelSelector = args.get("selector");
      if (labelSelector === undefined && !args.is("all")) {
        throw new UsageError(`name them, or give -l or --all: ${usage}`);
      }
      const { items } = await client.json<{ items: Waited[] }>(apiPath(path, { labelSelector }));
      names = items.map(({ metadata }) => metadata.name);
      if (names.length === 0) throw new Error("no matching resources found");
    }
    for (const name of names) {
      const { met, object } = await untilObject<Waited>(client, {
        path,
        name,
        timeoutMs: Math.max(1, deadline - Date.now()),
        done: (object) => goal.reached(object) || (object === undefined && !goal.absent),
      });
      if (met && goal.reached(object)) print(`${shownName(resource, name)} ${goal.words}`);
      else {
        failed = true;
        warn(
          met
            ? `${resource.plural} ${JSON.stringify(name)} not found`
            : `timed out waiting for ${shownName(resource, name)}`,
        );
      }
    }
  }
  return failed ? 1 : 0;
}

/** Reads `--for`. */
function goalOf(text: string | undefined): Goal {
  if (text === undefined) throw new UsageError(`say what to wait for: ${usage}`);
  const [what, ...more] = text.split("=");
  const rest = more.join("=");
  switch (what.toLowerCase()) {
    case "delete":
      return { words: "deleted", absent: true, reached: (object) => object === undefined };
    case "create":
      return { words: "created", absent: true, reached: (object) => object !== undefined };
    case "condition": {
      const [type, value = "True"] = rest.split("=");
      if (!type) break;
      const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
      return {
        words: "condition met",
        reached: (object) =>
          object?.status?.conditions?.some((each) => same(each.type, type) && same(each.status, value)) ?? false,
      };
    }
    case "jsonpath": {
      const [, expression, , value] = /^(\{?[^=}]*\}?)(=(.*))?$/s.exec(rest) ?? [];
      if (!expression) break;
      const path = readPath(expression);
      return {
        words: "condition met",
        reached: (object) => {
          const values = object === undefined ? [] : valuesAt(object, path);
          return value === undefined ? values.length > 0 : values.some((each) => String(each) === value);
        },
      };
    }
  }
  throw new UsageError(
    `cannot wait for ${JSON.stringify(text)}: it is condition=NAME, jsonpath='{.a.b}'=VALUE, create or delete`,
  );
}
