import assert from "node:assert/strict";
import { planShutdown, type ShutdownConfig, shutdownSeconds } from "./shutdown.ts";
import { testPod } from "./testing.ts";

const pods = [
  testPod("plain", { terminationGracePeriodSeconds: 30 }),
  testPod("quick", { terminationGracePeriodSeconds: 5, priority: 100 }),
  testPod("low", { terminationGracePeriodSeconds: 60, priority: -10 }),
  testPod("critical", { terminationGracePeriodSeconds: 60, priority: 2_000_000_000 }),
  testPod("node-critical", { priority: 2_000_001_000 }),
];

/** `priority wait: pod/grace …` a phase. */
function phases(config: ShutdownConfig, of = pods): string[] {
  return planShutdown(of, config).map(({ priority, waitSeconds, pods }) =>
    `${priority} ${waitSeconds}: ${pods.map((each) => `${each.pod.metadata.name}/${each.graceSeconds}`).join(" ")}`
  );
}

Deno.test("planShutdown() ends critical pods last, in the time that is kept for them", () => {
  assert.deepEqual(phases({ totalSeconds: 30, criticalSeconds: 10 }), [
    "0 20: plain/20 quick/5 low/20",
    "2000000000 10: critical/10 node-critical/10",
  ]);
});

Deno.test("planShutdown() without a configured time gives every pod what it asks for, and its end a little more", () => {
  assert.deepEqual(phases({}), [
    "0 70: plain/30 quick/5 low/60",
    "2000000000 70: critical/60 node-critical/30",
  ]);
});

Deno.test("planShutdown() by priorities: boundaries belong up, everything below the lowest to the lowest", () => {
  const byPodPriority = [
    { priority: 2_000_000_000, shutdownGracePeriodSeconds: 10 },
    { priority: 0, shutdownGracePeriodSeconds: 120 },
    { priority: 100, shutdownGracePeriodSeconds: 7 },
  ];
  assert.deepEqual(phases({ byPodPriority, totalSeconds: 1 }), [
    "0 120: plain/30 low/60",
    "100 7: quick/5",
    "2000000000 10: critical/10 node-critical/10",
  ]);
});

Deno.test("planShutdown() waits for no phase without pods", () => {
  assert.deepEqual(phases({ totalSeconds: 30, criticalSeconds: 10 }, [pods[3]]), ["2000000000 10: critical/10"]);
  assert.deepEqual(phases({}, []), []);
});

Deno.test("planShutdown() kills at once those for whom there is no time", () => {
  assert.deepEqual(phases({ totalSeconds: 10, criticalSeconds: 10 }, [pods[0]]), ["0 0: plain/0"]);
});

Deno.test("shutdownSeconds() is what all phases may take", () => {
  assert.equal(shutdownSeconds({ totalSeconds: 30, criticalSeconds: 10 }), 30);
  assert.equal(shutdownSeconds({ byPodPriority: [{ priority: 0, shutdownGracePeriodSeconds: 5 }] }), 5);
  assert.equal(shutdownSeconds({}), undefined);
});
