import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { ContainerState, ContainerStatusResponseSchema, CriError, Signal } from "../../../cri/mod.ts";
import { ManualClock } from "../../clock.ts";
import { planSignal, type Processes, sendStopSignal } from "./stop_signal.ts";

const running = { id: "c1", state: ContainerState.CONTAINER_RUNNING, stopSignal: Signal.RUNTIME_DEFAULT };
const here = () => "0::/kubepods/podu1/c1";

Deno.test("planSignal() sends the signal only where the runtime would not, to a process that is the container's", () => {
  const plan = (status: object, info = '{"pid":7}', cgroups: Processes["cgroups"] = here) =>
    planSignal({ ...running, ...status }, info, Signal.SIGUSR1, cgroups);
  assert.deepEqual(plan({}), { type: "send", pid: 7 });
  assert.equal(plan({ stopSignal: Signal.SIGUSR1 }).type, "leave");
  assert.equal(plan({ state: ContainerState.CONTAINER_EXITED }).type, "leave");
  assert.equal(plan({}, '{"pid":7}', () => undefined).type, "leave", "it has just ended");
  assert.equal(plan({}, '{"pid":7}', () => "0::/init.scope").type, "cannot");
  for (const info of ["", "{}", '{"pid":1}', '{"pid":"7"}']) assert.equal(plan({}, info).type, "cannot", info);
});

/** A container whose process takes `endsAfterMs` to end once it has its signal. */
function machine(clock: ManualClock, endsAfterMs: number) {
  let alive = true;
  const sent: [number, string][] = [];
  const processes: Processes = {
    cgroups: () => alive ? here() : undefined,
    identity: () => alive ? "started at 5" : undefined,
    send(pid, signal) {
      sent.push([pid, signal]);
      clock.after(endsAfterMs, () => alive = false);
    },
  };
  const answer = create(ContainerStatusResponseSchema, { status: running, info: { info: '{"pid":7}' } });
  const runtime = { containerStatus: () => Promise.resolve(answer) };
  return { deps: { clock, processes, runtime }, sent };
}

/** What comes of it, and after how many ms. */
async function outcome(clock: ManualClock, work: Promise<{ type: string }>): Promise<[string, number]> {
  const begun = clock.mono();
  let result: [string, number] | undefined;
  work.then(({ type }) => result = [type, clock.mono() - begun]);
  for (let i = 0; i < 100 && !result; i++) await clock.advance(100);
  return result!;
}

Deno.test("sendStopSignal() sends it and waits for the end, no longer than the grace period", async () => {
  const signal = new AbortController().signal;
  for (const [endsAfterMs, waited] of [[300, 300], [60_000, 2000]]) {
    const clock = new ManualClock();
    const { deps, sent } = machine(clock, endsAfterMs);
    const work = sendStopSignal("SIGRTMIN+3", "c1", clock.mono() + 2000, deps, { signal, sent: false });
    assert.deepEqual(await outcome(clock, work), ["send", waited]);
    assert.deepEqual(sent, [[7, "SIGRTMIN+3"]]);
  }
});

Deno.test("sendStopSignal() sends it once, however often a kill is overtaken, and ends with its signal", async () => {
  const clock = new ManualClock();
  const { deps, sent } = machine(clock, 60_000);
  const again = sendStopSignal("SIGUSR1", "c1", clock.mono() + 500, deps, {
    signal: new AbortController().signal,
    sent: true,
  });
  assert.deepEqual([await outcome(clock, again), sent], [["send", 500], []]);
  const abort = new AbortController();
  const work = sendStopSignal("SIGUSR1", "c1", clock.mono() + 5000, deps, { signal: abort.signal, sent: false });
  const rejected = assert.rejects(work, /overtaken/);
  await clock.advance(100);
  abort.abort(new Error("overtaken"));
  await clock.advance(100);
  await rejected;
});

Deno.test("sendStopSignal() leaves a container that the runtime does not know", async () => {
  const clock = new ManualClock();
  const { deps } = machine(clock, 0);
  const runtime = { containerStatus: () => Promise.reject(new CriError("ContainerStatus", "not_found", "gone")) };
  const options = { signal: new AbortController().signal, sent: false };
  const plan = await sendStopSignal("SIGUSR1", "c1", 1000, { ...deps, runtime }, options);
  assert.equal(plan.type, "leave");
});
