/**
 * Soft eviction thresholds under real memory pressure: a node whose cgroup has 1600 MiB, of which 400 are to be free and 550
 * once they were not. Times are those of islet's own log, so that a busy machine makes no difference to them.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { detect, memoryStats } from "../../cgroups/mod.ts";
import { evicted, limited } from "../support/limited_node.ts";
import { nodeFile } from "../support/node_file.ts";
import type { TestNode } from "../support/node.ts";
import { applyPods, eat, eater, hasCondition, isEvicted, removePods } from "../support/pressure.ts";
import { isReady, statusOf } from "../support/pods.ts";

const mebi = 2 ** 20;
const capacity = 1600 * mebi;
const graceSeconds = 25, transitionSeconds = 4, mostGraceSeconds = 6;
/** Between the look that finds something and the line that says so. */
const slackMs = 2000;

const { nodeTest } = nodeFile({
  prepare: limited({ memoryBytes: capacity }),
  config: `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
evictionHard: { memory.available: 100Mi }
evictionSoft: { memory.available: 400Mi }
evictionSoftGracePeriod: { memory.available: ${graceSeconds}s }
evictionMaxPodGracePeriod: ${mostGraceSeconds}
evictionMinimumReclaim: { memory.available: 150Mi }
evictionPressureTransitionPeriod: ${transitionSeconds}s
`,
});

/** Has `base` take so much that so many MiB are left of the node's memory. */
async function leave(node: TestNode, mebibytes: number): Promise<void> {
  const { workingSetBytes } = memoryStats(detect(), `/${node.cgroup}`)!;
  const count = Math.round((capacity - workingSetBytes) / mebi - mebibytes);
  await node.output("base", `dd if=/dev/zero of=/mem/more bs=1M count=${count} 2>/dev/null`);
}

/** When islet logged a line that holds all of this, in ms of a day: the last time. */
function loggedAt(node: TestNode, ...parts: string[]): number {
  const line = node.log().split("\n").findLast((line) => parts.every((part) => line.includes(part)));
  ok(line, `islet's log has no line with ${parts.join(", ")}`);
  return timeOfDay(line.slice(0, 12));
}

const timeOfDay = (text: string) => Date.parse(`1970-01-01T${text}Z`);
/** Also past midnight. */
const msBetween = (from: number, to: number) => (to - from + 86_400_000) % 86_400_000;
const nowOfDay = () => timeOfDay(new Date().toISOString().slice(11, 23));

const isShort = "The node is short of something", isOver = "The node is no longer short of it";
const isGone = "A pod is evicted";

nodeTest(
  "a soft threshold: shown at once, acted on when it was met for its whole grace, until the minimum reclaim is won back",
  {},
  async (node) => {
    await applyPods(
      node,
      eater("base", { request: "1550Mi" }),
      // it does not end when it is asked to
      eater("stubborn", { script: "trap '' TERM; while :; do sleep 1; done", terminationGracePeriodSeconds: 600 }),
      eater("hasty", { terminationGracePeriodSeconds: 2 }),
      eater("small"),
    );
    for (const name of ["base", "stubborn", "hasty", "small"]) await node.ready(name);
    await eat(node, "stubborn", 110);
    await eat(node, "hasty", 80);
    await eat(node, "small", 40);
    await eat(node, "base", 500);

    await leave(node, 370);
    await hasCondition(node, "MemoryPressure", "True");
    const first = loggedAt(node, isShort);
    // not for the whole grace: nobody goes
    const endsAt = nowOfDay();
    await node.output("base", "rm /mem/more");
    await hasCondition(node, "MemoryPressure", "False");
    ok(msBetween(endsAt, loggedAt(node, isOver)) >= transitionSeconds * 1000, "held for the transition period");
    deepEqual(await evicted(node), []);

    await leave(node, 370);
    await hasCondition(node, "MemoryPressure", "True");
    const second = loggedAt(node, isShort);
    ok(msBetween(first, second) > transitionSeconds * 1000);
    for (const name of ["base", "stubborn", "hasty", "small"]) ok(isReady((await node.pod(name))!), name);
    deepEqual(await evicted(node), []);
    const stubborn = await isEvicted(node, "stubborn");
    const goes = loggedAt(node, isGone, "stubborn");
    ok(msBetween(second, goes) >= graceSeconds * 1000 - slackMs, "the grace began anew after the dip");

    // 110 MiB make it more than 400, which is not enough: the second goes, without another grace of the threshold's
    await isEvicted(node, "hasty");
    await hasCondition(node, "MemoryPressure", "False");
    deepEqual(await evicted(node), ["stubborn", "hasty"]);
    for (const name of ["base", "small"]) ok(isReady((await node.pod(name))!), name);
    const { workingSetBytes } = memoryStats(detect(), `/${node.cgroup}`)!;
    ok(capacity - workingSetBytes >= 530 * mebi, `${(capacity - workingSetBytes) / mebi} MiB are free`);

    // each had what it wants to end, but no more than it may
    loggedAt(node, isGone, "stubborn", `graceSeconds=${mostGraceSeconds}`);
    loggedAt(node, isGone, "hasty", "graceSeconds=2");
    const { exitCode, finishedAt } = statusOf(stubborn)!.state!.terminated!;
    equal(exitCode, 137);
    const tookMs = msBetween(goes, timeOfDay(finishedAt!.slice(11, 19)));
    ok(tookMs >= mostGraceSeconds * 1000 - 1500 && tookMs < 300_000, `it was killed after ${tookMs} ms`);
    equal(statusOf((await node.pod("hasty"))!)!.state!.terminated!.exitCode, 0, "it ended by itself");
    await removePods(node, "base", "stubborn", "hasty", "small");
  },
);
