import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import type { ObservedContainer, ObservedPod } from "../observed/types.ts";
import { silentLogger } from "../telemetry/log.ts";
import { type KnownState, ProbeManager } from "./manager.ts";
import type { ProbedContainer, ProbedPod, ProbeSpec } from "./types.ts";

/** A manager over a manual clock whose exec probes answer what `answer` says; commands name themselves. */
function setup({ random = () => 0 }: { random?: () => number } = {}) {
  const clock = new ManualClock();
  const attempts: { at: number; command: string; containerId: string }[] = [];
  const events: string[] = [];
  const changes: string[] = [];
  const state = {
    /** By command: exit code, or an error to throw; "hang" waits for the abort. */
    answers: new Map<string, number | Error | "hang">(),
    aborted: 0,
  };
  const manager = new ProbeManager({
    clock,
    random,
    log: silentLogger,
    events: { event: (about, _type, reason, message) => events.push(`${reason} ${about.fieldPath} ${message}`) },
    onChange: (uid) => changes.push(uid),
    exec: async (containerId, [command], _timeoutMs, signal) => {
      attempts.push({ at: clock.mono(), command, containerId });
      const answer = state.answers.get(command) ?? 0;
      if (answer === "hang") {
        return await new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => {
            state.aborted++;
            reject(signal.reason);
          })
        );
      }
      if (answer instanceof Error) throw answer;
      return { exitCode: answer, stdout: answer ? "no good\n" : "", stderr: new Uint8Array() };
    },
  });
  const times = (command: string) => attempts.filter((each) => each.command === command).map(({ at }) => at);
  return { manager, clock, attempts, events, changes, times, ...state, state };
}

const exec = (name: string, rest: ProbeSpec = {}): ProbeSpec => ({ exec: { command: [name] }, ...rest });

function podOf(container: Partial<ProbedContainer>, rest: Partial<ProbedPod["metadata"]> = {}): ProbedPod {
  return {
    metadata: { name: "web", namespace: "default", uid: "u1", ...rest },
    spec: { containers: [{ name: "app", ...container }] },
  };
}

function observed(clock: ManualClock, ...containers: Partial<ObservedContainer>[]): ObservedPod {
  const whole = containers.map((each): ObservedContainer => ({
    id: "c1",
    sandboxId: "s1",
    podUid: "u1",
    name: "app",
    attempt: 0,
    state: "running",
    image: "",
    imageId: "",
    createdAt: clock.now(),
    startedAt: clock.now(),
    finishedAt: 0,
    exitCode: 0,
    reason: "",
    message: "",
    logPath: "",
    labels: {},
    annotations: {},
    ...each,
  }));
  const common = { uid: "u1", namespace: "default", name: "web", sandboxes: [] };
  return { ...common, containers: whole, observedAt: clock.mono() };
}

Deno.test("ProbeManager makes a container ready with its first success and tells so once", async () => {
  const { manager, clock, changes, times } = setup();
  manager.sync(podOf({ readinessProbe: exec("ready") }), observed(clock, {}), "10.0.0.1");
  assert.equal(manager.results("u1").get("app")?.readiness, "failure");
  await clock.advance(25_000);
  assert.deepEqual(times("ready"), [0, 10_000, 20_000]);
  assert.deepEqual(manager.results("u1").get("app"), {
    containerId: "c1",
    startup: "success",
    liveness: "success",
    readiness: "success",
  });
  assert.deepEqual(changes, ["u1"]);
  manager.stopAll();
});

Deno.test("ProbeManager counts the initial delay from the container's start", async () => {
  const { manager, clock, times } = setup();
  const probe = exec("ready", { initialDelaySeconds: 8, periodSeconds: 5 });
  manager.sync(podOf({ readinessProbe: probe }), observed(clock, { startedAt: clock.now() - 3000 }), "");
  await clock.advance(11_000);
  assert.deepEqual(times("ready"), [5000, 10_000]);
  manager.stopAll();
});

Deno.test("ProbeManager keeps the initial delay when the wall clock jumps ahead as the container starts", async () => {
  const { manager, clock, times } = setup();
  const pod = podOf({ livenessProbe: exec("live", { initialDelaySeconds: 30 }) });
  manager.sync(pod, observed(clock), "");
  await clock.advance(1000);
  const startedAt = clock.now();
  clock.setWall(startedAt + 50 * 365 * 86400e3);
  manager.sync(pod, observed(clock, { startedAt }), "");
  await clock.advance(28_500);
  assert.deepEqual(times("live"), []);
  await clock.advance(1500);
  assert.deepEqual(times("live"), [30_000]);
  manager.stopAll();
});

