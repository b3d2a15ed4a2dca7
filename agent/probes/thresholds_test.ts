import assert from "node:assert/strict";
import {
  adoptedMemory,
  dueAt,
  eligibleAt,
  eventFor,
  firstAttempt,
  initialMemory,
  judge,
  nextAttempt,
  trustedAge,
} from "./thresholds.ts";
import type { ProbeOutcome, ProbeSpec, ProbeType, ProbeValue } from "./types.ts";

const tcp: ProbeSpec = { tcpSocket: { port: 80 } };

/** S success, W warning, F failure, E error. */
const letters: Record<string, ProbeOutcome["result"]> = { S: "success", W: "warning", F: "failure", E: "error" };

const judged: { name: string; type: ProbeType; probe?: ProbeSpec; outcomes: string; values: ProbeValue[] }[] = [
  {
    name: "readiness starts as a failure and needs one success",
    type: "readiness",
    outcomes: "S",
    values: ["success"],
  },
  {
    name: "readiness falls after three failures in a row and rises with the next success",
    type: "readiness",
    outcomes: "SFFFS",
    values: ["success", "success", "success", "failure", "success"],
  },
  {
    name: "a success between failures starts the count anew",
    type: "readiness",
    outcomes: "SFFSFF",
    values: ["success", "success", "success", "success", "success", "success"],
  },
  {
    name: "successThreshold asks for successes in a row",
    type: "readiness",
    probe: { successThreshold: 2, failureThreshold: 1 },
    outcomes: "SFSSF",
    values: ["failure", "failure", "failure", "success", "failure"],
  },
  {
    name: "an error neither counts nor interrupts the count",
    type: "readiness",
    outcomes: "SFEFEF",
    values: ["success", "success", "success", "success", "success", "failure"],
  },
  { name: "a warning counts as a success", type: "readiness", outcomes: "W", values: ["success"] },
  {
    name: "liveness starts as a success and a failure is for good",
    type: "liveness",
    outcomes: "FFFS",
    values: ["success", "success", "failure", "failure"],
  },
  {
    name: "startup is unknown until it passes, and then for good",
    type: "startup",
    outcomes: "FFSFFF",
    values: ["unknown", "unknown", "success", "success", "success", "success"],
  },
  {
    name: "a startup probe that fails too often has failed for good",
    type: "startup",
    probe: { failureThreshold: 2 },
    outcomes: "FFS",
    values: ["unknown", "failure", "failure"],
  },
];

for (const { name, type, probe = {}, outcomes, values } of judged) {
  Deno.test(`judge(): ${name}`, () => {
    let memory = initialMemory(type);
    const got = [...outcomes].map((letter) => (memory = judge(type, probe, memory, letters[letter])).value);
    assert.deepEqual(got, values);
  });
}

Deno.test("judge() rests a failed liveness probe and a finished startup probe, never a readiness probe", () => {
  const after = (type: ProbeType, result: ProbeOutcome["result"]) =>
    judge(type, { failureThreshold: 1 }, initialMemory(type), result).onHold;
  assert.equal(after("liveness", "failure"), true);
  assert.equal(after("liveness", "success"), false);
  assert.equal(after("startup", "failure"), true);
  assert.equal(after("startup", "success"), true);
  assert.equal(after("readiness", "failure"), false);
  assert.equal(after("readiness", "success"), false);
});

Deno.test("an adopted container keeps what was published of it until the failure threshold is reached", () => {
  let memory = adoptedMemory("readiness", { ready: true, started: true });
  assert.equal(memory.value, "success");
  memory = judge("readiness", {}, memory, "failure");
  memory = judge("readiness", {}, memory, "failure");
  assert.equal(memory.value, "success");
  assert.equal(judge("readiness", {}, memory, "failure").value, "failure");
});

Deno.test("an adopted container's passed startup probe rests, an unfinished one goes on", () => {
  assert.deepEqual(adoptedMemory("startup", { ready: false, started: true }), {
    value: "success",
    run: 0,
    onHold: true,
  });
  assert.deepEqual(adoptedMemory("startup", { ready: false, started: false }), initialMemory("startup"));
  assert.equal(adoptedMemory("readiness", { ready: false, started: true }).value, "failure");
  assert.equal(adoptedMemory("liveness", { ready: false, started: true }).value, "success");
});

Deno.test("firstAttempt() lets probes of long periods share their wake-ups, and none leaves its first period", () => {
  const probe = { periodSeconds: 10 };
  for (let at = 0; at < 100; at++) {
    const from = 1_234.5 + at * 37;
    const { next } = firstAttempt("liveness", probe, from, at / 100, false);
    assert.ok(next >= from && next <= from + 10_000, `${next} is not within ${from} + 10 s`);
    assert.equal(next % 1000, 0);
  }
});

