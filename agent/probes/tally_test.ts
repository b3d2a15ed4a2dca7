import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import type { ObservedPod } from "../observed/types.ts";
import { silentLogger } from "../telemetry/log.ts";
import { ProbeManager } from "./manager.ts";
import { probeDurationBounds, ProbeTally } from "./tally.ts";

Deno.test("a tally counts results, and durations by bucket", () => {
  const tally = new ProbeTally();
  assert.equal(tally.durations, undefined, "nothing was tried");
  for (const [result, ms] of [["success", 5], ["warning", 6], ["failure", 10_001], ["error", 0]] as const) {
    tally.add(result, ms);
  }
  assert.deepEqual([tally.successful, tally.failed, tally.unknown], [2, 1, 1]);
  assert.deepEqual([...tally.durations!], [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  assert.equal(tally.durations!.length, probeDurationBounds.length + 1);
  assert.equal(tally.seconds.toFixed(6), "10.012000");
});

Deno.test("tallies() tells of every probe until its pod is forgotten", async () => {
  const clock = new ManualClock();
  let exitCode = 0;
  const manager = new ProbeManager({
    clock,
    random: () => 0,
    log: silentLogger,
    events: { event: () => {} },
    onChange: () => {},
    exec: async () => {
      const over = Promise.withResolvers<void>();
      clock.after(30, over.resolve);
      await over.promise;
      return { exitCode, stdout: "", stderr: "" };
    },
  });
  const probe = { exec: { command: ["true"] }, periodSeconds: 10 };
  const pod = {
    metadata: { name: "web", namespace: "shop", uid: "u1" },
    spec: { containers: [{ name: "app", livenessProbe: probe, readinessProbe: probe }] },
  };
  const observed = {
    uid: "u1",
    namespace: "shop",
    name: "web",
    sandboxes: [],
    containers: [{ id: "c1", name: "app", state: "running", startedAt: clock.now() }],
    observedAt: 0,
  } as unknown as ObservedPod;
  manager.sync(pod, observed, "10.0.0.1");
  await clock.advance(1000);
  exitCode = 1;
  await clock.advance(10_000);
  const found = [...manager.tallies()];
  assert.deepEqual(
    found.map(({ namespace, pod, podUid, container, type }) => [namespace, pod, podUid, container, type]),
    [["shop", "web", "u1", "app", "liveness"], ["shop", "web", "u1", "app", "readiness"]],
  );
  const { tally } = found[0];
  assert.deepEqual([tally.successful, tally.failed], [1, 1]);
  assert.equal(tally.durations![3], 2, "30 ms lie between 25 and 50");
  manager.forget("u1");
  assert.deepEqual([...manager.tallies()], []);
});
