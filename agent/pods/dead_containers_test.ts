import { deepEqual } from "node:assert/strict";
import type { ObservedContainer } from "../observed/types.ts";
import { type DeadPod, excessContainers, finishedContainers } from "./dead_containers.ts";
import { attempt, ended, observed, pod } from "./testing.ts";

/** A pod whose container has run so often; the IDs are `<prefix><attempt>`. */
function dead(prefix: string, attempts: number, { finished = false, running = false, since = 0 } = {}): DeadPod {
  const of = pod();
  const containers: ObservedContainer[] = [];
  for (let number = attempts - 1; number >= 0; number--) {
    const make = running && number === attempts - 1 ? attempt(of, "web") : ended(of, "web", 1);
    containers.push({ ...make, id: `${prefix}${number}`, attempt: number, createdAt: since + number });
  }
  return { observed: observed([], containers), finished };
}

const cases: [name: string, pods: DeadPod[], total: number, expected: string[]][] = [
  ["without a limit none is", [dead("a", 5, { finished: true })], -1, []],
  ["as many as are allowed stay", [dead("a", 2, { running: true }), dead("b", 2, { running: true })], 2, []],
  [
    "each container keeps its share, the newest",
    [dead("a", 5, { running: true, since: 100 }), dead("b", 2, { running: true })],
    2,
    ["a0", "a1", "a2"],
  ],
  [
    "with less than one for each the oldest go",
    [
      dead("new", 2, { running: true, since: 200 }),
      dead("old", 2, { running: true }),
      dead("mid", 2, { running: true, since: 100 }),
    ],
    1,
    ["mid0", "old0"],
  ],
  ["none stays where none is allowed", [dead("a", 3, { running: true })], 0, ["a0", "a1"]],
  ["the last end of a pod that runs stays, though it counts", [dead("a", 2), dead("b", 1)], 0, ["a0"]],
  ["the last end of a pod that has finished goes", [dead("a", 2, { finished: true })], 0, ["a0", "a1"]],
];

for (const [name, pods, total, expected] of cases) {
  Deno.test(`excessContainers(): ${name}`, () => deepEqual([...excessContainers(pods, total)].sort(), expected));
}

Deno.test("finishedContainers() are those of pods that have finished", () => {
  const pods = [dead("a", 2, { finished: true }), dead("b", 3), dead("c", 2, { running: true })];
  deepEqual([...finishedContainers(pods)].sort(), ["a0", "a1"]);
});