Deno.test("ProbeManager holds liveness and readiness back until the startup probe has passed", async () => {
  const { manager, clock, times, state } = setup();
  state.answers.set("start", 1);
  const pod = podOf({
    startupProbe: exec("start", { periodSeconds: 2, failureThreshold: 30 }),
    livenessProbe: exec("live"),
    readinessProbe: exec("ready"),
  });
  manager.sync(pod, observed(clock, {}), "");
  await clock.advance(5000);
  assert.deepEqual(times("start"), [0, 2000, 4000]);
  assert.equal(manager.results("u1").get("app")?.startup, "unknown");
  state.answers.set("start", 0);
  await clock.advance(5000);
  assert.deepEqual(times("start"), [0, 2000, 4000, 6000]);
  assert.deepEqual(times("live"), [6000]);
  assert.deepEqual(times("ready"), [6000]);
  const { startup, readiness } = manager.results("u1").get("app")!;
  assert.deepEqual([startup, readiness], ["success", "success"]);
  manager.stopAll();
});

Deno.test("ProbeManager leaves a container that failed liveness alone until there is a new one", async () => {
  const { manager, clock, times, state, changes, events } = setup();
  state.answers.set("live", 7);
  const probe = exec("live", { periodSeconds: 1, failureThreshold: 2, terminationGracePeriodSeconds: 3 });
  const pod = podOf({ livenessProbe: probe });
  manager.sync(pod, observed(clock, {}), "");
  await clock.advance(10_000);
  assert.deepEqual(times("live"), [0, 1000]);
  assert.deepEqual(changes, ["u1"]);
  assert.deepEqual(events, [
    "Unhealthy spec.containers{app} Liveness probe failed: no good",
    "Unhealthy spec.containers{app} Liveness probe failed: no good",
  ]);
  const result = manager.results("u1").get("app")!;
  assert.equal(result.liveness, "failure");
  assert.equal(result.livenessGraceSeconds, 3);
  assert.equal(result.message, "no good\n");
  state.answers.set("live", 0);
  manager.sync(pod, observed(clock, { id: "c2" }, { state: "exited" }), "");
  assert.equal(manager.results("u1").get("app")?.liveness, "success");
  assert.equal(manager.results("u1").get("app")?.livenessGraceSeconds, undefined);
  await clock.advance(1500);
  assert.deepEqual(times("live").slice(2), [10_000, 11_000]);
  manager.stopAll();
});

Deno.test("ProbeManager calls an exited container unready at once and asks it nothing more", async () => {
  const { manager, clock, times } = setup();
  const pod = podOf({ readinessProbe: exec("ready", { periodSeconds: 1 }) });
  manager.sync(pod, observed(clock, {}), "");
  await clock.advance(500);
  assert.equal(manager.results("u1").get("app")?.readiness, "success");
  manager.sync(pod, observed(clock, { state: "exited" }), "");
  assert.equal(manager.results("u1").get("app")?.readiness, "failure");
  await clock.advance(5000);
  assert.deepEqual(times("ready"), [0]);
  manager.stopAll();
});

Deno.test("ProbeManager adopts a ready container as ready and gives it the whole failure threshold", async () => {
  const { manager, clock, state, changes, times } = setup({ random: () => 0.5 });
  state.answers.set("ready", 1);
  const initial = new Map<string, KnownState>([["app", { containerId: "c1", ready: true, started: true }]]);
  const pod = podOf({ startupProbe: exec("start"), readinessProbe: exec("ready"), livenessProbe: exec("live") });
  manager.sync(pod, observed(clock, { startedAt: clock.now() - 3600e3 }), "", initial);
  assert.equal(manager.results("u1").get("app")?.startup, "success");
  assert.equal(manager.results("u1").get("app")?.readiness, "success");
  await clock.advance(24_000);
  assert.deepEqual(times("ready"), [5000, 15_000]);
  assert.deepEqual(times("start"), []);
  assert.deepEqual(changes, []);
  await clock.advance(2000);
  assert.equal(manager.results("u1").get("app")?.readiness, "failure");
  assert.deepEqual(changes, ["u1"]);
  manager.stopAll();
});

