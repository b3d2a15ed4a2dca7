/** `islet kubeconfig`: gives out credentials for kubectl, lists them, takes them back. */
import { parseDuration } from "../duration.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { clientFlags, clientFor } from "./client.ts";
import { print, warn } from "./output.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "viewer", help: "for somebody who may look at everything but Secrets, and change nothing" },
  { name: "name", value: "NAME", help: 'who it is for; who had one of that name loses it (default "viewer")' },
  { name: "group", value: "GROUP,…", help: "groups of that user, instead of --viewer: bind roles to them" },
  { name: "expires", value: "DURATION", help: "how long it holds, such as 720h; 0: until it is revoked (8760h)" },
  { name: "server", value: "URL", help: "URL of the node's API, where it is used on another machine" },
  { name: "list", help: "who has one" },
  { name: "revoke", value: "NAME", help: "take it back" },
  ...clientFlags,
];

const path = "/islet/v1/kubeconfigs";

interface Holder {
  name: string;
  groups: string[];
  expires?: string;
}

export async function kubeconfig(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    const text =
      "Prints a kubeconfig for somebody other than the administrator, whose own is <rootDir>/admin.kubeconfig.\n" +
      "The token in it is shown this once.";
    print(
      describeVerb("kubeconfig --viewer | --group GROUP --name NAME | --list | --revoke NAME [FLAGS]", text, flags),
    );
    return 0;
  }
  if (args.words.length > 0) throw new UsageError(`unexpected argument ${JSON.stringify(args.words[0])}`);
  const groups = args.get("group")?.split(",").map((each) => each.trim()).filter((each) => each !== "");
  const revoke = args.get("revoke");
  const asked = [args.is("viewer"), groups !== undefined, args.is("list"), revoke !== undefined].filter(Boolean).length;
  if (asked !== 1) throw new UsageError("give one of --viewer, --group, --list and --revoke");
  const client = clientFor(args);
  if (args.is("list")) {
    const { items } = await client.json<{ items: Holder[] }>(path);
    if (items.length === 0) warn("Nobody has one but the administrator.");
    for (const { name, groups, expires } of items) print(`${name}\t${groups.join(",")}\t${expires ?? "does not end"}`);
    return 0;
  }
  if (revoke !== undefined) {
    await (await client.send("DELETE", `${path}/${encodeURIComponent(revoke)}`)).body?.cancel();
    print(`kubeconfig of ${revoke} revoked`);
    return 0;
  }
  if (groups && args.get("name") === undefined) throw new UsageError("--group needs --name");
  const expires = args.get("expires");
  const ms = expires === undefined ? undefined : parseDuration(expires);
  if (expires !== undefined && (ms === undefined || ms < 0 || ms > 0 && ms < 1000)) {
    throw new UsageError(`invalid value ${JSON.stringify(expires)} for --expires: it is a duration such as 720h`);
  }
  const server = args.get("server");
  const body = {
    name: args.get("name") ?? "viewer",
    ...(groups ? { groups } : {}),
    ...(ms === undefined ? {} : { expirationSeconds: Math.floor(ms / 1000) }),
    ...(server === undefined ? {} : { server }),
  };
  const made = await (await client.send("POST", path, JSON.stringify(body))).json() as { kubeconfig: string };
  print(made.kubeconfig.trimEnd());
  return 0;
}
