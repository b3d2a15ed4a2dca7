/**
 * How fast the node is when memory runs out at once: a pod takes 2 GiB in one piece on a node that has 2.5 and is to keep
 * 1 GiB free. Beside it, how long the taking itself needs.
 */
import { existsSync } from "node:fs";
import { limited } from "../support/limited_node.ts";
import { TestNode } from "../support/node.ts";
import { container, manifest, pod } from "../support/pods.ts";
import { aim, median, spread, table } from "./figures.ts";

const gibi = 2 ** 30;
const capacity = 2.5 * gibi, threshold = gibi;

interface Turn {
  /** From the first MiB to the threshold. */
  taking: number;
  /** From there to the end of the victim's last process. */
  reaction: number;
}

export async function eviction(quick: boolean): Promise<string> {
  await using node = await TestNode.start({
    prepare: limited({ memoryBytes: capacity }),
    flags: ["--eviction-hard", "memory.available<1Gi", "--eviction-pressure-transition-period", "1s"],
  });
  node.write("bystander.yaml", manifest(pod("bystander")));
  await node.ready("bystander");
  const turns: Turn[] = [];
  for (let turn = 0; turn < (quick ? 3 : 11); turn++) turns.push(await takeAll(node, `hog-${turn}`));
  const road = /Memory is watched .*by="?([^"\n]+)/.exec(node.log())?.[1] ?? "unknown";
  const reactions = turns.map(({ reaction }) => reaction);
  return table(["from", "to", "time", "aim"], [
    ["first MiB", "threshold crossed", spread(turns.map(({ taking }) => taking)), ""],
    [
      "threshold crossed",
      "victim's last process gone",
      spread(reactions),
      aim(median(reactions) < 1000, "< 1 s"),
    ],
  ]) + `\n\nMemory is watched by ${road}.`;
}

async function takeAll(node: TestNode, name: string): Promise<Turn> {
  const script = "while [ ! -e /tmp/go ]; do sleep 0.05; done; exec dd if=/dev/zero of=/dev/null bs=2G count=1";
  const hog = pod(name, container("main", script), { restartPolicy: "Never" });
  node.write(`${name}.yaml`, manifest(hog));
  const { metadata } = await node.ready(name);
  const cgroup = `kubepods/besteffort/pod${metadata.uid}`;
  await node.exec(name, "touch /tmp/go");
  const began = await crossing(node, cgroup, 16 * 2 ** 20);
  const crossed = await crossing(node, cgroup, capacity - threshold);
  while (used(node, cgroup) > 16 * 2 ** 20) await pause();
  const ended = performance.now();
  await node.podUntil(name, "is evicted", ({ status }) => status?.reason === "Evicted" && status.phase === "Failed");
  node.remove(`${name}.yaml`);
  await node.gone(name);
  return { taking: crossed - began, reaction: ended - crossed };
}

/** When the pod's use of memory passed this. */
async function crossing(node: TestNode, cgroup: string, bytes: number): Promise<number> {
  while (used(node, cgroup) < bytes) await pause();
  return performance.now();
}

/** 0 when the cgroup is gone. */
function used(node: TestNode, cgroup: string): number {
  const v2 = existsSync("/sys/fs/cgroup/cgroup.controllers");
  try {
    return Number(node.cgroupFile(v2 ? "" : "memory", cgroup, v2 ? "memory.current" : "memory.usage_in_bytes"));
  } catch {
    return 0;
  }
}

const pause = () => new Promise<void>((done) => setTimeout(done, 2));
