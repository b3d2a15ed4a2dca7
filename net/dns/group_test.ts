import { deepEqual, equal, ok } from "node:assert/strict";
import { Group, type GroupOptions } from "./group.ts";
import type { Server } from "./resolv_conf.ts";
import { ManualClock, replyBytes } from "./testing.ts";
import { type Question, UnreachableError } from "./upstream.ts";

const question: Question = { bytes: Uint8Array.of(1, 97, 0, 0, 1, 0, 1), dnssec: false, checkingDisabled: false };
const reply = (code: number) =>
  replyBytes({ id: 1, questions: [{ name: "a", type: "A", class: "IN" }] }, { flags: 0x180 | code });
const [fine, failure, refusal] = [reply(0), reply(2), reply(5)];

type Behaviour = "silent" | "unreachable" | Uint8Array | { reply: Uint8Array; afterMs: number };

class Fake {
  asked: number[] = [];
  aborted = 0;

  constructor(readonly server: Server, public behaviour: Behaviour, private readonly clock: ManualClock) {}

  ask(_: Question, signal: AbortSignal): Promise<Uint8Array> {
    this.asked.push(this.clock.mono());
    const behaviour = this.behaviour;
    if (behaviour instanceof Uint8Array) return Promise.resolve(behaviour);
    if (behaviour === "unreachable") return Promise.reject(new UnreachableError("no route"));
    return new Promise((resolve, reject) => {
      const cancel = behaviour === "silent"
        ? () => {}
        : this.clock.after(behaviour.afterMs, () => resolve(behaviour.reply));
      signal.addEventListener("abort", () => {
        this.aborted++;
        cancel();
        reject(signal.reason);
      });
    });
  }
}

function groupOf(behaviours: Behaviour[], options: Partial<GroupOptions> = {}) {
  const clock = new ManualClock();
  const fakes = behaviours.map((behaviour, i) => new Fake({ address: `192.0.2.${i + 1}`, port: 53 }, behaviour, clock));
  const health: string[] = [];
  const group = new Group(fakes, {
    clock,
    tryMs: 1000,
    attempts: 2,
    rotate: false,
    onHealth: (server, alive) => health.push(`${server.address} ${alive ? "alive" : "dead"}`),
    ...options,
  });
  /** Asks, lets time pass, and says what came of it and when. */
  const ask = async (waitMs = 10_000) => {
    const started = clock.mono();
    let outcome: { reply: Uint8Array | undefined; afterMs: number } | "waiting" = "waiting";
    void group.ask(question).then((reply) => outcome = { reply, afterMs: clock.mono() - started });
    await clock.advance(waitMs);
    return outcome as { reply: Uint8Array | undefined; afterMs: number } | "waiting";
  };
  return { clock, fakes, group, ask, health };
}

Deno.test("ask() asks the first server only, where that answers", async () => {
  const { ask, fakes } = groupOf([fine, fine]);
  deepEqual(await ask(), { reply: fine, afterMs: 0 });
  deepEqual(fakes.map(({ asked }) => asked.length), [1, 0]);
});

Deno.test("ask() asks the next server when one is late, and stops the first when it has an answer", async () => {
  const { ask, fakes } = groupOf(["silent", fine]);
  deepEqual(await ask(), { reply: fine, afterMs: 1000 });
  deepEqual(fakes.map(({ aborted }) => aborted), [1, 0]);
});

Deno.test("ask() takes a late answer while the next server is asked", async () => {
  const { ask, fakes, group } = groupOf([{ reply: fine, afterMs: 1200 }, "silent"]);
  deepEqual(await ask(), { reply: fine, afterMs: 1200 });
  deepEqual(fakes.map(({ asked }) => asked), [[0], [1000]]);
  ok(group.servers.every(({ alive }) => alive));
});

Deno.test("ask() goes on to the next server at once when one fails or refuses", async () => {
  const { ask } = groupOf([failure, refusal, fine]);
  deepEqual(await ask(), { reply: fine, afterMs: 0 });
});

Deno.test("ask() tells the failure where all servers report one", async () => {
  const { ask, fakes, group } = groupOf([failure, failure]);
  deepEqual(await ask(), { reply: failure, afterMs: 0 });
  deepEqual(fakes.map(({ asked }) => asked.length), [1, 1]);
  // they live all the same
  ok(group.servers.every(({ alive }) => alive));
});

Deno.test("with all servers silent the answer is no, soon for the first and at once for those that follow", async () => {
  const { ask, fakes, health } = groupOf(["silent", "silent"]);
  const first = await ask();
  ok(first !== "waiting" && first.reply === undefined && first.afterMs <= 4500);
  deepEqual(health, ["192.0.2.1 dead", "192.0.2.2 dead"]);
  const asked = fakes.map(({ asked }) => asked.length);
  // one waits for the grace time while the dead are tried again, then nobody waits
  const again = await ask(100);
  deepEqual(again, { reply: undefined, afterMs: 70 });
  for (let i = 0; i < 5; i++) deepEqual(await ask(0), { reply: undefined, afterMs: 0 });
  deepEqual(fakes.map(({ asked }) => asked.length), asked.map((count) => count + 1));
});

