import assert from "node:assert/strict";
import { attempt, ended, pod } from "../pods/testing.ts";
import { startWasCut } from "./cri_source.ts";

const cut = {
  startedAt: 0,
  reason: "StartError",
  message: "failed to start containerd task: context canceled: unknown",
};

Deno.test("startWasCut() tells a start that nobody waited for from one that failed and one that ran", () => {
  assert.equal(startWasCut(ended(pod(), "web", 128, cut)), true);
  assert.equal(startWasCut(ended(pod(), "web", 128, { ...cut, message: 'exec: "nope": not found' })), false);
  assert.equal(startWasCut(ended(pod(), "web", 137, { ...cut, reason: "Error", startedAt: 2000 })), false);
  assert.equal(startWasCut(attempt(pod(), "web")), false);
});
