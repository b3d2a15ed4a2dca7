import assert from "node:assert/strict";
import { CallQueue, laneLimits } from "./queue.ts";

const never = new AbortController().signal;

Deno.test("laneLimits() keeps a quarter for queries and at least one for each lane", () => {
  assert.deepEqual(laneLimits(16), { query: 4, change: 12, wait: 256 });
  assert.deepEqual(laneLimits(1), { query: 1, change: 1, wait: 256 });
});

Deno.test("a full lane lets the next call in when one leaves, in the order of asking", async () => {
  const queue = new CallQueue({ query: 1, change: 1, wait: 1 });
  const order: string[] = [];
  await queue.enter("change", never);
  const b = queue.enter("change", never).then(() => order.push("b"));
  const c = queue.enter("change", never).then(() => order.push("c"));
  assert.deepEqual(queue.load, { running: 1, waiting: 2 });
  queue.leave("change");
  await b;
  assert.deepEqual(order, ["b"]);
  queue.leave("change");
  await c;
  queue.leave("change");
  assert.deepEqual(queue.load, { running: 0, waiting: 0 });
});

Deno.test("a full lane does not hold back another", async () => {
  const queue = new CallQueue({ query: 1, change: 1, wait: 1 });
  await queue.enter("change", never);
  await queue.enter("wait", never);
  await queue.enter("query", never);
  assert.deepEqual(queue.load, { running: 3, waiting: 0 });
});

Deno.test("a call that is aborted while it waits gives up its place", async () => {
  const queue = new CallQueue({ query: 1, change: 1, wait: 1 });
  await queue.enter("query", never);
  const impatient = new AbortController();
  const waiting = queue.enter("query", impatient.signal);
  const patient = queue.enter("query", never);
  impatient.abort(new Error("gave up"));
  await assert.rejects(waiting, /gave up/);
  assert.equal(queue.load.waiting, 1);
  queue.leave("query");
  await patient;
  await assert.rejects(queue.enter("query", impatient.signal), /gave up/);
});
