/** `islet version`: of this program, and of the node if one answers. */
import type { versionInfo } from "../api/version.ts";
import { isletVersion } from "../api/version.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { clientFlags, clientFor } from "./client.ts";
import { print } from "./output.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [{ name: "client", help: "of this program only" }, ...clientFlags];

export async function version(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    print(describeVerb("version [FLAGS]", "Shows versions: of this program, and of the node if one answers.", flags));
    return 0;
  }
  if (args.words.length > 0) throw new UsageError(`unexpected argument ${JSON.stringify(args.words[0])}`);
  print(`islet ${isletVersion} (deno ${Deno.version.deno}, v8 ${Deno.version.v8})`);
  if (args.is("client")) return 0;
  try {
    const node = await clientFor(args).json<ReturnType<typeof versionInfo>>("/version");
    print(`node ${node.isletVersion} (${node.gitVersion}, ${node.compiler}, ${node.platform})`);
  } catch (err) {
    print(`node: ${(err as Error).message}`);
  }
  return 0;
}
