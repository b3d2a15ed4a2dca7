/**
 * The load on the API, made by a process of its own inside the node's network, where its port is.
 *
 *     const { perSecond } = await load(node, { requests: { target, path, connections: 8, ms: 5000, pid } });
 *
 * As a program it reads one job as JSON from standard input and writes what came of it to standard output.
 */
import { fileURLToPath } from "node:url";
import type { TestNode } from "../../support/node.ts";
import { requests, type RequestsJob, type RequestsResult } from "./requests.ts";
import { watchers, type WatchersJob, type WatchersResult } from "./watchers.ts";

interface Jobs {
  requests: [RequestsJob, RequestsResult];
  watchers: [WatchersJob, WatchersResult];
}

/** Does the job in the node's network. */
export async function load<Name extends keyof Jobs>(
  node: TestNode,
  name: Name,
  job: Jobs[Name][0],
): Promise<Jobs[Name][1]> {
  const { program, args } = node.namespaces.command([
    Deno.execPath(),
    "run",
    "--allow-all",
    "--quiet",
    fileURLToPath(import.meta.url),
  ]);
  const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify({ name, job })));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(`Cannot measure ${name}: ${new TextDecoder().decode(stderr)}\n${node.logTail(20)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

if (import.meta.main) {
  const { name, job } = await new Response(Deno.stdin.readable).json();
  console.log(JSON.stringify(await (name === "requests" ? requests(job) : watchers(job))));
  Deno.exit(0);
}
