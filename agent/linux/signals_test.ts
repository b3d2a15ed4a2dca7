import assert from "node:assert/strict";
import { linuxSignals } from "../objects/mod.ts";
import { loadLibc } from "./libc.ts";
import { sendSignal, signalNumber } from "./signals.ts";

loadLibc();

Deno.test("signalNumber() knows every signal that a manifest may name", () => {
  for (const name of linuxSignals) assert.ok(signalNumber(name), name);
  const known = ["SIGHUP", "SIGKILL", "SIGUSR1", "SIGTERM", "SIGIO", "SIGSYS", "SIGRTMIN", "SIGRTMIN+3", "SIGRTMAX-2"];
  assert.deepEqual(known.map(signalNumber), [1, 9, 10, 15, 29, 31, 34, 37, 62]);
  for (const name of ["TERM", "SIGNONE", "SIGRTMIN+31", "SIGRTMAX-31", "toString"]) {
    assert.equal(signalNumber(name), undefined, name);
  }
});

Deno.test("sendSignal() sends real-time signals too, and refuses to signal everybody", async () => {
  const child = new Deno.Command("sh", {
    args: ["-c", "trap 'exit 42' RTMIN+3; echo ready; while :; do sleep 0.01; done"],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  sendSignal(child.pid, "SIGRTMIN+3");
  const { code, signal } = await child.status;
  // A shell that cannot trap a real-time signal dies of it: either way it has arrived.
  assert.ok(code === 42 || String(signal) === "37" || code === 128 + 37, `${code} ${signal}`);
  assert.throws(() => sendSignal(child.pid, "SIGTERM"), /Cannot send SIGTERM to process \d+: (ESRCH|errno 3)/);
  for (const pid of [0, -1, 1, NaN]) assert.throws(() => sendSignal(pid, "SIGTERM"), /Cannot send SIGTERM/);
});
