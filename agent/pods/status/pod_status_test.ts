import { deepEqual, equal } from "node:assert/strict";
import { observed, pod, state } from "../testing.ts";
import { podStatus, turnedAway } from "./pod_status.ts";

const facts = {
  previous: {},
  hostIPs: ["192.0.2.1"],
  runtimeName: "containerd",
  now: Date.UTC(2026, 0, 1),
  backoffSeconds: () => 10,
};
const refusal = { type: "finish", deadline: 0, reason: "OutOfcpu", message: "too large" } as const;

Deno.test("a pod that was never let in shows the reason and no container that would wait", () => {
  const refused = podStatus(state(pod(), observed([]), { intent: refusal }), facts);
  deepEqual([refused.phase, refused.reason, refused.message], ["Failed", "OutOfcpu", "too large"]);
  equal(refused.containerStatuses, undefined);
  equal(refused.initContainerStatuses, undefined);
  equal(turnedAway(refused), true);
  deepEqual(podStatus(state(pod(), observed([]), { intent: refusal }), { ...facts, previous: refused }), refused);
});

Deno.test("a pod that waits to be made shows its containers waiting", () => {
  const pending = podStatus(state(pod(), observed([])), facts);
  deepEqual(pending.containerStatuses?.map((each) => each.state), [{ waiting: { reason: "ContainerCreating" } }]);
});
