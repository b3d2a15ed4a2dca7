/** Many watchers of the pods of a namespace, while some of those change, round after round. */
import { resetPeak, usage } from "../process.ts";
import { Connection, requestBytes, type Target } from "./connection.ts";

export interface WatchersJob {
  target: Target;
  namespace: string;
  /** Where the watch begins: what a list says. */
  resourceVersion: string;
  /** Names of the pods that change in a round, each by one patch of a label. */
  pods: string[];
  watchers: number;
  ms: number;
  /** Between the end of the watches and the last look at memory. */
  restMs: number;
  /** The server's process. */
  pid: number;
}

export interface WatchersResult {
  /** Events that reached all watchers together, and of what size each. */
  events: number;
  eventBytes: number;
  perSecond: number;
  /** A round each, ms: from the first patch to the last event at the last watcher; from the last patch's answer to that. */
  rounds: number[];
  lags: number[];
  /** The server's CPU time for one event, ms, patches included. */
  cpuMs: number;
  /** The server's resident bytes. */
  rss: { before: number; watched: number; peak: number; after: number };
}

/** Patches are under way on so many connections. */
const writers = 4;

const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

export async function watchers(job: WatchersJob): Promise<WatchersResult> {
  const { target, namespace, resourceVersion, pods, ms, restMs, pid } = job;
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const patching = await Promise.all(Array.from({ length: writers }, () => Connection.open(target)));
  const watching: Connection[] = [];
  const before = usage(pid).rss;
  resetPeak(pid);
  let seen = 0, bytes = 0, last = 0;
  try {
    const watch = requestBytes(target, "GET", `${path}?watch=true&resourceVersion=${resourceVersion}`);
    while (watching.length < job.watchers) {
      const watcher = await Connection.open(target);
      watching.push(watcher);
      await watcher.watch(watch, (lines, size) => {
        bytes += size;
        if (lines === 0) return;
        seen += lines;
        last = performance.now();
      });
    }
    await sleep(500);
    const watched = usage(pid).rss;
    const rounds: number[] = [], lags: number[] = [];
    let patched = 0;
    const cpu = usage(pid).cpuNs;
    for (let spent = 0; spent < ms; spent += rounds.at(-1)!) {
      const waiting = pods.map((name) =>
        requestBytes(target, "PATCH", `${path}/${name}`, {
          type: "application/merge-patch+json",
          text: JSON.stringify({ metadata: { labels: { round: String(rounds.length) } } }),
        })
      );
      const began = performance.now();
      await Promise.all(patching.map(async (connection) => {
        for (let next; (next = waiting.pop());) await connection.ask(next);
      }));
      const answered = performance.now();
      patched += pods.length;
      const wanted = patched * job.watchers;
      const deadline = answered + 10_000;
      while (seen < wanted) {
        if (performance.now() > deadline) throw new Error(`Cannot measure: ${seen} of ${wanted} events have come`);
        await sleep(1);
      }
      if (seen > wanted) throw new Error(`Cannot measure: ${seen} events have come, not ${wanted}`);
      rounds.push(last - began);
      lags.push(Math.max(0, last - answered));
    }
    const cpuMs = (usage(pid).cpuNs - cpu) / 1e6 / seen;
    const { peak } = usage(pid);
    for (const connection of watching.splice(0)) connection[Symbol.dispose]();
    await sleep(restMs);
    const total = rounds.reduce((sum, each) => sum + each, 0);
    return {
      events: seen,
      eventBytes: bytes / seen,
      perSecond: seen / total * 1000,
      rounds,
      lags,
      cpuMs,
      rss: { before, watched, peak, after: usage(pid).rss },
    };
  } finally {
    for (const connection of [...watching, ...patching]) connection[Symbol.dispose]();
  }
}