Deno.test("firstAttempt() spreads the attempts that count over the first period", () => {
  const at = (random: number) => firstAttempt("liveness", { ...tcp, periodSeconds: 20 }, 1000, random, false);
  assert.deepEqual(at(0), { next: 1000, early: undefined, looks: 0 });
  assert.deepEqual(at(0.5), { next: 11_000, early: undefined, looks: 0 });
});

const looks: { name: string; type: ProbeType; probe: ProbeSpec; adopted?: boolean; due: number[] }[] = [
  { name: "readiness over the network", type: "readiness", probe: tcp, due: [0, 500, 1500, 3500, 7500, 9000, 19_000] },
  { name: "startup over the network", type: "startup", probe: tcp, due: [0, 500, 1500, 3500, 7500, 9000, 19_000] },
  { name: "liveness", type: "liveness", probe: tcp, due: [9000, 19_000] },
  { name: "readiness by a command", type: "readiness", probe: { exec: {} }, due: [0, 9000, 19_000] },
  { name: "startup by a command", type: "startup", probe: { exec: {} }, due: [9000, 19_000] },
  { name: "an adopted container", type: "readiness", probe: tcp, adopted: true, due: [9000, 19_000] },
  {
    name: "a period of a second",
    type: "readiness",
    probe: { ...tcp, periodSeconds: 1 },
    due: [0, 500, 900, 1900, 2900],
  },
];

for (const { name, type, probe, adopted = false, due } of looks) {
  Deno.test(`early looks and attempts: ${name}`, () => {
    let schedule = firstAttempt(type, probe, 0, 0.9, adopted);
    const got: number[] = [];
    for (let i = 0; i < due.length; i++) {
      const at = dueAt(schedule);
      got.push(at);
      schedule = nextAttempt(type, probe, schedule, at);
    }
    assert.deepEqual(got, due);
  });
}

Deno.test("nextAttempt() keeps to its grid when attempts are late, and makes up for none that were missed", () => {
  const probe = { ...tcp, periodSeconds: 10 };
  const from = { next: 1000, looks: 0 };
  assert.equal(nextAttempt("liveness", probe, from, 1000).next, 11_000);
  assert.equal(nextAttempt("liveness", probe, from, 1250).next, 11_000);
  assert.equal(nextAttempt("liveness", probe, from, 10_999).next, 11_000);
  assert.equal(nextAttempt("liveness", probe, from, 45_000).next, 51_000);
});

const ages: [name: string, age: number, seenFor: number | undefined, trusted: number][] = [
  ["a plausible age is believed", 4000, 5000, 4000],
  ["no older than the last observation without it", 50 * 365 * 86400e3, 2000, 2000],
  ["a start in the future is now", -3600e3, 2000, 0],
  ["an adopted container's age is believed", 3600e3, undefined, 3600e3],
];

for (const [name, age, seenFor, trusted] of ages) {
  Deno.test(`trustedAge(): ${name}`, () => assert.equal(trustedAge(age, seenFor), trusted));
}

Deno.test("eligibleAt() counts the initial delay from the container's start", () => {
  assert.equal(eligibleAt({ initialDelaySeconds: 5 }, 1000), 6000);
  assert.equal(eligibleAt({}, 1000), 1000);
});

const events: [ProbeType, ProbeOutcome, ReturnType<typeof eventFor>][] = [
  ["readiness", { result: "success", message: "ok" }, undefined],
  ["readiness", { result: "failure", message: "HTTP probe failed with statuscode: 503" }, {
    reason: "Unhealthy",
    message: "Readiness probe failed: HTTP probe failed with statuscode: 503",
  }],
  ["startup", { result: "failure", message: "cat: no such file\n" }, {
    reason: "Unhealthy",
    message: "Startup probe failed: cat: no such file",
  }],
  ["liveness", { result: "error", message: "boom" }, {
    reason: "Unhealthy",
    message: "Liveness probe errored and resulted in unknown state: boom",
  }],
  ["liveness", { result: "warning", message: "Probe terminated redirects, Response body: " }, {
    reason: "ProbeWarning",
    message: "Liveness probe warning: Probe terminated redirects, Response body:",
  }],
];

for (const [type, outcome, expected] of events) {
  Deno.test(`eventFor() has kubelet's words for a ${type} ${outcome.result}`, () => {
    assert.deepEqual(eventFor(type, outcome), expected);
  });
}
