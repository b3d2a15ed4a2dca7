import assert from "node:assert/strict";
import { SharedWork } from "./shared_work.ts";

const never = () => new AbortController().signal;
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("SharedWork does the same work once for all who ask", async () => {
  const work = new SharedWork<number>(2);
  let runs = 0;
  const gate = Promise.withResolvers<void>();
  const job = async () => {
    const run = ++runs;
    await gate.promise;
    return run;
  };
  const asked = [work.run("a", never(), job), work.run("a", never(), job)];
  gate.resolve();
  assert.deepEqual(await Promise.all(asked), [1, 1]);
  assert.equal(await work.run("a", never(), job), 2, "later work is new work");
});

Deno.test("SharedWork runs no more than its limit at once, in order", async () => {
  const work = new SharedWork<void>(2);
  const started: string[] = [];
  const gates = new Map<string, () => void>();
  const all = ["a", "b", "c", "d"].map((key) =>
    work.run(key, never(), () => {
      started.push(key);
      return new Promise((resolve) => gates.set(key, resolve));
    })
  );
  await turn();
  assert.deepEqual(started, ["a", "b"]);
  gates.get("b")!();
  await turn();
  assert.deepEqual(started, ["a", "b", "c"]);
  for (const key of ["a", "c"]) gates.get(key)!();
  await turn();
  gates.get("d")!();
  await Promise.all(all);
});

Deno.test("SharedWork goes on while one caller is left and is cancelled with the last", async () => {
  const work = new SharedWork<void>(1);
  const [one, two] = [new AbortController(), new AbortController()];
  let cancelled: unknown;
  const job = (signal: AbortSignal) =>
    new Promise<void>((_, reject) =>
      signal.addEventListener("abort", () => {
        cancelled = signal.reason;
        reject(signal.reason);
      })
    );
  const first = work.run("a", one.signal, job), second = work.run("a", two.signal, job);
  await turn();
  one.abort("gone");
  await assert.rejects(first, (reason) => reason === "gone");
  assert.equal(cancelled, undefined);
  two.abort("gone too");
  await assert.rejects(second, (reason) => reason === "gone too");
  assert.equal(cancelled, "gone too");
});

Deno.test("SharedWork never starts what was given up while it waited, and its place goes to the next", async () => {
  const work = new SharedWork<string>(1);
  const gate = Promise.withResolvers<string>();
  const running = work.run("a", never(), () => gate.promise);
  const given = new AbortController();
  let started = false;
  const waiting = work.run("b", given.signal, () => {
    started = true;
    return Promise.resolve("b");
  });
  const next = work.run("c", never(), () => Promise.resolve("c"));
  given.abort("no");
  await assert.rejects(waiting, (reason) => reason === "no");
  gate.resolve("a");
  assert.deepEqual(await Promise.all([running, next]), ["a", "c"]);
  assert.equal(started, false);
});

Deno.test("SharedWork keeps to its limit when someone further back in the line gives up", async () => {
  const work = new SharedWork<void>(1);
  const gate = Promise.withResolvers<void>();
  const started: string[] = [];
  const running = work.run("a", never(), () => gate.promise);
  const next = work.run("b", never(), () => Promise.resolve(void started.push("b")));
  const given = new AbortController();
  const waiting = work.run("c", given.signal, () => Promise.resolve(void started.push("c")));
  given.abort("no");
  await assert.rejects(waiting, (reason) => reason === "no");
  await turn();
  assert.deepEqual(started, [], "a still runs");
  gate.resolve();
  await Promise.all([running, next]);
  assert.deepEqual(started, ["b"]);
});

Deno.test("SharedWork lets everyone see the failure and then tries anew", async () => {
  const work = new SharedWork<string>(1);
  const failing = () => Promise.reject(new Error("no"));
  const asked = [work.run("a", never(), failing), work.run("a", never(), failing)];
  for (const each of asked) await assert.rejects(each, /no/);
  assert.equal(await work.run("a", never(), () => Promise.resolve("yes")), "yes");
});
