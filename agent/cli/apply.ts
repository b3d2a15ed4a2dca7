/** `islet apply -f FILE`: makes the node's objects be what manifests say, by server-side apply. */
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { apiPath, type Client, clientFlags, clientFor, namespaceFlag, ServerError } from "./client.ts";
import { fileFlags, readManifests, standardInput } from "./files.ts";
import { print, warn } from "./output.ts";
import { UsageError } from "./usage.ts";
import { timeoutFlag, timeoutOf, waitUntil } from "./waiting.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  namespaceFlag,
  { name: "force-conflicts", help: "take fields over that others have set" },
  { name: "field-manager", value: "NAME", help: "who owns the fields that are set (islet)" },
  { name: "dry-run", value: "MODE", help: "server: only say what would happen", oneOf: ["none", "server"] },
  { name: "wait", help: "until the pods that were applied are ready" },
  timeoutFlag,
  ...clientFlags,
];

/** What the node says of each object. */
export interface ApplyResult {
  resource: string;
  kind: string;
  namespace?: string;
  name: string;
  operation?: "created" | "configured" | "unchanged";
  /** Why it could not be applied. */
  message?: string;
  code: number;
  warnings?: string[];
}

export async function apply(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    print(describeVerb("apply -f FILE [FLAGS]", "Makes the node's objects be what manifests say.", flags));
    return 0;
  }
  if (args.words.length > 0) throw new UsageError(`manifests are named by -f: islet apply -f ${args.words[0]}`);
  const path = args.get("filename");
  if (!path) throw new UsageError("say what to apply: islet apply -f FILE");
  const client = clientFor(args);
  const timeoutMs = timeoutOf(args, 300_000);
  const applied: ApplyResult[] = [];
  let failed = false;
  for (const { file, text } of await readManifests(path, args.is("recursive"))) {
    const dryRun = args.get("dry-run") === "server";
    const target = apiPath("/islet/v1/apply", {
      namespace: args.get("namespace"),
      fieldManager: args.get("field-manager"),
      force: args.is("force-conflicts"),
      dryRun: dryRun ? "All" : undefined,
    });
    const { results, error } = await answerTo(client, target, text);
    if (error !== undefined) {
      warn(`${file}: ${error}`);
      failed = true;
    }
    for (const result of results) {
      for (const text of result.warnings ?? []) warn(`Warning: ${text}`);
      const named = `${result.kind.toLowerCase()}/${result.name}`;
      if (result.message === undefined) {
        print(`${named} ${result.operation}${dryRun ? " (server dry run)" : ""}`);
        applied.push(result);
      } else {
        warn(`${file}: ${named}: ${result.message}`);
        failed = true;
      }
    }
    const invalid = results.some(({ message, code }) => message !== undefined && (code === 400 || code === 422));
    if (invalid && file !== standardInput) warn(`"islet validate ${file}" names every error with its place.`);
  }
  if (args.is("wait") && args.get("dry-run") !== "server") {
    for (const { kind, namespace = "default", name } of applied) {
      if (kind !== "Pod") continue;
      const done = await waitUntil(client, { namespace, name }, timeoutMs);
      if (!done) failed = true;
    }
  }
  return failed ? 1 : 0;
}

/** What the node says of each object of a manifest; or why it refused the whole of it. */
async function answerTo(
  client: Client,
  path: string,
  text: string,
): Promise<{ results: ApplyResult[]; error?: string }> {
  try {
    return await (await client.send("POST", path, text, "application/yaml")).json();
  } catch (err) {
    if (!(err instanceof ServerError)) throw err;
    // Where no object could be applied, the code is an error's and the results are there all the same.
    const results = resultsIn(err.body);
    return results ? { results } : { results: [], error: err.message };
  }
}

function resultsIn(body: string): ApplyResult[] | undefined {
  try {
    const { results } = JSON.parse(body);
    return Array.isArray(results) ? results : undefined;
  } catch {
    return undefined;
  }
}
