import assert from "node:assert/strict";
import type { ContainerStatus } from "../../objects/mod.ts";
import { attempt, container, ended, pod } from "../testing.ts";
import { type ContainerFacts, containerStatus } from "./container_status.ts";

const of = pod();

function facts(more: Partial<ContainerFacts> = {}): ContainerFacts {
  return {
    container: container("web"),
    kind: "regular",
    attempts: [],
    previous: undefined,
    waiting: undefined,
    restarts: true,
    starting: false,
    initialReason: "ContainerCreating",
    startupPassed: true,
    readinessPassed: true,
    runtimeName: "containerd",
    ...more,
  };
}

function published(more: Partial<ContainerStatus>): ContainerStatus {
  return { name: "web", ready: false, restartCount: 0, image: "web:1", imageID: "", ...more };
}

const crash = { exitCode: 1, reason: "Error", containerID: "containerd://web-0" };
const backOff = { reason: "CrashLoopBackOff", message: "back-off 10s" };

interface Case {
  name: string;
  facts: Partial<ContainerFacts>;
  state: unknown;
  lastState?: unknown;
  ready?: boolean;
  started?: boolean;
  restartCount?: number;
}

const end = {
  exitCode: 1,
  reason: "Error",
  startedAt: "1970-01-01T00:00:02Z",
  finishedAt: "1970-01-01T00:00:05Z",
  containerID: "containerd://web-0",
};

