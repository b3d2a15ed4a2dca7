/** What a look at all that a node's pods use costs: each page that is scraped, and a full round of them. */
import { names, podManifest, removePods, started } from "./bench_node.ts";
import { aim, median, table } from "./figures.ts";
import { usage } from "./process.ts";
import { isReady } from "../support/pods.ts";
import { sleep, type TestNode } from "../support/node.ts";

export interface StatsOptions {
  pods: readonly number[];
  /** Rounds that are measured. */
  rounds: number;
}

const pages = ["/metrics", "/metrics/cadvisor", "/metrics/resource", "/metrics/probes", "/stats/summary"] as const;

/** The four pages that Prometheus scrapes: what has to be ready in time. */
const scraped = pages.slice(0, 4);

interface Cost {
  ms: number[];
  cpuMs: number[];
  bytes: number;
}

export async function stats(node: TestNode, { pods, rounds }: StatsOptions): Promise<string> {
  const rows: string[][] = [];
  let made: string[] = [];
  for (const count of pods) {
    const wanted = names("seen", count).slice(made.length);
    for (const name of wanted) node.write(`${name}.yaml`, podManifest(name));
    await started(node, wanted, 1000);
    made = [...made, ...wanted];
    await node.until("all pods are ready", async () => (await node.pods()).every(isReady), { everyMs: 1000 });
    await sleep(3000);
    const costs = new Map(pages.map((page) => [page, { ms: [], cpuMs: [], bytes: 0 } as Cost]));
    for (let round = -3; round < rounds; round++) {
      for (const page of pages) {
        const cost = await scrape(node, page);
        const sum = costs.get(page)!;
        sum.bytes = cost.bytes;
        // the first rounds are for the compiler, and for what is looked up once
        if (round < 0) continue;
        sum.ms.push(cost.ms);
        sum.cpuMs.push(cost.cpuMs);
      }
    }
    const whole = (of: readonly (typeof pages)[number][], key: "ms" | "cpuMs") =>
      median(Array.from({ length: rounds }, (_, i) => of.reduce((sum, page) => sum + costs.get(page)![key][i], 0)));
    for (const [page, { ms, cpuMs, bytes }] of costs) {
      rows.push([String(count), page, fixed(median(ms)), fixed(median(cpuMs)), `${(bytes / 1e3).toFixed(0)} kB`, ""]);
    }
    const scrapedMs = whole(scraped, "ms");
    rows.push([
      String(count),
      "the four of /metrics",
      fixed(scrapedMs),
      fixed(whole(scraped, "cpuMs")),
      "",
      count === 110 ? aim(scrapedMs < 50, "< 50 ms") : "",
    ]);
    rows.push([String(count), "a full round", fixed(whole(pages, "ms")), fixed(whole(pages, "cpuMs")), "", ""]);
  }
  await removePods(node, made);
  return table(["pods", "page", "ms", "CPU ms", "size", "aim"], rows);
}

const fixed = (ms: number) => ms.toFixed(1);

async function scrape(node: TestNode, page: string): Promise<{ ms: number; cpuMs: number; bytes: number }> {
  const before = usage(node.isletPid!).cpuNs;
  const began = performance.now();
  const answer = await node.api(page);
  const { length } = await answer.text();
  const ms = performance.now() - began;
  if (!answer.ok) throw new Error(`Cannot scrape ${page}: ${answer.status}`);
  // what is left to be done after the answer has been sent is part of its cost
  await sleep(20);
  return { ms, cpuMs: (usage(node.isletPid!).cpuNs - before) / 1e6, bytes: length };
}
