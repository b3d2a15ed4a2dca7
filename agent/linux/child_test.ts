import assert from "node:assert/strict";
import { runBounded, unlessMissing } from "./child.ts";

Deno.test("the first program that the machine has answers", async () => {
  const answer = await runBounded([["no-such-program-here"], ["echo", "-n"]], ["a", "b c"], 5000);
  assert.deepEqual(answer, { code: 0, stdout: "a b c", stderr: "" });
  await assert.rejects(runBounded([["no-such-program-here"]], [], 5000), Deno.errors.NotFound);
  assert.equal(await runBounded([["no-such-program-here"]], [], 5000).catch(unlessMissing), undefined);
});

Deno.test("a program that takes too long is ended and tells nothing", async () => {
  assert.equal(await runBounded([["sleep"]], ["60"], 20), undefined);
});

Deno.test("a program that is given up ends with the reason of the signal", async () => {
  const abort = new AbortController();
  const running = runBounded([["sleep"]], ["60"], 60_000, abort.signal);
  abort.abort(new Error("no more"));
  await assert.rejects(running, /no more/);
});
