import { equal } from "node:assert/strict";
import type { Pod } from "../../objects/mod.ts";
import { staySeconds, type TimedTaint } from "./plan.ts";

const now = Date.UTC(2026, 0, 1, 0, 10);
const pod = (...tolerations: NonNullable<Pod["spec"]["tolerations"]>): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { containers: [], tolerations },
});
const taint = (more: Partial<TimedTaint> = {}): TimedTaint => ({
  key: "role",
  effect: "NoExecute",
  timeAdded: "2026-01-01T00:09:00Z",
  ...more,
});
const exists = (seconds?: number) => ({
  key: "role",
  operator: "Exists" as const,
  ...(seconds === undefined ? {} : { tolerationSeconds: seconds }),
});

const cases: [name: string, pod: Pod, taints: TimedTaint[], expected: number | undefined][] = [
  ["without taints a pod stays", pod(), [], undefined],
  ["a NoSchedule taint drives nobody away", pod(), [taint({ effect: "NoSchedule" })], undefined],
  ["a pod without toleration goes at once", pod(), [taint()], 0],
  ["a toleration without seconds is for good", pod(exists()), [taint()], undefined],
  ["a toleration's seconds count from the taint", pod(exists(300)), [taint()], 240],
  [
    "they count from the pod where that came later",
    pod(exists(300)),
    [taint({ timeAdded: "2025-12-31T00:00:00Z" })],
    0,
  ],
  ["seconds that are over are over", pod(exists(30)), [taint()], 0],
  ["no second is less than none", pod(exists(-5)), [taint()], 0],
  ["a clock that was set back gives no more than the toleration", pod(exists(300)), [
    taint({ timeAdded: "2030-01-01T00:00:00Z" }),
  ], 300],
  ["one taint that is not tolerated is enough", pod(exists()), [taint(), taint({ key: "other" })], 0],
  ["the shortest toleration counts", pod(exists(300), { ...exists(100), key: "other" }), [
    taint(),
    taint({ key: "other" }),
  ], 40],
];

for (const [name, given, taints, expected] of cases) {
  Deno.test(`staySeconds(): ${name}`, () => equal(staySeconds(given, taints, now), expected));
}
