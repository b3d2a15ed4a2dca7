/** A hundred thousand requests from a seed (ISLET_FUZZ_SEED) against the API as a process; `deno task fuzz` sends a million. */
import { equal, ok } from "node:assert/strict";
import { fuzz } from "./fuzz.ts";

Deno.test("no request makes the API fail, and its memory comes back", async () => {
  const seed = Number(Deno.env.get("ISLET_FUZZ_SEED") ?? 1);
  const { requests, statuses, failures, rss } = await fuzz(100_000, seed);
  equal(failures.join("\n"), "", `with seed ${seed}:\n${failures.join("\n")}`);
  ok(requests >= 100_000, `${requests}`);
  // a fuzzer whose requests are all refused at the door finds nothing
  for (const status of [200, 201, 400, 404, 409, 422]) {
    ok((statuses.get(status) ?? 0) > 500, `few answers are ${status}`);
  }
  ok(rss.after - rss.before < 10e6, `RSS went from ${rss.before} to ${rss.after}`);
});