Deno.test("ProbeManager does not let one container inherit another's published state", () => {
  const { manager, clock } = setup();
  const initial = new Map<string, KnownState>([["app", { containerId: "c0", ready: true, started: true }]]);
  const pod = podOf({ startupProbe: exec("start"), readinessProbe: exec("ready") });
  manager.sync(pod, observed(clock, {}), "", initial);
  const { startup, readiness } = manager.results("u1").get("app")!;
  assert.deepEqual([startup, readiness], ["unknown", "failure"]);
  manager.stopAll();
});

Deno.test("ProbeManager goes on with readiness and ends the others while a pod terminates", async () => {
  const { manager, clock, times, state } = setup();
  state.answers.set("live", 1);
  const probes = {
    livenessProbe: exec("live", { periodSeconds: 1, failureThreshold: 5 }),
    readinessProbe: exec("ready", { periodSeconds: 1 }),
  };
  manager.sync(podOf(probes), observed(clock, {}), "");
  await clock.advance(1500);
  manager.sync(podOf(probes, { deletionTimestamp: "2026-01-01T00:00:00Z" }), observed(clock, {}), "");
  await clock.advance(3000);
  assert.deepEqual(times("live"), [0, 1000]);
  assert.deepEqual(times("ready"), [0, 1000, 2000, 3000, 4000]);
  assert.equal(manager.results("u1").get("app")?.liveness, "success");
  manager.stopAll();
});

Deno.test("ProbeManager tries a probe that cannot be run three times and then leaves the value as it is", async () => {
  const { manager, clock, times, state, events, changes } = setup();
  manager.sync(podOf({ readinessProbe: exec("ready") }), observed(clock, {}), "");
  await clock.advance(5000);
  state.answers.set("ready", new Error("the runtime is away"));
  await clock.advance(10_000);
  assert.deepEqual(times("ready"), [0, 10_000, 10_000, 10_000]);
  assert.equal(manager.results("u1").get("app")?.readiness, "success");
  assert.deepEqual(changes, ["u1"]);
  assert.deepEqual(events, [
    "Unhealthy spec.containers{app} Readiness probe errored and resulted in unknown state: the runtime is away",
  ]);
  manager.stopAll();
});

Deno.test("ProbeManager calls a command that outlives its timeout a failure", async () => {
  const { manager, clock, state, events } = setup();
  state.answers.set("slow", Object.assign(new Error("deadline"), { code: "deadline_exceeded" }));
  const probe = exec("slow", { timeoutSeconds: 2, failureThreshold: 1 });
  manager.sync(podOf({ livenessProbe: probe }), observed(clock, {}), "");
  await clock.advance(100);
  assert.equal(manager.results("u1").get("app")?.liveness, "failure");
  assert.deepEqual(events, [
    'Unhealthy spec.containers{app} Liveness probe failed: command timed out: "slow" timed out after 2s',
  ]);
  manager.stopAll();
});

Deno.test("ProbeManager gives up a command whose runtime never answers", async () => {
  const { manager, clock, state, times } = setup();
  state.answers.set("hangs", "hang");
  const probe = exec("hangs", { failureThreshold: 1, periodSeconds: 4 });
  manager.sync(podOf({ readinessProbe: probe }), observed(clock, {}), "");
  await clock.advance(6500);
  assert.equal(state.aborted, 1);
  assert.deepEqual(times("hangs"), [0, 6000], "the place it missed is taken once it has ended, others are not made up");
  manager.forget("u1");
  assert.equal(state.aborted, 2);
});

Deno.test("ProbeManager aborts what is under way when the container goes, and takes no outcome from it", async () => {
  const { manager, clock, state, changes, events } = setup();
  state.answers.set("ready", "hang");
  const pod = podOf({ readinessProbe: exec("ready") });
  manager.sync(pod, observed(clock, {}), "");
  await clock.advance(500);
  state.answers.set("ready", 0);
  manager.sync(pod, observed(clock, { id: "c2" }, {}), "");
  await clock.advance(0);
  assert.equal(state.aborted, 1);
  assert.deepEqual(events, []);
  assert.deepEqual(changes, ["u1"]);
  assert.equal(manager.results("u1").get("app")?.containerId, "c2");
  assert.equal(manager.results("u1").get("app")?.readiness, "success");
  manager.stopAll();
});

