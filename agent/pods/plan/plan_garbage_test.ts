import assert from "node:assert/strict";
import type { Pod } from "../../objects/mod.ts";
import type { ObservedPod } from "../../observed/types.ts";
import { planPod } from "./plan.ts";
import { attempt, ended, lines, observed, pod, sandbox, state } from "../testing.ts";
import type { GarbageRules, PodState } from "../types.ts";

interface Case {
  name: string;
  pod?: Pod;
  seen: (of: Pod) => ObservedPod;
  state: Partial<PodState>;
  plan: string[];
  nextAt?: number;
}

const rules: GarbageRules = { perContainer: 1, minAgeMs: 0, excess: new Set(), wall: 100_000 };
const finished: Partial<PodState> = {
  intent: { type: "finish", deadline: 130_000, reason: "", message: "Pod has completed" },
  stoppedSandboxes: new Set(["s0"]),
};
const crashed = (of: Pod) =>
  observed([sandbox()], [
    attempt(of, "web", { attempt: 3 }),
    ended(of, "web", 1, { attempt: 2 }),
    ended(of, "web", 1, { attempt: 1 }),
    ended(of, "web", 1, { attempt: 0 }),
  ]);

const cases: Case[] = [
  {
    name: "keeps as many ended attempts as are allowed",
    seen: crashed,
    state: { garbage: { ...rules, perContainer: 2 } },
    plan: ["remove/web-0"],
  },
  {
    name: "keeps all ended attempts where there is no limit",
    seen: crashed,
    state: { garbage: { ...rules, perContainer: -1 } },
    plan: [],
  },
  {
    name: "keeps no ended attempt but the last where none is allowed",
    seen: crashed,
    state: { garbage: { ...rules, perContainer: 0 } },
    plan: ["remove/web-2", "remove/web-1", "remove/web-0"],
  },
  {
    name: "keeps the last attempt, by which it restarts, where none is allowed and there is no room",
    seen: (of) => observed([sandbox()], [ended(of, "web", 1, { attempt: 2 }), ended(of, "web", 1, { attempt: 1 })]),
    state: {
      backoff: new Map([["web-2", 200_000]]),
      garbage: { ...rules, perContainer: 0, excess: new Set(["web-2", "web-1"]) },
    },
    plan: ["remove/web-1"],
    nextAt: 200_000,
  },
  {
    name: "removes an ended attempt that the node has no room for",
    seen: crashed,
    state: { garbage: { ...rules, perContainer: -1, excess: new Set(["web-1", "elsewhere"]) } },
    plan: ["remove/web-1"],
  },
  {
    name: "keeps young ended attempts, and thinks again when they are old enough",
    seen: crashed,
    state: { garbage: { ...rules, minAgeMs: 10_000, wall: 10_000 } },
    plan: [],
    nextAt: 102_000,
  },
  {
    name: "keeps young ended attempts no longer because the clock was put back",
    seen: crashed,
    state: { garbage: { ...rules, minAgeMs: 10_000, wall: -1e12 } },
    plan: [],
    nextAt: 110_000,
  },
  {
    name: "removes older attempts of a pod that has finished, once all else is released",
    pod: pod({ restartPolicy: "OnFailure" }),
    seen: (of) => observed([sandbox({ ready: false })], [ended(of, "web", 0, { attempt: 1 }), ended(of, "web", 1)]),
    state: { ...finished, released: true },
    plan: ["remove/web-0"],
  },
  {
    name: "removes the last attempt of a finished pod too where there is no room and its end is published",
    pod: pod({ restartPolicy: "OnFailure" }),
    seen: (of) => observed([sandbox({ ready: false })], [ended(of, "web", 0, { attempt: 1 })]),
    state: {
      ...finished,
      released: true,
      garbage: { ...rules, excess: new Set(["web-1"]) },
      remembered: new Map([["web", { restartCount: 1, containerId: "web-1", exitCode: 0 }]]),
    },
    plan: ["remove/web-1"],
  },
  {
    name: "keeps the last attempt of a finished pod while its end is not published",
    pod: pod({ restartPolicy: "OnFailure" }),
    seen: (of) => observed([sandbox({ ready: false })], [ended(of, "web", 0, { attempt: 1 })]),
    state: {
      ...finished,
      released: true,
      garbage: { ...rules, excess: new Set(["web-1"]) },
      remembered: new Map([["web", { restartCount: 0, containerId: "web-0", exitCode: 1 }]]),
    },
    plan: [],
  },
];

for (const { name, pod: of = pod(), seen, state: more, plan: expected, nextAt } of cases) {
  Deno.test(`planGarbage() ${name}`, () => {
    const plan = planPod(state(of, seen(of), more));
    assert.deepEqual(lines(plan.actions), expected);
    assert.equal(plan.nextAt, nextAt);
  });
}
