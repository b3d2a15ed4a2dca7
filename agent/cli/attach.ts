/** `islet attach POD`: joins the streams of a container that runs. */
import { findContainer, type Pod } from "../objects/mod.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { apiPath, clientFlags, clientFor, namespaceFlag, podPath } from "./client.ts";
import { joinProcess, terminal } from "./exec.ts";
import { print, warn } from "./output.ts";
import { chooseContainer, podName } from "./pod_choice.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "stdin", short: "i", help: "pass standard input on" },
  { name: "tty", short: "t", help: "standard input is a terminal" },
  { name: "container", short: "c", value: "NAME", help: "the container; default: the first one" },
  { name: "quiet", short: "q", help: "say nothing of our own" },
  namespaceFlag,
  ...clientFlags,
];

export async function attach(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    print(
      describeVerb("attach [FLAGS] POD", "Shows what a running container writes from now on, and feeds it.", flags),
    );
    return 0;
  }
  const [name, ...more] = [...args.words, ...args.rest ?? []];
  if (name === undefined) throw new UsageError("name a pod: islet attach POD");
  if (more.length > 0) throw new UsageError(`unexpected argument ${JSON.stringify(more[0])}; exec runs commands`);
  const say = args.is("quiet") ? () => {} : warn;
  const client = clientFor(args);
  const path = podPath(args.get("namespace") ?? "default", podName(name));
  const pod = await client.json<Pod>(path);
  let container = args.get("container");
  if (!container) {
    const choice = chooseContainer(pod);
    container = choice.container;
    if (choice.notice) say(choice.notice);
  }
  const has = findContainer(pod, container)?.container;
  const stdin = args.is("stdin");
  if (stdin && has && !has.stdin) {
    throw new UsageError(`container ${container} does not read standard input (stdin: false)`);
  }
  const wantsTty = terminal(args.is("tty"), say);
  if (wantsTty && has && !has.tty) say(`Unable to use a TTY - container ${container} did not allocate one`);
  const tty = wantsTty && (has?.tty ?? false);
  if (stdin && tty) say("If you don't see a command prompt, try pressing enter.");
  return await joinProcess(client, {
    path: apiPath(`${path}/attach`, { container, stdin, stdout: true, stderr: !tty, tty }),
    stdin,
    tty,
    say,
    verb: "attach",
  });
}