Deno.test("ProbeManager probes sidecars and not other init containers", async () => {
  const { manager, clock, times, events, state } = setup();
  state.answers.set("side", 1);
  const pod: ProbedPod = {
    metadata: { name: "web" },
    spec: {
      initContainers: [
        { name: "side", restartPolicy: "Always", startupProbe: exec("side") },
        { name: "once", readinessProbe: exec("never") },
      ],
      containers: [{ name: "app" }],
    },
  };
  manager.sync(pod, observed(clock, {}, { id: "c2", name: "side" }, { id: "c3", name: "once" }), "");
  await clock.advance(500);
  assert.deepEqual(times("side"), [0]);
  assert.deepEqual(times("never"), []);
  assert.deepEqual(events, ["Unhealthy spec.initContainers{side} Startup probe failed: no good"]);
  assert.deepEqual([...manager.results("u1").keys()], ["side", "app"]);
  manager.stopAll();
});

Deno.test("ProbeManager spreads a hundred pods that start together over their period", async () => {
  let seed = 1;
  const random = () => (seed = seed * 16807 % 2147483647) / 2147483647;
  const { manager, clock, times } = setup({ random });
  for (let i = 0; i < 100; i++) {
    const view = { ...observed(clock, { id: `c${i}` }), uid: `u${i}` };
    manager.sync(podOf({ livenessProbe: exec("live") }), view, "");
  }
  await clock.advance(10_000);
  const perSecond = Array.from(
    { length: 10 },
    (_, second) => times("live").filter((at) => Math.floor(at / 1000) === second).length,
  );
  assert.equal(times("live").length, 100);
  assert.ok(Math.max(...perSecond) <= 20, `attempts by second: ${perSecond}`);
  manager.stopAll();
});

Deno.test("ProbeManager says nothing of an early look that finds nothing, and takes one that succeeds", async () => {
  const { manager, clock, events, state, times } = setup({ random: () => 0.9 });
  state.answers.set("ready", 1);
  manager.sync(podOf({ readinessProbe: exec("ready", { failureThreshold: 1 }) }), observed(clock, {}), "");
  await clock.advance(8000);
  assert.deepEqual(times("ready"), [0]);
  assert.deepEqual(events, []);
  manager.forget("u1");
  state.answers.set("ready", 0);
  manager.sync(podOf({ readinessProbe: exec("ready") }), observed(clock, {}), "");
  await clock.advance(0);
  assert.equal(manager.results("u1").get("app")?.readiness, "success");
  manager.stopAll();
});

Deno.test("ProbeManager follows an edited probe and drops one that is gone", async () => {
  const { manager, clock, times } = setup();
  manager.sync(podOf({ livenessProbe: exec("old") }), observed(clock, {}), "");
  await clock.advance(5000);
  manager.sync(podOf({ livenessProbe: exec("new") }), observed(clock, {}), "");
  await clock.advance(10_000);
  assert.deepEqual(times("old"), [0]);
  assert.deepEqual(times("new"), [10_000]);
  manager.sync(podOf({}), observed(clock, {}), "");
  await clock.advance(20_000);
  assert.deepEqual(times("new"), [10_000]);
  manager.stopAll();
});

Deno.test("ProbeManager holds no timer when nothing is to be probed", () => {
  const clock = new ManualClock();
  let timers = 0;
  const counting = {
    now: () => clock.now(),
    mono: () => clock.mono(),
    after(ms: number, fn: () => void) {
      timers++;
      const cancel = clock.after(ms, fn);
      return () => {
        timers--;
        cancel();
      };
    },
  };
  const manager = new ProbeManager({
    clock: counting,
    log: silentLogger,
    events: { event() {} },
    onChange() {},
    exec: () => Promise.reject(new Error("unused")),
  });
  manager.sync(podOf({}), observed(clock, {}), "");
  assert.equal(timers, 0);
  for (const uid of ["u1", "u2", "u3"]) {
    manager.sync(podOf({ livenessProbe: exec("live") }), { ...observed(clock, {}), uid }, "");
  }
  assert.equal(timers, 1, "one timer for all");
  manager.stopAll();
  assert.equal(timers, 0);
  assert.equal(manager.results("u1").size, 0);
});
