/**
 * The API under load: reads over TLS and over the socket, watchers of pods that change, and how soon what was applied runs.
 * The pods that are read and watched fit no node, so that nothing but the API is at work.
 */
import { join } from "node:path";
import { parse } from "yaml";
import { applying } from "./applying.ts";
import { names } from "./bench_node.ts";
import { megabytes, spread, table } from "./figures.ts";
import type { Target } from "./load/connection.ts";
import { load } from "./load/mod.ts";
import { manifest, pod } from "../support/pods.ts";
import type { TestNode } from "../support/node.ts";

export interface ApiOptions {
  /** Of a measurement of reads, and at least of one with watchers. */
  ms: number;
  /** Between the end of the watches and the last look at memory. */
  restMs: number;
  /** Turns of each way to apply. */
  turns: number;
}

const namespace = "bench";
const podCount = 100;
const watcherCount = 100;
const changing = 50;

export async function api(node: TestNode, { ms, restMs, turns }: ApiOptions): Promise<string> {
  const doors = { TLS: await tlsOf(node), socket: { path: node.socket } };
  const pods = names("idle", podCount);
  await apply(node, [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    ...pods.map((name) => pod(name, undefined, { nodeSelector: { bench: "no-node" } }, { namespace })),
  ]);
  const reading = await reads(node, doors, pods[0], ms);
  const watching = await watched(node, doors, pods.slice(0, changing), ms, restMs);
  await node.api(`/api/v1/namespaces/${namespace}`, { method: "DELETE" }).then((answer) => answer.body?.cancel());
  const applied = await applying(node, turns);
  return [
    reading,
    `${watcherCount} watchers, ${changing} pods changing at a time; \`last event\` is when the last watcher has it:`,
    watching,
    "One pod, from the call (or the rename) to its container started; the ways take turns:",
    applied,
  ].join("\n\n");
}

/** The port, as the administrator's kubeconfig has it. */
async function tlsOf(node: TestNode): Promise<Target> {
  const file = join(node.rootDir, "admin.kubeconfig");
  const text = await node.until("there is a kubeconfig", () => Deno.readTextFile(file).catch(() => undefined));
  const { clusters: [{ cluster }], users: [{ user }] } = parse(text);
  return {
    port: Number(new URL(cluster.server).port),
    ca: atob(cluster["certificate-authority-data"]),
    token: user.token,
  };
}

async function apply(node: TestNode, objects: Record<string, unknown>[]): Promise<void> {
  const answer = await node.api("/islet/v1/apply", { method: "POST", body: manifest(objects) });
  const { message } = await answer.json();
  if (message !== undefined) throw new Error(`Cannot apply: ${message.split("\n")[0]}`);
}

async function reads(node: TestNode, doors: Record<string, Target>, pod: string, ms: number): Promise<string> {
  const list = `/api/v1/namespaces/${namespace}/pods`;
  const rows: string[][] = [];
  for (const [what, path] of [["GET of a pod", `${list}/${pod}`], [`list of ${podCount} pods`, list]]) {
    for (const [door, target] of Object.entries(doors)) {
      for (const connections of [1, 8]) {
        const { perSecond, p50, p99, bytes, cpuMs } = await load(node, "requests", {
          target,
          path,
          connections,
          ms,
          pid: node.isletPid!,
        });
        rows.push([
          what,
          door,
          String(connections),
          perSecond.toFixed(0),
          `${p50.toFixed(2)} ms`,
          `${p99.toFixed(2)} ms`,
          `${cpuMs.toFixed(2)} ms`,
          `${(bytes / 1000).toFixed(1)} kB`,
        ]);
      }
    }
  }
  return table(["request", "over", "connections", "requests/s", "p50", "p99", "CPU/request", "answer"], rows);
}

async function watched(
  node: TestNode,
  doors: Record<string, Target>,
  pods: string[],
  ms: number,
  restMs: number,
): Promise<string> {
  const rows: string[][] = [];
  for (const [door, target] of Object.entries(doors)) {
    const answer = await node.api(`/api/v1/namespaces/${namespace}/pods?limit=1`);
    const { metadata: { resourceVersion } } = await answer.json();
    const { perSecond, eventBytes, rounds, lags, cpuMs, rss } = await load(node, "watchers", {
      target,
      namespace,
      resourceVersion,
      pods,
      watchers: watcherCount,
      ms,
      restMs,
      pid: node.isletPid!,
    });
    rows.push([
      door,
      String(rounds.length),
      perSecond.toFixed(0),
      `${(eventBytes / 1000).toFixed(1)} kB`,
      spread(rounds),
      spread(lags),
      `${cpuMs.toFixed(3)} ms`,
      [rss.before, rss.watched, rss.peak, rss.after].map(megabytes).join(" → "),
    ]);
  }
  return table([
    "over",
    "rounds",
    "events/s",
    "event",
    "first patch → last event",
    "last answer → last event",
    "CPU/event",
    "RSS before → watched → peak → after",
  ], rows);
}