const cases: Case[] = [
  { name: "waits to be created", facts: {}, state: { waiting: { reason: "ContainerCreating" } } },
  {
    name: "waits for init containers",
    facts: { initialReason: "PodInitializing" },
    state: { waiting: { reason: "PodInitializing" } },
  },
  {
    name: "says why it cannot be created",
    facts: { waiting: { reason: "ErrImagePull", message: "no such host" } },
    state: { waiting: { reason: "ErrImagePull", message: "no such host" } },
  },
  {
    name: "is being created while it is made and not started",
    facts: { attempts: [attempt(of, "web", { state: "created" })], starting: true },
    state: { waiting: { reason: "ContainerCreating" } },
  },
  {
    name: "runs, ready and started",
    facts: { attempts: [attempt(of, "web")] },
    state: { running: { startedAt: "1970-01-01T00:00:02Z" } },
    ready: true,
    started: true,
  },
  {
    name: "is not ready before its readiness probe has passed",
    facts: { attempts: [attempt(of, "web")], readinessPassed: false },
    state: { running: { startedAt: "1970-01-01T00:00:02Z" } },
    started: true,
  },
  {
    name: "is neither ready nor started before its startup probe has passed",
    facts: { attempts: [attempt(of, "web")], startupPassed: false },
    state: { running: { startedAt: "1970-01-01T00:00:02Z" } },
  },
  {
    name: "is not started while its postStart hook runs",
    facts: { attempts: [attempt(of, "web")], starting: true },
    state: { running: { startedAt: "1970-01-01T00:00:02Z" } },
  },
  {
    name: "has ended for good",
    facts: { attempts: [ended(of, "web", 1)], restarts: false },
    state: { terminated: end },
  },
  {
    name: "ended with 0 without a word of the runtime's: Completed",
    facts: { attempts: [ended(of, "web", 0)], restarts: false },
    state: { terminated: { ...end, exitCode: 0, reason: "Completed" } },
  },
  {
    name: "keeps the runtime's reason and the termination message",
    facts: { attempts: [ended(of, "web", 137, { reason: "OOMKilled", message: "bye" })], restarts: false },
    state: { terminated: { ...end, exitCode: 137, reason: "OOMKilled", message: "bye" } },
  },
  {
    name: "backs off, with its end as last state",
    facts: { attempts: [ended(of, "web", 1)], waiting: backOff },
    state: { waiting: backOff },
    lastState: { terminated: end },
  },
  {
    name: "runs again, with the end of the attempt before as last state",
    facts: { attempts: [attempt(of, "web", { attempt: 1 }), ended(of, "web", 1)] },
    state: { running: { startedAt: "1970-01-01T00:00:02Z" } },
    lastState: { terminated: end },
    ready: true,
    started: true,
    restartCount: 1,
  },
  {
    name: "remembers its last end though the runtime's record of it is gone",
    facts: {
      attempts: [attempt(of, "web", { attempt: 1 })],
      previous: published({ state: { waiting: backOff }, lastState: { terminated: crash } }),
    },
    state: { running: { startedAt: "1970-01-01T00:00:02Z" } },
    lastState: { terminated: crash },
    ready: true,
    started: true,
    restartCount: 1,
  },
  {
    name: "makes its published end the last state when the next attempt runs",
    facts: {
      attempts: [attempt(of, "web", { attempt: 1 })],
      previous: published({ state: { terminated: crash }, containerID: "containerd://web-0" }),
    },
    state: { running: { startedAt: "1970-01-01T00:00:02Z" } },
    lastState: { terminated: crash },
    ready: true,
    started: true,
    restartCount: 1,
  },
  {
    name: "keeps what was published of its end, message and all",
    facts: {
      attempts: [ended(of, "web", 1)],
      restarts: false,
      previous: published({ state: { terminated: { ...crash, message: "last words" } } }),
    },
    state: { terminated: { ...crash, message: "last words" } },
  },
  {
    name: "stays ended when the runtime has forgotten everything",
    facts: { restarts: false, previous: published({ state: { terminated: crash }, restartCount: 3 }) },
    state: { terminated: crash },
    restartCount: 3,
  },
  {
    name: "that ran and is gone has ended nobody knows how",
    facts: {
      restarts: false,
      previous: published({
        state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
        containerID: "containerd://web-0",
      }),
    },
    state: {
      terminated: {
        exitCode: 137,
        reason: "ContainerStatusUnknown",
        message: "The container could not be located when the pod was deleted.  The container used to be Running",
        startedAt: "2026-01-01T00:00:00Z",
        containerID: "containerd://web-0",
      },
    },
  },
  {
    name: "that ran and is gone waits for its restart with that as last state",
    facts: {
      previous: published({ state: { running: {} }, containerID: "containerd://web-0" }),
    },
    state: { waiting: { reason: "ContainerCreating" } },
    lastState: {
      terminated: {
        exitCode: 137,
        reason: "ContainerStatusUnknown",
        message: "The container could not be located when the pod was deleted.  The container used to be Running",
        containerID: "containerd://web-0",
      },
    },
  },
  {
    name: "that is an init container is ready once it has completed",
    facts: { kind: "init", attempts: [ended(of, "web", 0)], restarts: false },
    state: { terminated: { ...end, exitCode: 0, reason: "Completed" } },
    ready: true,
  },
  {
    name: "that is an init container is not ready while it runs",
    facts: { kind: "init", attempts: [attempt(of, "web")] },
    state: { running: { startedAt: "1970-01-01T00:00:02Z" } },
    started: true,
  },
  {
    name: "that is a sidecar is ready by its probes",
    facts: { kind: "sidecar", attempts: [attempt(of, "web")] },
    state: { running: { startedAt: "1970-01-01T00:00:02Z" } },
    ready: true,
    started: true,
  },
];

for (const one of cases) {
  Deno.test(`containerStatus(): a container ${one.name}`, () => {
    const status = containerStatus(facts(one.facts));
    assert.deepEqual(status.state, one.state);
    assert.deepEqual(status.lastState, one.lastState ?? {});
    const { ready, started, restartCount } = status;
    assert.deepEqual({ ready, started, restartCount }, {
      ready: one.ready ?? false,
      started: one.started ?? false,
      restartCount: one.restartCount ?? 0,
    });
  });
}

Deno.test("containerStatus() is stable: fed with itself it says the same", () => {
  for (const { facts: more } of cases) {
    const once = containerStatus(facts(more));
    const twice = containerStatus(facts({ ...more, previous: once }));
    assert.deepEqual(containerStatus(facts({ ...more, previous: twice })), twice);
  }
});
