import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { runProbe } from "./handlers.ts";
import { joinHostPort, resolveHost, resolvePort } from "./target.ts";
import type { ExecSync, ProbeHandler, ProbeTarget } from "./types.ts";

const noExec: ExecSync = () => Promise.reject(new Error("unused"));

const target = (port = 80): ProbeTarget => ({
  containerId: "c1",
  podIP: "127.0.0.1",
  container: { name: "web", ports: [{ name: "http", containerPort: port }] },
});

const probe = (handler: ProbeHandler, at = target(), exec = noExec) => runProbe(handler, at, { timeoutMs: 5000, exec });

Deno.test("an httpGet probe judges by status", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const status = Number(new URL(request.url).pathname.slice(1));
    return new Response(null, { status, headers: status === 302 ? { location: "http://elsewhere.example/" } : {} });
  });
  try {
    const { port } = server.addr;
    const got: Record<string, string> = {};
    for (const status of [200, 204, 304, 302, 404, 503]) {
      got[status] = (await probe({ httpGet: { port: "http", path: `/${status}` } }, target(port))).result;
    }
    assert.deepEqual(got, {
      200: "success",
      204: "success",
      304: "warning",
      302: "warning",
      404: "failure",
      503: "failure",
    });
    assert.deepEqual(await probe({ httpGet: { port, path: "503" } }, target()), {
      result: "failure",
      message: "HTTP probe failed with statuscode: 503",
    });
  } finally {
    await server.shutdown();
  }
});

Deno.test("a tcpSocket probe succeeds with an accepted connection and says why it failed", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  assert.deepEqual(await probe({ tcpSocket: { port } }), { result: "success", message: "" });
  listener.close();
  assert.deepEqual(await probe({ tcpSocket: { port } }), {
    result: "failure",
    message: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });
});

Deno.test("an exec probe judges by exit code and shows what the command wrote", async () => {
  const calls: unknown[] = [];
  const exec = (exitCode: number): ExecSync => async (id, command, timeoutMs) => {
    calls.push([id, command, timeoutMs]);
    return { exitCode, stdout: new TextEncoder().encode("out "), stderr: "err" };
  };
  const handler = { exec: { command: ["cat", "/tmp/healthy"] } };
  assert.deepEqual(await probe(handler, target(), exec(0)), { result: "success", message: "out err" });
  assert.deepEqual(await probe(handler, target(), exec(1)), { result: "failure", message: "out err" });
  assert.deepEqual(calls, Array(2).fill(["c1", ["cat", "/tmp/healthy"], 5000]));
});

Deno.test("a probe that cannot be carried out is an error, not a failure", async () => {
  assert.deepEqual(await probe({ exec: { command: ["x"] } }, target(), () => Promise.reject(new Error("gone"))), {
    result: "error",
    message: "gone",
  });
  assert.equal((await probe({ httpGet: { port: "admin" } })).result, "error");
  assert.equal((await probe({ tcpSocket: { port: 80 } }, { ...target(), podIP: "" })).result, "error");
  assert.equal((await probe({})).result, "error");
});

Deno.test("a probe's time is the clock's", async () => {
  const clock = new ManualClock();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const handler = { httpGet: { port: listener.addr.port } };
  const pending = runProbe(handler, target(), { timeoutMs: 3000, exec: noExec, clock });
  const conn = await listener.accept();
  await clock.advance(2999);
  let settled = false;
  void pending.then(() => settled = true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(settled, false);
  await clock.advance(1);
  const { result, message } = await pending;
  assert.equal(result, "failure");
  assert.match(message, /context deadline exceeded/);
  conn.close();
  listener.close();
});

Deno.test("an aborted probe is an error whatever its handler makes of it", async () => {
  const abort = new AbortController();
  const exec: ExecSync = (_id, _command, _timeout, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const pending = runProbe({ exec: {} }, target(), { timeoutMs: 1000, exec, controller: abort });
  abort.abort();
  assert.equal((await pending).result, "error");
  const late = await runProbe({ exec: {} }, target(), { timeoutMs: 1000, exec, controller: abort });
  assert.equal(late.result, "error");
});

const ports: [port: number | string, number: number | string][] = [
  [8080, 8080],
  ["http", 80],
  ["9090", 9090],
  ["admin", 'Cannot find port "admin": container "web" has no port of that name'],
  [0, "invalid port number: 0"],
  ["70000", "invalid port number: 70000"],
];

for (const [port, expected] of ports) {
  Deno.test(`resolvePort() of ${JSON.stringify(port)} is ${expected}`, () => {
    const resolve = () => resolvePort(port, target().container);
    if (typeof expected === "number") assert.equal(resolve(), expected);
    else assert.throws(resolve, { message: expected });
  });
}

Deno.test("resolveHost() is the action's host, else the pod's address, else loopback for hostNetwork", () => {
  assert.equal(resolveHost("db.example", target()), "db.example");
  assert.equal(resolveHost("", { ...target(), podIP: "10.0.0.9" }), "10.0.0.9");
  assert.equal(resolveHost(undefined, { ...target(), podIP: "", hostNetwork: true }), "127.0.0.1");
  assert.throws(() => resolveHost(undefined, { ...target(), podIP: "" }), /no IP address/);
});

Deno.test("joinHostPort() brackets IPv6", () => {
  assert.equal(joinHostPort("10.0.0.1", 80), "10.0.0.1:80");
  assert.equal(joinHostPort("fd00::1", 80), "[fd00::1]:80");
});
