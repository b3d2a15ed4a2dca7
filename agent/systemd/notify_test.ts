import { deepEqual, equal } from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { loadLibc } from "../linux/mod.ts";
import { ServiceState, watchdogMs } from "./notify.ts";
import { datagrams } from "./testing.ts";

loadLibc();

function environment(values: Record<string, string>) {
  const map = new Map(Object.entries(values));
  return { get: (name: string) => map.get(name), delete: (name: string) => void map.delete(name), map };
}

Deno.test("ServiceState tells systemd that it starts, is ready, lives and ends", async () => {
  await using heard = await datagrams();
  const clock = new ManualClock();
  const env = environment({ NOTIFY_SOCKET: heard.path, WATCHDOG_USEC: "30000000", WATCHDOG_PID: "7", HOME: "/" });
  const service = new ServiceState(clock, env, 7);
  deepEqual([...env.map.keys()], ["HOME"]);
  equal(await heard.next(), "EXTEND_TIMEOUT_USEC=60000000\n");
  await clock.advance(10_000);
  equal(await heard.next(), "EXTEND_TIMEOUT_USEC=60000000\n");
  service.ready("Node edge\nruns");
  equal(await heard.next(), "READY=1\nSTATUS=Node edge runs\n");
  equal(await heard.next(), "WATCHDOG=1\n");
  await clock.advance(15_000);
  equal(await heard.next(), "WATCHDOG=1\n");
  service.status("Node edge\nruns");
  service.status("3 pods");
  service.status("3 pods");
  service.stopping("Pods run on");
  equal(await heard.next(), "STATUS=3 pods\n");
  equal(await heard.next(), "STOPPING=1\nSTATUS=Pods run on\n");
  await clock.advance(60_000);
  service.status("too late");
  equal(heard.waiting(), 0);
});

Deno.test("ServiceState without systemd sets no timer and says nothing", async () => {
  const clock = new ManualClock();
  const service = new ServiceState(clock, environment({}), 7);
  service.ready("up");
  service.stopping("down");
  await clock.advance(60_000);
});

Deno.test("ServiceState outlives a systemd that does not listen", () => {
  const service = new ServiceState(new ManualClock(), environment({ NOTIFY_SOCKET: "/nonexistent/notify" }), 7);
  service.ready("up");
});

Deno.test("watchdogMs() is for the process that it names", () => {
  equal(watchdogMs(environment({ WATCHDOG_USEC: "20000000" }), 7), 20_000);
  equal(watchdogMs(environment({ WATCHDOG_USEC: "20000000", WATCHDOG_PID: "8" }), 7), undefined);
  equal(watchdogMs(environment({}), 7), undefined);
});
