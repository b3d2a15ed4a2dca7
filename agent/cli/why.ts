/** `islet why POD…`: why a pod does not run, and what to try next. */
import { type Explanation, explanationText } from "../why/mod.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { clientFlags, clientFor, namespaceFlag, ServerError } from "./client.ts";
import { print, warn } from "./output.ts";
import { podName } from "./pod_choice.ts";
import { reportProblems } from "./problems.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  namespaceFlag,
  { name: "output", short: "o", value: "FORMAT", help: "json instead of text", oneOf: ["json"] },
  ...clientFlags,
];

export async function why(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    const text = "Says why a pod does not run, from its status, events, probes and limits, and what to try next.\n" +
      "Exit code 1: something has to be done about it.";
    print(describeVerb("why POD… [FLAGS]", text, flags));
    return 0;
  }
  const given = [...args.words, ...args.rest ?? []];
  const names = (given.length > 1 && ["pod", "pods", "po"].includes(given[0]) ? given.slice(1) : given).map(podName);
  if (names.length === 0) throw new UsageError("say which pod: islet why POD");
  const client = clientFor(args);
  const namespace = args.get("namespace") ?? "default";
  let code = 0;
  for (const [index, name] of names.entries()) {
    const path = `/islet/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/why`;
    try {
      const explanation = await client.json<Explanation>(path, { accept: "application/json" });
      if (explanation.state === "broken") code = 1;
      if (args.get("output") === "json") print(JSON.stringify(explanation, undefined, 4));
      else {
        if (index > 0) print("");
        print(explanationText(explanation));
      }
    } catch (err) {
      if (!(err instanceof ServerError)) throw err;
      warn(err.message);
      await reportProblems(client, warn);
      code = 1;
    }
  }
  return code;
}
