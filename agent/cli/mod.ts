/**
 * The command line: one file a verb, loaded when it is used. Exit codes: 0 done, 1 failed, 2 usage.
 */
import { nearest } from "../nearest.ts";
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
  install: {
    summary: "make islet a service of this machine",
    load: async () => (await import("./install.ts")).install,
  },
  uninstall: {
    summary: "end all pods and remove islet from this machine",
    load: async () => (await import("./uninstall.ts")).uninstall,
  },
  check: { summary: "say what this machine lacks to be a node", load: async () => (await import("./check.ts")).check },
  get: { summary: "show objects: pods, services, nodes, events …", load: async () => (await import("./get.ts")).get },
  describe: { summary: "show all there is to objects", load: async () => (await import("./describe.ts")).describe },
  why: { summary: "say why a pod does not run, and what to try", load: async () => (await import("./why.ts")).why },
  apply: { summary: "make objects be what manifests say", load: async () => (await import("./apply.ts")).apply },
  delete: { summary: "end objects", load: async () => (await import("./delete.ts")).deleteObjects },
  wait: { summary: "wait until objects are what is asked", load: async () => (await import("./wait.ts")).wait },
  logs: { summary: "show what a container wrote", load: async () => (await import("./logs.ts")).logs },
  exec: { summary: "run a command in a container", load: async () => (await import("./exec.ts")).exec },
  attach: { summary: "join the streams of a container", load: async () => (await import("./attach.ts")).attach },
  "port-forward": {
    summary: "lead ports of this machine into a pod",
    load: async () => (await import("./port_forward.ts")).portForward,
  },
  top: { summary: "show what pods and the node use", load: async () => (await import("./top.ts")).top },
  events: { summary: "show what happened", load: async () => (await import("./events.ts")).events },
  images: {
    summary: "show, pull, import and prune images",
    load: async () => (await import("./images.ts")).images,
  },
  kubeconfig: {
    summary: "give out credentials for kubectl, and take them back",
    load: async () => (await import("./kubeconfig.ts")).kubeconfig,
  },
  validate: {
    summary: "say everything that is wrong with manifests",
    load: async () => (await import("./validate.ts")).validate,
  },
  version: { summary: "show versions", load: async () => (await import("./version.ts")).version },
};

/** Verbs that serve islet itself: not listed. */
const hidden: Record<string, Verb> = {
  "parse-manifest": {
    summary: "parse a manifest in a process of its own",
    load: async () => (await import("./parse_manifest.ts")).parseManifestCommand,
  },
};

/** Runs the command named by `args`; prints errors; returns the exit code. */
export async function main(args: string[]): Promise<number> {
  const [given, ...rest] = args;
  const name = given === "--version" ? "version" : given;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    console.log(usage());
    return name === undefined ? 2 : 0;
  }
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : Object.hasOwn(hidden, name) ? hidden[name] : undefined;
  if (!verb) {
    const near = nearest(name, Object.keys(verbs));
    console.error(
      `islet: unknown command ${JSON.stringify(name)}${
        near ? ` (did you mean ${near}?)` : ""
      }; "islet help" lists them`,
    );
    return 2;
  }
  try {
    return await (await verb.load())(rest);
  } catch (err) {
    const usage = err instanceof UsageError;
    for (const line of errorText(err).split("\n")) console.error(`islet ${name}: ${line}`);
    if (usage) console.error(`"islet ${name} --help" tells more.`);
    return usage ? 2 : 1;
  }
}

function usage(): string {
  const width = Math.max(...Object.keys(verbs).map((name) => name.length));
  const lines = Object.entries(verbs).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `islet: a Kubernetes node that does not need the mainland\n\nUsage: islet COMMAND [FLAGS]\n\n${
    lines.join("\n")
  }\n\n"islet COMMAND --help" tells more.`;
}
