/** What a node uses while nothing happens, and the most memory that it needs while 20 pods start. */
import { launch, names, removePods, serverManifest, started } from "./bench_node.ts";
import { aim, megabytes, table } from "./figures.ts";
import { resetPeak, type Usage, usage } from "./process.ts";
import { isReady } from "../support/pods.ts";
import { sleep, type TestNode } from "../support/node.ts";

export interface IdleOptions {
  /**
   * Seconds from the last pod's start to the first reading, and from there to the second. When it has run for twenty, islet
   * gives back the memory that its start needed, which belongs to the start.
   */
  settle: number;
  over: number;
  pods: readonly number[];
}

interface Reading {
  islet: [Usage, Usage];
  containerd: [Usage, Usage];
}

const probePeriodSeconds = 10;

/** % of one core. */
const cpuOf = ([before, after]: [Usage, Usage], seconds: number) => (after.cpuNs - before.cpuNs) / seconds / 1e7;

export async function idleNode(node: TestNode, { settle, over, pods }: IdleOptions): Promise<string> {
  const rows: string[][] = [];
  for (const count of pods) {
    let unprobed = NaN;
    for (const probed of count > 0 ? [false, true] : [false]) {
      const { islet, containerd } = await read(node, count, probed, settle, over);
      const [before, after] = islet;
      const cpu = cpuOf(islet, over);
      if (!probed) unprobed = after.cpuNs - before.cpuNs;
      const probes = probed ? count * over / probePeriodSeconds : 0;
      const perProbe = (after.cpuNs - before.cpuNs - unprobed) / 1e6 / probes;
      const aims = [];
      if (!probed) aims.push(aim(cpu < 0.1, "< 0.1 %"));
      else aims.push(aim(perProbe < 1, "< 1 ms"));
      if (count === 10) aims.push(aim(after.rss < 90e6 && after.rssAnon < 50e6, "< 90, 50 MB"));
      aims.push(aim(after.written === before.written, "0 bytes"));
      rows.push([
        String(count),
        probed ? `every ${probePeriodSeconds} s` : "none",
        `${cpu.toFixed(3)} %`,
        probed ? `${perProbe.toFixed(2)} ms` : "",
        `${cpuOf(containerd, over).toFixed(2)} %`,
        megabytes(after.rss),
        megabytes(after.rssAnon),
        megabytes(after.peak),
        String(after.written - before.written),
        String(after.writeCalls - before.writeCalls),
        aims.join(", "),
      ]);
    }
  }
  const peak = await peakOf(node, 20);
  const figures = table([
    "pods",
    "probes",
    "CPU",
    "per probe",
    "containerd's CPU",
    "RSS",
    "RssAnon",
    "VmHWM",
    "bytes to disk",
    "bytes by write(2)",
    "aims",
  ], rows);
  return `${figures}\n\nPeak RSS while 20 pods start: ${megabytes(peak)} ${aim(peak < 130e6, "< 130 MB")}`;
}

/** A life of its own for each line, so that none inherits another's memory. */
async function begin(node: TestNode): Promise<number> {
  await node.terminate();
  await launch(node);
  await sleep(2000);
  return node.isletPid!;
}

async function read(node: TestNode, count: number, probed: boolean, settle: number, over: number): Promise<Reading> {
  const pid = await begin(node);
  const pods = names(probed ? "probed" : "idle", count);
  for (const name of pods) node.write(`${name}.yaml`, serverManifest(name, probed));
  await started(node, pods, 1000);
  await node.until("all pods are ready", async () => (await node.pods()).every(isReady), { everyMs: 1000 });
  await sleep(settle * 1000);
  const containerdPid = node.containerdPid;
  const look = () => ({ islet: usage(pid), containerd: usage(containerdPid) });
  const before = look();
  await sleep(over * 1000);
  const after = look();
  await removePods(node, pods);
  return { islet: [before.islet, after.islet], containerd: [before.containerd, after.containerd] };
}

async function peakOf(node: TestNode, count: number): Promise<number> {
  const pid = await begin(node);
  const pods = names("peak", count);
  resetPeak(pid);
  for (const name of pods) node.write(`${name}.yaml`, serverManifest(name, true));
  await started(node, pods, 1000);
  await node.until("all pods are ready", async () => (await node.pods()).every(isReady), { everyMs: 1000 });
  const { peak } = usage(pid);
  await removePods(node, pods);
  return peak;
}
