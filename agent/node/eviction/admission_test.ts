import { equal } from "node:assert/strict";
import type { Pod } from "../../objects/mod.ts";
import { pressureRefusal } from "./admission.ts";
import type { Pressure } from "./signals.ts";
import { testPod } from "./testing.ts";

const effort = testPod("effort"), burstable = testPod("burstable", { requests: { memory: "1Mi" } });
const critical = testPod("critical", { priority: 2_000_000_000 });
const tolerant = testPod("tolerant", {
  more: { tolerations: [{ key: "node.kubernetes.io/memory-pressure", operator: "Exists" }] },
});

const cases: [pod: Pod, pressures: Pressure[], admitted: boolean][] = [
  [effort, [], true],
  [effort, ["MemoryPressure"], false],
  [tolerant, ["MemoryPressure"], true],
  [tolerant, ["MemoryPressure", "PIDPressure"], false],
  [burstable, ["MemoryPressure"], true],
  [burstable, ["DiskPressure"], false],
  [burstable, ["PIDPressure"], false],
  [critical, ["MemoryPressure", "DiskPressure", "PIDPressure"], true],
];
for (const [pod, pressures, admitted] of cases) {
  Deno.test(`pressureRefusal() ${admitted ? "lets" : "does not let"} ${pod.metadata.name} in under [${pressures}]`, () => {
    equal(pressureRefusal(pod, pressures) === undefined, admitted);
  });
}
