import assert from "node:assert/strict";
import { PodProgress } from "./progress.ts";
import { attempt, container, ended, observed, pod, sandbox, state } from "../testing.ts";

const run = { type: "run" } as const;
const deletion = { type: "delete", deadline: 0, message: "" } as const;

Deno.test("a pod is released for its end with logs kept, and for its deletion only without them", () => {
  const progress = new PodProgress({});
  assert.equal(progress.of(deletion).released, false);
  progress.done({ type: "release", logs: false });
  assert.deepEqual([progress.of(run).released, progress.of(deletion).released], [true, false]);
  progress.done({ type: "release", logs: true });
  assert.equal(progress.of(deletion).released, true);
  progress.begun({ type: "prepare" });
  assert.equal(progress.released, false);
});

Deno.test("what stands counts from the end of preparing to the beginning of the release", () => {
  const progress = new PodProgress({});
  progress.begun({ type: "prepare" });
  assert.equal(progress.of(run).prepared, false);
  progress.done({ type: "prepare" });
  assert.equal(progress.of(run).prepared, true);
  progress.begun({ type: "release", logs: false });
  assert.equal(progress.of(run).prepared, false);
});

Deno.test("what was ended is remembered for as long as the runtime shows it", () => {
  const progress = new PodProgress({});
  const of = pod();
  const kill = { type: "killContainer", name: "web", containerId: "web-0", deadline: 0, message: "" } as const;
  progress.begun({ ...kill, restart: false });
  assert.deepEqual([...progress.of(run).restartWanted], []);
  progress.begun({ ...kill, restart: true });
  progress.done({ type: "stopSandbox", sandboxId: "s0", reason: "" });
  progress.digest(observed([sandbox()], [attempt(of, "web")]));
  assert.deepEqual([...progress.of(run).restartWanted, ...progress.of(run).stoppedSandboxes], ["web-0", "s0"]);
  progress.digest(observed([sandbox()]));
  assert.deepEqual([...progress.of(run).restartWanted, ...progress.of(run).stoppedSandboxes], ["s0"]);
  progress.digest(observed([]));
  assert.deepEqual([...progress.of(run).stoppedSandboxes], []);
});

Deno.test("init containers that have completed are news once, and kept", () => {
  const of = pod({ initContainers: [container("init")] });
  const seen = observed([sandbox()], [ended(of, "init", 0)]);
  const progress = new PodProgress({});
  assert.equal(progress.noteInits(state(of, seen)), true);
  assert.equal(progress.noteInits(state(of, seen)), false);
  assert.deepEqual(progress.inits, { init: "s0" });
  assert.deepEqual([...new PodProgress(progress.inits).of(run).completedInits], [["init", "s0"]]);
});
