import assert from "node:assert/strict";
import type { ContainerStatus, PodCondition } from "../../objects/mod.ts";
import { container, pod } from "../testing.ts";
import { type ConditionFacts, podConditions } from "./conditions.ts";

const now = Date.UTC(2026, 0, 1);
const running = (name: string, ready: boolean, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name,
  ready,
  started: true,
  restartCount: 0,
  image: "",
  imageID: "",
  state: { running: {} },
  ...more,
});

function conditions(more: Partial<ConditionFacts> = {}): Map<string, PodCondition> {
  const facts: ConditionFacts = {
    resize: {},
    pod: pod(),
    phase: "Running",
    init: [],
    regular: [running("web", true)],
    sandboxReady: true,
    previous: [],
    now,
    ...more,
  };
  return new Map(podConditions(facts).map((condition) => [condition.type, condition]));
}

const short = (found: Map<string, PodCondition>) =>
  [...found.values()].map(({ type, status, reason }) => `${type}=${status}${reason ? ` ${reason}` : ""}`);

Deno.test("podConditions() says all five of a ready pod", () => {
  assert.deepEqual(short(conditions()), [
    "PodReadyToStartContainers=True",
    "Initialized=True",
    "Ready=True",
    "ContainersReady=True",
    "PodScheduled=True",
  ]);
});

Deno.test("podConditions() names containers that are not ready, sidecars among them", () => {
  const of = pod({
    initContainers: [container("mesh", { restartPolicy: "Always" }), container("one")],
    containers: [container("a"), container("b")],
  });
  const found = conditions({
    pod: of,
    init: [running("mesh", false), running("one", false)],
    regular: [running("a", true), running("b", false)],
  });
  assert.equal(found.get("ContainersReady")?.message, "containers with unready status: [mesh b]");
  assert.equal(found.get("Ready")?.reason, "ContainersNotReady");
});

Deno.test("podConditions() names init containers that are not through, sidecars that have not started", () => {
  const of = pod({ initContainers: [container("mesh", { restartPolicy: "Always" }), container("one")] });
  const web = running("web", false, { state: { waiting: {} } });
  const found = conditions({
    pod: of,
    phase: "Pending",
    init: [
      running("mesh", false, { started: false }),
      running("one", false, { state: { terminated: { exitCode: 0 } } }),
    ],
    regular: [web],
  });
  assert.equal(found.get("Initialized")?.message, "containers with incomplete status: [mesh]");
  assert.equal(found.get("Initialized")?.status, "False");
});

Deno.test("podConditions() says why a finished pod is not ready", () => {
  assert.deepEqual(short(conditions({ phase: "Succeeded", sandboxReady: false })), [
    "PodReadyToStartContainers=False",
    "Initialized=True PodCompleted",
    "Ready=False PodCompleted",
    "ContainersReady=False PodCompleted",
    "PodScheduled=True",
  ]);
  assert.equal(conditions({ phase: "Failed" }).get("Ready")?.reason, "PodFailed");
});

Deno.test("podConditions() keeps the time of what has not changed, and stamps what has", () => {
  const before = [...conditions().values()].map((condition) => ({
    ...condition,
    lastTransitionTime: "2025-01-01T00:00:00Z",
  }));
  const found = conditions({ previous: before, regular: [running("web", false)] });
  assert.equal(found.get("Initialized")?.lastTransitionTime, "2025-01-01T00:00:00Z");
  assert.equal(found.get("Ready")?.lastTransitionTime, "2026-01-01T00:00:00Z");
});

Deno.test("podConditions() waits for readiness gates, and keeps what others have set", () => {
  const of = pod({ readinessGates: [{ conditionType: "example.com/a" }, { conditionType: "example.com/b" }] });
  const gate = (type: string, status: "True" | "False"): PodCondition => ({ type, status });
  const open = conditions({ pod: of, previous: [gate("example.com/a", "False")] });
  assert.equal(open.get("Ready")?.reason, "ReadinessGatesNotReady");
  assert.equal(
    open.get("Ready")?.message,
    `the status of pod readiness gate "example.com/a" is not "True", but False, ` +
      `corresponding condition of pod readiness gate "example.com/b" does not exist.`,
  );
  assert.equal(open.get("ContainersReady")?.status, "True");
  assert.deepEqual(open.get("example.com/a"), gate("example.com/a", "False"));
  const passed = conditions({ pod: of, previous: [gate("example.com/a", "True"), gate("example.com/b", "True")] });
  assert.equal(passed.get("Ready")?.status, "True");
});
