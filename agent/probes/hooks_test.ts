import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { HookError, type HookTarget, runHook } from "./hooks.ts";
import type { ExecSync } from "./types.ts";

const target: HookTarget = {
  pod: { name: "web", namespace: "default", uid: "u1" },
  containerId: "c1",
  podIP: "127.0.0.1",
  container: { name: "app", ports: [] },
};

const exec = (exitCode: number): ExecSync => async () => ({ exitCode, stdout: "", stderr: "no such file\n" });
const hanging: ExecSync = (_id, _command, _timeout, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

Deno.test("runHook() runs a command to its end with a limit that it never reaches", async () => {
  const calls: unknown[] = [];
  const handler = { exec: { command: ["sh", "-c", "sync"] } };
  await runHook(handler, target, {
    exec: async (id, command, timeoutMs) => {
      calls.push([id, command, timeoutMs]);
      return { exitCode: 0, stdout: "", stderr: "" };
    },
  });
  assert.deepEqual(calls, [["c1", ["sh", "-c", "sync"], 7 * 24 * 3600 * 1000]]);
});

Deno.test("runHook() fails in kubelet's words when a command exits with another code than 0", async () => {
  await assert.rejects(runHook({ exec: { command: ["cat", "x"] } }, target, { exec: exec(1) }), {
    name: "HookError",
    timedOut: false,
    message: 'Exec lifecycle hook ([cat x]) for Container "app" in Pod "web_default(u1)" failed - ' +
      `error: command 'cat x' exited with 1: no such file, message: "no such file\\n"`,
  });
});

Deno.test("runHook() takes any HTTP answer as a hook that worked", async () => {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    asked.push(new URL(request.url).pathname);
    return new Response("no", { status: 500 });
  });
  const { port } = server.addr;
  await runHook({ httpGet: { port, path: "/drain" } }, target, { exec: exec(0) });
  await runHook({ httpGet: { port, path: "/fallback", scheme: "HTTPS" } }, target, { exec: exec(0) });
  await server.shutdown();
  assert.deepEqual(asked, ["/drain", "/fallback"]);
});

Deno.test("runHook() fails when the HTTP or TCP server cannot be reached", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  await runHook({ tcpSocket: { port } }, target, { exec: exec(0) });
  listener.close();
  const refused = `dial tcp 127.0.0.1:${port}: connect: connection refused`;
  await assert.rejects(runHook({ httpGet: { port, path: "/x" } }, target, { exec: exec(0) }), {
    message: 'HTTP lifecycle hook (/x) for Container "app" in Pod "web_default(u1)" failed - ' +
      `error: Get "http://127.0.0.1:${port}/x": ${refused}`,
  });
  await assert.rejects(runHook({ tcpSocket: { port } }, target, { exec: exec(0) }), {
    message: `TCP lifecycle hook (${port}) for Container "app" in Pod "web_default(u1)" failed - error: ${refused}`,
  });
});

Deno.test("runHook() sleeps by the clock", async () => {
  const clock = new ManualClock();
  let done = false;
  const pending = runHook({ sleep: { seconds: 5 } }, target, { exec: exec(0), clock }).then(() => done = true);
  await clock.advance(4999);
  assert.equal(done, false);
  await clock.advance(1);
  assert.equal(done, true);
  await pending;
});

Deno.test("runHook() is cut off when its grace is over", async () => {
  for (const handler of [{ sleep: { seconds: 60 } }, { exec: { command: ["sleep", "60"] } }]) {
    const clock = new ManualClock();
    const pending = runHook(handler, target, { exec: hanging, clock, timeoutMs: 2000 });
    const outcome = assert.rejects(pending, (err) => {
      assert.ok(err instanceof HookError);
      assert.equal(err.timedOut, true);
      assert.match(err.message, /error: timed out after 2s/);
      return true;
    });
    await clock.advance(2000);
    await outcome;
  }
});

Deno.test("runHook() does not wait for a runtime that ignores the abort", async () => {
  const clock = new ManualClock();
  const deaf: ExecSync = () => new Promise(() => {});
  const pending = runHook({ exec: { command: ["x"] } }, target, { exec: deaf, clock, timeoutMs: 1000 });
  const outcome = assert.rejects(pending, HookError);
  await clock.advance(1000);
  await outcome;
});

Deno.test("runHook() rejects with the signal's reason when it is called off", async () => {
  const abort = new AbortController();
  const reason = new Error("the pod is gone");
  const pending = runHook({ exec: { command: ["x"] } }, target, { exec: hanging, signal: abort.signal });
  abort.abort(reason);
  await assert.rejects(pending, reason);
  await assert.rejects(runHook({ sleep: { seconds: 1 } }, target, { exec: exec(0), signal: abort.signal }), reason);
});

Deno.test("runHook() refuses a hook that names no handler", async () => {
  await assert.rejects(runHook({}, target, { exec: exec(0) }), /invalid handler/);
});
