/** From exec to a healthy node, to the first pod's process, and to twenty adopted pods; containerd running already, and not. */
import { endContainerd, launch, names, podManifest, removePods, started } from "./bench_node.ts";
import { aim, median, spread, table } from "./figures.ts";
import { isReady } from "../support/pods.ts";
import { sleep, type TestNode } from "../support/node.ts";

interface Case {
  name: string;
  /** Pods that run when islet starts. */
  pods: number;
  /** Starts islet; milliseconds until what is asked for. */
  measure: (node: TestNode, pods: readonly string[]) => Promise<number>;
  aimMs?: number;
}

const cases: readonly Case[] = [
  { name: "healthy, no pods", pods: 0, measure: async (node) => (await launch(node)).healthyMs, aimMs: 300 },
  {
    name: "first pod's process",
    pods: 0,
    measure: async (node) => {
      const name = "first";
      node.write(`${name}.yaml`, podManifest(name));
      const { began } = await launch(node);
      const [startedAt] = await started(node, [name], 500);
      await removePods(node, [name]);
      return startedAt - began;
    },
  },
  {
    name: "20 pods adopted and ready",
    pods: 20,
    measure: async (node, pods) => {
      const { began } = await launch(node);
      await node.until("all pods are ready", async () => {
        const found = await node.pods();
        return found.length === pods.length && found.every(isReady);
      }, { everyMs: 2 });
      return Date.now() - began;
    },
  },
];

export async function startup(node: TestNode, repeats: number): Promise<string> {
  const rows: string[][] = [];
  for (const { name, pods: count, measure, aimMs } of cases) {
    const pods = names("kept", count);
    for (const pod of pods) node.write(`${pod}.yaml`, podManifest(pod));
    if (count > 0) await started(node, pods, 1000);
    const ids = (await node.runtimeIds()).join();
    const times = { running: [] as number[], ended: [] as number[] };
    for (let i = 0; i < repeats; i++) {
      for (const containerd of ["running", "ended"] as const) {
        await sleep(1500); // statuses are on disk within a second
        await node.kill9();
        if (containerd === "ended") await endContainerd(node);
        await sleep(300);
        times[containerd].push(await measure(node, pods));
        if ((await node.runtimeIds()).join() !== ids) throw new Error("Containers did not outlive islet's restart");
      }
    }
    await removePods(node, pods);
    const met = aimMs === undefined ? "" : aim(median(times.running) <= aimMs, `≤ ${aimMs} ms`);
    rows.push([name, String(repeats), spread(times.running), spread(times.ended), met]);
  }
  return table(["exec →", "times", "containerd running", "containerd not running", "aim"], rows);
}
