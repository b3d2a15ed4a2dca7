/**
 * The command line: one file a verb, loaded when it is used. Exit codes: 0 done, 1 failed, 2 usage.
 */
import { errorText } from "../telemetry/log.ts";
import { UsageError } from "./usage.ts";

/** A verb: gets the words after its name, answers with the exit code. */
export type Command = (args: string[]) => Promise<number>;

interface Verb {
  summary: string;
  load: () => Promise<Command>;
}

const verbs: Record<string, Verb> = {
  run: { summary: "run the node in the foreground", load: async () => (await import("./run.ts")).run },
};

/** Verbs that serve islet itself: not listed. */
const hidden: Record<string, Verb> = {};

/** Runs the command named by `args`; prints errors; returns the exit code. */
export async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    console.log(usage());
    return name === undefined ? 2 : 0;
  }
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : Object.hasOwn(hidden, name) ? hidden[name] : undefined;
  if (!verb) {
    console.error(`islet: unknown command "${name}"; "islet help" lists them`);
    return 2;
  }
  try {
    return await (await verb.load())(rest);
  } catch (err) {
    console.error(`islet ${name}: ${errorText(err)}`);
    return err instanceof UsageError ? 2 : 1;
  }
}

function usage(): string {
  const width = Math.max(...Object.keys(verbs).map((name) => name.length));
  const lines = Object.entries(verbs).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `islet: a Kubernetes node that does not need the mainland\n\nUsage: islet COMMAND [FLAGS]\n\n${
    lines.join("\n")
  }\n\n"islet COMMAND --help" tells more.`;
}