Deno.test("when the last server is found dead nobody waits any longer", async () => {
  const { clock, group } = groupOf(["silent"]);
  const ends: number[] = [];
  for (const start of [0, 500, 1900]) {
    await clock.advance(start - clock.mono());
    void group.ask(question).then((reply) => {
      equal(reply, undefined);
      ends.push(clock.mono());
    });
  }
  await clock.advance(10_000);
  equal(ends.length, 3);
  // two tries of one second without a word
  ok(ends.every((end) => end <= 2000), ends.join());
});

Deno.test("with no way to any server nobody waits at all, not even the first", async () => {
  const { ask, fakes, health } = groupOf(["unreachable", "unreachable"]);
  deepEqual(await ask(0), { reply: undefined, afterMs: 0 });
  deepEqual(health, ["192.0.2.1 dead", "192.0.2.2 dead"]);
  deepEqual(await ask(0), { reply: undefined, afterMs: 0 });
  ok(fakes.every(({ asked }) => asked.length <= 2));
});

Deno.test("a dead server that answers within the grace time gives its answer, and lives", async () => {
  const { ask, clock, fakes, group, health } = groupOf(["unreachable"]);
  await ask(0);
  fakes[0].behaviour = { reply: fine, afterMs: 30 };
  await clock.advance(1000);
  deepEqual(await ask(100), { reply: fine, afterMs: 30 });
  ok(group.servers[0].alive);
  deepEqual(health, ["192.0.2.1 dead", "192.0.2.1 alive"]);
});

Deno.test("a dead server that answers late is no use to who asked, but lives", async () => {
  const { ask, clock, fakes, group } = groupOf(["unreachable"]);
  await ask(0);
  fakes[0].behaviour = { reply: fine, afterMs: 700 };
  await clock.advance(1000);
  deepEqual(await ask(100), { reply: undefined, afterMs: 70 });
  ok(!group.servers[0].alive);
  await clock.advance(600);
  ok(group.servers[0].alive);
  deepEqual(await ask(1000), { reply: fine, afterMs: 700 });
});

Deno.test("the dead are tried less and less often, but every five seconds at least, and at once when the network changes", async () => {
  const { ask, clock, fakes, group } = groupOf(["unreachable"]);
  for (let i = 0; i < 60; i++) {
    await ask(0);
    await clock.advance(500);
  }
  const pauses = fakes[0].asked.map((at, i, all) => at - (all[i - 1] ?? at)).slice(1);
  ok(pauses.length >= 6 && pauses.length <= 10, `${pauses.length} tries in 30 s`);
  ok(pauses.every((pause) => pause >= 1000 && pause <= 5500), pauses.join());
  fakes[0].behaviour = fine;
  group.wake();
  deepEqual(await ask(0), { reply: fine, afterMs: 0 });
});

Deno.test("a server that is dead costs nobody time while another lives, and comes back", async () => {
  const { ask, clock, fakes, group } = groupOf(["unreachable", fine]);
  deepEqual(await ask(0), { reply: fine, afterMs: 0 });
  deepEqual(group.servers.map(({ alive }) => alive), [false, true]);
  fakes[0].behaviour = fine;
  await clock.advance(1000);
  deepEqual(await ask(0), { reply: fine, afterMs: 0 });
  deepEqual(group.servers.map(({ alive }) => alive), [true, true]);
});

Deno.test("one lost datagram is no death", async () => {
  const { ask, fakes, group } = groupOf(["silent"]);
  const asking = ask(1500);
  fakes[0].behaviour = fine;
  const outcome = await asking;
  deepEqual(outcome, { reply: fine, afterMs: 1000 });
  ok(group.servers[0].alive);
});

Deno.test("warmUp() finds the dead before anybody waits for them", async () => {
  const { ask, clock, group } = groupOf(["silent", fine]);
  void group.warmUp(question);
  await clock.advance(3000);
  deepEqual(group.servers.map(({ alive }) => alive), [false, true]);
  deepEqual(await ask(0), { reply: fine, afterMs: 0 });
});

Deno.test("rotate begins with another server each time", async () => {
  const { ask, fakes } = groupOf([fine, fine, fine], { rotate: true });
  for (let i = 0; i < 6; i++) await ask(0);
  deepEqual(fakes.map(({ asked }) => asked.length), [2, 2, 2]);
});

Deno.test("stop() ends what is under way, and nobody is asked afterwards", async () => {
  const { clock, fakes, group } = groupOf(["silent"]);
  const asking = group.ask(question);
  await clock.advance(10);
  group.stop();
  equal(await asking, undefined);
  equal(fakes[0].aborted, 1);
  equal(await group.ask(question), undefined);
});

Deno.test("a group of no servers says no at once", async () => {
  deepEqual(await groupOf([]).ask(0), { reply: undefined, afterMs: 0 });
});
