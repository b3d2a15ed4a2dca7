import assert from "node:assert/strict";
import { GivenUpContainers } from "./given_up.ts";
import { ended, observed, pod, sandbox } from "./testing.ts";

const of = pod();
const dead = (count: number, finished = true) => ({
  observed: observed(
    [sandbox()],
    Array.from({ length: count }, (_, at) => ended(of, "web", 1, { attempt: count - at })),
  ),
  finished,
});

Deno.test("a limit is news when others are too many than before", () => {
  const givenUp = new GivenUpContainers(1);
  assert.equal(givenUp.limit(() => [dead(1)]), false);
  assert.equal(givenUp.limit(() => [dead(2)]), true);
  assert.deepEqual([...givenUp.ids], ["web-1"]);
  assert.equal(givenUp.limit(() => [dead(2)]), false);
});

Deno.test("without a limit nobody looks, and what is given up by command stays given up", () => {
  const givenUp = new GivenUpContainers(-1);
  assert.equal(givenUp.limit(() => assert.fail()), false);
  assert.deepEqual([...givenUp.giveUp([dead(2), dead(1, false)])], ["web-2", "web-1"]);
  assert.deepEqual([...givenUp.ids], ["web-2", "web-1"]);
});
