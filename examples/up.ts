/**
 * `deno task up`: from a bare Debian machine to a node that runs the pods of this directory, in the foreground. Ctrl-C stops the
 * node; `deno task down` removes everything.
 */
import { fileURLToPath } from "node:url";
import { join, resolve } from "node:path";
import type { Pod } from "../agent/objects/mod.ts";
import { holderOf } from "../agent/wiring/network_claim.ts";
import { buildImages } from "../tests/images/build.ts";
import { installPackages, isDebian, missingPackages, nodePackages } from "../tests/support/machine.ts";
import { checkMachine, deno, fail, rootDir, socket } from "./node.ts";
import { podTable, settledPods } from "./pods.ts";

const examples = fileURLToPath(new URL(".", import.meta.url));
const main = resolve(examples, "..", "main.ts");

/** How long the pods may take on a slow machine. */
const patienceMs = 120_000;

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  console.log(`▸ ${name}`);
  const result = await work().catch((err) => fail(`${name}: ${err.message}`));
  console.log(`  done in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return result;
}

/** The node's pods, or nothing while it does not answer. */
async function readPods(client: Deno.HttpClient): Promise<Pod[] | undefined> {
  try {
    const answer = await fetch("http://localhost/api/v1/pods", { client, signal: AbortSignal.timeout(5000) });
    return answer.ok ? (await answer.json()).items : void await answer.body?.cancel();
  } catch {
    return undefined;
  }
}

async function waitForPods(ended: AbortSignal): Promise<Pod[]> {
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const names = new Set<string>();
  let pods: Pod[] | undefined;
  for (const until = performance.now() + patienceMs; performance.now() < until && !ended.aborted;) {
    pods = await readPods(client);
    for (const name of settledPods(pods ?? [])) {
      if (names.has(name)) continue;
      names.add(name);
      console.log(`  ${name} has started`);
    }
    if (pods && pods.length > 0 && names.size === pods.length) break;
    await new Promise((done) => setTimeout(done, 250));
  }
  client.close();
  return pods ?? [];
}

checkMachine();
const other = holderOf(Deno.readTextFileSync("/proc/net/unix"));
if (other) {
  fail(
    `A node runs here already, with the root directory ${other}. Ctrl-C in its terminal stops it, and its pods run on; ` +
      `\`${deno()} task down\` then removes what \`task up\` made.`,
  );
}
await step("What is missing from Debian", async () => {
  const missing = await missingPackages(nodePackages).catch(() => nodePackages);
  if (missing.length === 0) return console.log("  nothing");
  if (!isDebian()) throw new Error(`this is not Debian; install ${missing.join(", ")} by your system's own means`);
  await installPackages(missing, { onProgress: (message) => console.log(`  ${message}`) });
});
await step("Images for the examples", async () => console.log(`  ${await buildImages(join(rootDir, "images"))}`));

console.log("▸ The node");
const node = new Deno.Command(Deno.execPath(), {
  // for people, into a file too
  args: [
    ...["run", "--allow-all", "--unstable-net", main, "run"],
    ...["--root-dir", rootDir, "--pod-manifest-path", examples, "--log-format", "text"],
  ],
  stdin: "null",
}).spawn();
const ended = new AbortController();
let asked = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    asked = true;
    try {
      node.kill("SIGTERM");
    } catch { /* it has ended */ }
  });
}
const status = node.status.finally(() => ended.abort());

const pods = await waitForPods(ended.signal);
if (!ended.signal.aborted) {
  const islet = `${deno()} run -A main.ts`;
  const commands = [
    ["curl http://127.0.0.1:8080/", "the web server of web.yaml answers"],
    ["curl http://127.0.0.1:30080/", "greeter.yaml's pod, through the node port of its Service"],
    [`${islet} logs visitor`, "another pod asks it by name: http://greeter/"],
    [`${islet} why crash`, "why it does not run"],
    [`${islet} get pods,services -o wide`],
    [`${islet} logs -f journal -c reader`],
    [`${islet} exec -it web -- sh`],
    [`kubectl --kubeconfig ${join(rootDir, "admin.kubeconfig")} get pods -A`],
  ];
  const width = Math.max(...commands.filter(([, what]) => what).map(([command]) => command.length));
  console.log(`
${podTable(pods)}

The node runs. Its pods come from ${examples}; edit a file there and watch. In another terminal:

${commands.map(([command, what]) => `  ${what ? `${command.padEnd(width)}   ${what}` : command}`).join("\n")}

Ctrl-C stops the node.
`);
}

const { code } = await status;
console.log(
  asked
    ? `
The node has stopped. Its pods run on, as they do when a node restarts:
  ${deno()} task up      takes them over again
  ${deno()} task down    removes the pods, containerd and everything in ${rootDir}`
    : `\nThe node ended by itself with exit code ${code}.`,
);
Deno.exit(asked ? 0 : code || 1);
