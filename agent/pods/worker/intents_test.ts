import assert from "node:assert/strict";
import { ManualClock, timestamp } from "../../clock.ts";
import type { Pod } from "../../objects/mod.ts";
import { Intents } from "./intents.ts";
import { pod } from "../testing.ts";

function deleted(of: Pod, clock: ManualClock, grace: number, agoMs = 0): Pod {
  const ends = clock.now() - agoMs + grace * 1000;
  const metadata = { ...of.metadata, deletionTimestamp: timestamp(ends), deletionGracePeriodSeconds: grace };
  return { ...of, metadata };
}

const year = 365 * 86_400_000;

Deno.test("a pod runs unless something speaks against it", () => {
  const clock = new ManualClock();
  assert.deepEqual(new Intents(clock, pod(), true).of(pod(), {}), { type: "run" });
});

Deno.test("a deletion that is seen to come has its whole grace, whatever the wall clock does", async () => {
  const clock = new ManualClock();
  const intents = new Intents(clock, pod(), true);
  const of = deleted(pod(), clock, 30);
  clock.setWall(clock.now() + 10 * year);
  assert.equal(intents.of(of, {}).type, "delete");
  const { deadline } = intents.of(of, {}) as { deadline: number };
  assert.equal(deadline, 30_000);
  await clock.advance(10_000);
  clock.setWall(0);
  assert.deepEqual(intents.of(of, {}), { type: "delete", deadline, message: "the pod is deleted" });
});

Deno.test("a deletion from an earlier life has what the stored time leaves, between two seconds and its grace", () => {
  for (const [agoMs, left] of [[10_000, 21_000], [60_000, 2_000], [-year, 30_000]] as const) {
    const clock = new ManualClock();
    const of = deleted(pod(), clock, 30, agoMs);
    assert.equal((new Intents(clock, of, true).of(of, {}) as { deadline: number }).deadline, left, String(agoMs));
  }
});

Deno.test("a shorter grace overtakes, a longer one never does", async () => {
  const clock = new ManualClock();
  const intents = new Intents(clock, pod(), true);
  const deadline = (of: Pod) => (intents.of(of, {}) as { deadline: number }).deadline;
  assert.equal(deadline(deleted(pod(), clock, 600)), 600_000);
  await clock.advance(5_000);
  assert.equal(deadline(deleted(pod(), clock, 2)), 7_000);
  assert.equal(deadline(deleted(pod(), clock, 900)), 7_000);
});

Deno.test("a pod without a row ends by its own grace, and a shutdown shortens every end", () => {
  const clock = new ManualClock();
  const intents = new Intents(clock, pod(), false);
  const gone = pod({ terminationGracePeriodSeconds: 45 });
  assert.equal((intents.of(gone, {}) as { deadline: number }).deadline, 45_000);
  intents.shutdown(10, verdict);
  assert.equal((intents.of(gone, {}) as { deadline: number }).deadline, 10_000);
});

const verdict = { reason: "Terminated", message: "the machine goes down", disruption: "shutdown" };

Deno.test("a shutdown ends a pod for good that runs only once, and nothing once it is called off", () => {
  const intents = new Intents(new ManualClock(), pod(), true);
  const once = pod({ restartPolicy: "Never" });
  intents.shutdown(5, verdict);
  assert.deepEqual(intents.of(once, {}), { type: "finish", deadline: 5_000, ...verdict });
  intents.resume();
  assert.equal(intents.of(once, {}).type, "run");
});

Deno.test("a shutdown ends a pod for now, and a finished one stays finished", () => {
  const clock = new ManualClock();
  const intents = new Intents(clock, pod(), true);
  intents.shutdown(5, verdict);
  const { type, deadline, forNow } = intents.of(pod(), {}) as { type: string; deadline: number; forNow: boolean };
  assert.deepEqual({ type, deadline, forNow }, { type: "finish", deadline: 5_000, forNow: true });
  assert.equal((intents.of(pod(), { phase: "Succeeded" }) as { forNow?: boolean }).forNow, undefined);
});

Deno.test("activeDeadlineSeconds counts from startTime, on the monotonic clock once it is known", async () => {
  const clock = new ManualClock();
  const of = pod({ activeDeadlineSeconds: 60 });
  const intents = new Intents(clock, of, true);
  const status = { startTime: timestamp(clock.now() - 20_000) };
  assert.equal(intents.of(of, status).type, "run");
  assert.equal(intents.activeUntil(of, status), 40_000);
  clock.setWall(clock.now() + 10 * year);
  await clock.advance(39_000);
  assert.equal(intents.of(of, status).type, "run");
  await clock.advance(1_000);
  assert.equal((intents.of(of, status) as { reason: string }).reason, "DeadlineExceeded");
});

Deno.test("only what the node ended for its own sake, and what was deleted by force, outlives the agent", () => {
  const clock = new ManualClock();
  const intents = new Intents(clock, pod(), true);
  assert.equal(intents.end({ reason: "OutOfpods", message: "no room" }), false);
  assert.deepEqual(intents.memory, {});
  const evicted = { reason: "Evicted", message: "no memory", disruption: "TerminationByKubelet" };
  assert.equal(intents.end(evicted), true);
  assert.deepEqual(intents.memory, { ended: evicted });
  const later = new Intents(clock, pod(), true, intents.memory);
  assert.equal((later.of(pod(), {}) as { reason: string }).reason, "Evicted");
  assert.equal(later.end(undefined), true);
  assert.equal(later.of(pod(), {}).type, "run");
  later.force();
  assert.deepEqual(later.memory, { forced: true });
  assert.deepEqual(later.of(pod(), {}), { type: "delete", deadline: 0, message: "the pod is deleted" });
});
