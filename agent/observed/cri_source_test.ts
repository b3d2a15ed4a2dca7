import assert from "node:assert/strict";
import { attempt, ended, pod } from "../pods/testing.ts";
import { startWasCut } from "./cri_source.ts";

const cut = {
  startedAt: 0,
  reason: "StartError",
  message: "failed to start containerd task: context canceled: unknown",
};

/** Of the agent's life: after the container was created. */
const began = 10_000;

Deno.test("startWasCut() tells a start that nobody waited for from one that failed and one that ran", () => {
  assert.equal(startWasCut(ended(pod(), "web", 128, cut), began), true);
  assert.equal(startWasCut(ended(pod(), "web", 128, { ...cut, message: 'exec: "nope": not found' }), began), false);
  assert.equal(startWasCut(ended(pod(), "web", 137, { ...cut, reason: "Error", startedAt: 2000 }), began), false);
  assert.equal(startWasCut(ended(pod(), "web", 255, { ...cut, reason: "Unknown", message: "" }), began), true);
  assert.equal(startWasCut(attempt(pod(), "web"), began), false);
  const killed = "failed to create containerd task: failed to start shim: start failed: : signal: killed: unknown";
  assert.equal(startWasCut(ended(pod(), "web", 128, { ...cut, message: killed }), began), true);
  assert.equal(startWasCut(ended(pod(), "web", 128, { ...cut, message: killed }), 0), false, "killed in this life");
  const between = { ...cut, message: "whatever", finishedAt: began - 500 };
  assert.equal(startWasCut(ended(pod(), "web", 128, between), began), true, "failed when the last life was over");
  assert.equal(startWasCut(ended(pod(), "web", 128, { ...between, createdAt: began + 1 }), began), false);
});
