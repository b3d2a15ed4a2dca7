/** What is wrong with the manifests: the only trace of a pod whose file was never right. */
import type { Problem } from "../sources/mod.ts";
import { formatTable, oneLine } from "../api/printers/table.ts";
import type { Client } from "./client.ts";
import { print, warn } from "./output.ts";
import { UsageError } from "./usage.ts";

interface ToldProblem extends Problem {
  /** The whole of it in one line. */
  text: string;
}

/** Errors that the table reports; the rest is one line. */
const shownAtOnce = 20;

async function problemsOf(client: Client): Promise<ToldProblem[]> {
  return (await client.json<{ problems: ToldProblem[] }>("/islet/v1/manifests/problems")).problems;
}

/** Tells of manifests that cannot be used, if there are any. */
export async function reportProblems(client: Client, tell: (line: string) => void): Promise<void> {
  const errors = (await problemsOf(client)).filter(({ severity }) => severity === "error");
  if (errors.length === 0) return;
  tell("\nManifests with errors:");
  for (const { text } of errors.slice(0, shownAtOnce)) tell(`  ${oneLine(text)}`);
  if (errors.length > shownAtOnce) tell(`  and ${errors.length - shownAtOnce} more: islet get problems`);
}

/** `islet get problems`: all of them, warnings too. */
export async function showProblems(client: Client, output: string | undefined): Promise<number> {
  const problems = await problemsOf(client);
  if (output === "json") print(JSON.stringify({ problems }, undefined, 4));
  else if (output === "yaml" || output === "name") {
    throw new UsageError(`problems are shown as a table or json, not ${output}`);
  } else if (problems.length === 0) warn("No problems found.");
  else {
    const rows = problems.map(({ severity, text }) => [severity, oneLine(text)]);
    for (const line of formatTable([["SEVERITY", "PROBLEM"], ...rows])) print(line);
  }
  return 0;
}
