import assert from "node:assert/strict";
import type { Pod } from "../../objects/mod.ts";
import type { ObservedPod } from "../../observed/types.ts";
import { planPod } from "./plan.ts";
import { attempt, container, ended, lines, observed, pod, sandbox, state } from "../testing.ts";
import { nameTries, type Operation, type PodState } from "../types.ts";

interface Case {
  name: string;
  pod?: Pod;
  seen: ((of: Pod) => ObservedPod) | undefined;
  state?: Partial<PodState>;
  plan: string[];
  nextAt?: number;
  /** Of the first action, a kill. */
  deadline?: number;
}

function running(key: string, more: Partial<Operation> = {}): Operation {
  return { key, type: "startContainer", canceled: false, ...more };
}

const withInit = pod({ initContainers: [container("one"), container("two")] });
const withSidecar = pod({
  initContainers: [container("mesh", { restartPolicy: "Always" }), container("late", { restartPolicy: "Always" })],
});
const probedSidecar = pod({
  initContainers: [container("mesh", { restartPolicy: "Always", startupProbe: { tcpSocket: { port: 1 } } as never })],
});
const job = pod({ restartPolicy: "Never" });
const onFailure = pod({ restartPolicy: "OnFailure" });
const jobWithSidecar = pod({
  restartPolicy: "Never",
  initContainers: [container("mesh", { restartPolicy: "Always" })],
});
const remove = { intent: { type: "delete", deadline: 130_000, message: "gone" } } as const;
const nothing = () => observed([]);

const cases: Case[] = [
  { name: "does nothing while the runtime does not answer", seen: undefined, plan: [] },
  { name: "prepares before anything else", seen: nothing, state: { prepared: false }, plan: ["prepare"] },
  { name: "makes the sandbox of a new pod", seen: nothing, plan: ["createSandbox 0"] },
  {
    name: "makes no second sandbox while one is being made",
    seen: nothing,
    state: { operations: [running("createSandbox", { type: "createSandbox" })] },
    plan: [],
  },
  {
    name: "waits with a sandbox that failed",
    seen: nothing,
    state: { retries: new Map([["createSandbox", { at: 105_000, count: 1, reason: "", message: "" }]]) },
    plan: [],
    nextAt: 105_000,
  },
  {
    name: "takes the next attempt for a sandbox that failed, as the name may be taken",
    seen: nothing,
    state: { retries: new Map([["createSandbox", { at: 99_000, count: 2, reason: "", message: "" }]]) },
    plan: ["createSandbox 2"],
  },
  {
    name: "starts the containers of a ready sandbox",
    pod: pod({ containers: [container("a"), container("b")] }),
    seen: () => observed([sandbox()]),
    plan: ["start/a 0", "start/b 0"],
  },
  { name: "leaves a running container alone", seen: (of) => observed([sandbox()], [attempt(of, "web")]), plan: [] },
  {
    name: "leaves a container alone while its start is under way",
    seen: () => observed([sandbox()]),
    state: { operations: [running("start/web", { container: "web" })] },
    plan: [],
  },
  {
    name: "replaces a sandbox that died, killing what still runs in it first",
    seen: (of) => observed([sandbox({ ready: false })], [attempt(of, "web")]),
    plan: ["kill/web-0"],
  },
  {
    name: "stops a dead sandbox before the next one",
    seen: (of) => observed([sandbox({ ready: false })], [ended(of, "web", 137)]),
    plan: ["stop/s0"],
  },
  {
    name: "counts the attempt of the next sandbox up",
    seen: (of) => observed([sandbox({ ready: false })], [ended(of, "web", 137)]),
    state: { stoppedSandboxes: new Set(["s0"]) },
    plan: ["createSandbox 1"],
  },
  { name: "replaces a sandbox without an address", seen: () => observed([sandbox({ ips: [] })]), plan: ["stop/s0"] },
  {
    name: "needs no address on the host network",
    pod: pod({ hostNetwork: true }),
    seen: () => observed([sandbox({ ips: [] })]),
    plan: ["start/web 0"],
  },
  {
    name: "restarts in a new sandbox what ran in the old one, counting up",
    seen: (of) => observed([sandbox({ id: "s1", attempt: 1 }), sandbox({ ready: false })], [ended(of, "web", 137)]),
    plan: ["start/web 1"],
  },
  { name: "runs init containers one by one", pod: withInit, seen: () => observed([sandbox()]), plan: ["start/one 0"] },
  {
    name: "waits for a running init container",
    pod: withInit,
    seen: (of) => observed([sandbox()], [attempt(of, "one")]),
    plan: [],
  },
  {
    name: "goes on after an init container that completed",
    pod: withInit,
    seen: (of) => observed([sandbox()], [ended(of, "one", 0)]),
    plan: ["start/two 0"],
  },
  {
    name: "starts the containers after the last init container",
    pod: withInit,
    seen: (of) => observed([sandbox()], [ended(of, "one", 0), ended(of, "two", 0)]),
    plan: ["start/web 0"],
  },
  {
    name: "restarts an init container that failed",
    pod: withInit,
    seen: (of) => observed([sandbox()], [ended(of, "one", 1)]),
    plan: ["start/one 1"],
  },
  {
    name: "fails a Never pod whose init container failed",
    pod: pod({ restartPolicy: "Never", initContainers: [container("one")] }),
    seen: (of) => observed([sandbox()], [ended(of, "one", 1)]),
    plan: ["stop/s0"],
  },
  {
    name: "does not rerun init containers whose records are gone once containers exist",
    pod: withInit,
    seen: (of) => observed([sandbox()], [attempt(of, "web")]),
    plan: [],
  },
  {
    name: "does not rerun init containers of a sandbox that was initialized",
    pod: withInit,
    seen: () => observed([sandbox()]),
    state: { completedInits: new Map([["one", "s0"], ["two", "s0"]]) },
    plan: ["start/web 0"],
  },
  {
    name: "reruns all init containers in a new sandbox",
    pod: withInit,
    seen: (of) =>
      observed([sandbox({ id: "s1", attempt: 1 }), sandbox({ ready: false })], [
        ended(of, "web", 137),
        ended(of, "two", 0),
        ended(of, "one", 0),
      ]),
    plan: ["start/one 1"],
  },
  {
    name: "starts sidecars in order, each when the one before has started",
    pod: withSidecar,
    seen: (of) => observed([sandbox()], [attempt(of, "mesh")]),
    plan: ["start/late 0"],
  },
  {
    name: "waits for a sidecar's startup probe",
    pod: probedSidecar,
    seen: (of) => observed([sandbox()], [attempt(of, "mesh")]),
    plan: [],
  },
  {
    name: "goes on when a sidecar's startup probe has passed",
    pod: probedSidecar,
    seen: (of) => observed([sandbox()], [attempt(of, "mesh")]),
    state: {
      probes: new Map([["mesh", {
        containerId: "mesh-0",
        startup: "success",
        liveness: "success",
        readiness: "unknown",
      }]]),
    },
    plan: ["start/web 0"],
  },
  {
    name: "restarts a dead sidecar alone",
    pod: withSidecar,
    seen: (of) => observed([sandbox()], [attempt(of, "web"), attempt(of, "late"), ended(of, "mesh", 1)]),
    plan: ["start/mesh 1"],
  },
  {
    name: "restarts sidecars in Never pods",
    pod: jobWithSidecar,
    seen: (of) => observed([sandbox()], [attempt(of, "web"), ended(of, "mesh", 0)]),
    plan: ["start/mesh 1"],
  },
  {
    name: "ends sidecars when a job has completed",
    pod: jobWithSidecar,
    seen: (of) => observed([sandbox()], [ended(of, "web", 0), attempt(of, "mesh")]),
    plan: ["kill/mesh-0"],
  },
  {
    name: "stops the sandbox of a completed pod",
    pod: job,
    seen: (of) => observed([sandbox()], [ended(of, "web", 0)]),
    plan: ["stop/s0"],
  },
  {
    name: "releases volumes and cgroup of a completed pod",
    pod: job,
    seen: (of) => observed([sandbox({ ready: false })], [ended(of, "web", 0)]),
    state: { stoppedSandboxes: new Set(["s0"]) },
    plan: ["release"],
  },
  {
    name: "has nothing to do for a completed pod",
    pod: job,
    seen: (of) => observed([sandbox({ ready: false })], [ended(of, "web", 0)]),
    state: { stoppedSandboxes: new Set(["s0"]), released: true },
    plan: [],
  },
  {
    name: "leaves a failed container down when restartPolicy is Never",
    pod: pod({ restartPolicy: "Never", containers: [container("web"), container("b")] }),
    seen: (of) => observed([sandbox()], [ended(of, "web", 1), attempt(of, "b")]),
    plan: [],
  },
  {
    name: "leaves a completed container down when restartPolicy is OnFailure",
    pod: pod({ restartPolicy: "OnFailure", containers: [container("web"), container("b")] }),
    seen: (of) => observed([sandbox()], [ended(of, "web", 0), attempt(of, "b")]),
    plan: [],
  },
  {
    name: "restarts a failed container when restartPolicy is OnFailure",
    pod: onFailure,
    seen: (of) => observed([sandbox()], [ended(of, "web", 1)]),
    plan: ["start/web 1"],
  },
  {
    name: "does not rerun a completed container whose record is gone",
    pod: job,
    seen: () => observed([]),
    state: { remembered: new Map([["web", { restartCount: 0, containerId: "x", exitCode: 0 }]]), released: true },
    plan: [],
  },
  {
    name: "continues the restart count from the last status when the runtime has forgotten",
    seen: () => observed([sandbox()]),
    state: { remembered: new Map([["web", { restartCount: 4, containerId: "x", exitCode: 1 }]]) },
    plan: ["start/web 5"],
  },
  {
    name: "waits for the back-off of a crashed container",
    seen: (of) => observed([sandbox()], [ended(of, "web", 1)]),
    state: { backoff: new Map([["web-0", 110_000]]) },
    plan: [],
    nextAt: 110_000,
  },
  {
    name: "restarts a crashed container when its back-off is over",
    seen: (of) => observed([sandbox()], [ended(of, "web", 1)]),
    state: { backoff: new Map([["web-0", 100_000]]) },
    plan: ["start/web 1"],
  },
  {
    name: "removes a container that was made but never started",
    seen: (of) => observed([sandbox()], [attempt(of, "web", { state: "created" })]),
    plan: ["remove/web-0"],
  },
  {
    name: "kills a container in unknown state",
    seen: (of) => observed([sandbox()], [attempt(of, "web", { state: "unknown" })]),
    plan: ["kill/web-0"],
  },
  {
    name: "kills a container that failed its liveness probe",
    seen: (of) => observed([sandbox()], [attempt(of, "web")]),
    state: {
      probes: new Map([["web", {
        containerId: "web-0",
        startup: "success",
        liveness: "failure",
        readiness: "failure",
      }]]),
    },
    plan: ["kill/web-0"],
  },
  {
    name: "does not hold an old container's liveness against a new one",
    seen: (of) => observed([sandbox()], [attempt(of, "web", { attempt: 1 })]),
    state: {
      probes: new Map([["web", {
        containerId: "web-0",
        startup: "success",
        liveness: "failure",
        readiness: "failure",
      }]]),
    },
    plan: [],
  },
  {
    name: "replaces a container whose image was edited",
    pod: pod({ containers: [container("web", { image: "web:2" })] }),
    seen: () => observed([sandbox()], [attempt(pod(), "web")]),
    plan: ["kill/web-0"],
  },
  {
    name: "starts an edited container again whatever its exit code",
    pod: pod({ restartPolicy: "OnFailure", containers: [container("web", { image: "web:2" })] }),
    seen: () => observed([sandbox()], [ended(pod(), "web", 0)]),
    plan: ["start/web 1"],
  },
  {
    name: "keeps one ended attempt and removes older ones",
    seen: (of) =>
      observed([sandbox()], [
        attempt(of, "web", { attempt: 3 }),
        ended(of, "web", 1, { attempt: 2 }),
        ended(of, "web", 1, { attempt: 1 }),
      ]),
    plan: ["remove/web-1"],
  },
  {
    name: "removes an old sandbox with its last container",
    seen: (of) =>
      observed([sandbox({ id: "s1", attempt: 1 }), sandbox({ ready: false })], [
        attempt(of, "web", { sandboxId: "s1" }),
      ]),
    plan: ["remove/s0"],
  },
  {
    name: "stops a second ready sandbox",
    seen: (of) => observed([sandbox({ id: "s1", attempt: 1 }), sandbox()], [attempt(of, "web", { sandboxId: "s1" })]),
    plan: ["stop/s0"],
  },
  {
    name: "kills the containers of a deleted pod together",
    pod: pod({ containers: [container("a"), container("b")] }),
    seen: (of) => observed([sandbox()], [attempt(of, "a"), attempt(of, "b")]),
    state: remove,
    plan: ["kill/a-0", "kill/b-0"],
  },
  {
    name: "ends sidecars after the last regular container, in reverse order",
    pod: withSidecar,
    seen: (of) => observed([sandbox()], [ended(of, "web", 0), attempt(of, "mesh"), attempt(of, "late")]),
    state: remove,
    plan: ["kill/late-0"],
  },
  {
    name: "leaves sidecars of a deleted pod while a regular container runs",
    pod: withSidecar,
    seen: (of) => observed([sandbox()], [attempt(of, "web"), attempt(of, "mesh"), attempt(of, "late")]),
    state: {
      ...remove,
      operations: [running("kill/web-0", { type: "killContainer", container: "web", deadline: 130_000 })],
    },
    plan: [],
  },
  {
    name: "lets a shorter grace overtake a longer one",
    seen: (of) => observed([sandbox()], [attempt(of, "web")]),
    state: {
      intent: { type: "delete", deadline: 101_000, message: "" },
      operations: [running("kill/web-0", { type: "killContainer", container: "web", deadline: 130_000 })],
    },
    plan: ["kill/web-0"],
  },
  {
    name: "does not repeat a kill under way",
    seen: (of) => observed([sandbox()], [attempt(of, "web")]),
    state: {
      ...remove,
      operations: [running("kill/web-0", { type: "killContainer", container: "web", deadline: 130_000 })],
    },
    plan: [],
  },
  {
    name: "cancels pulls and starts of a deleted pod",
    seen: () => observed([sandbox()]),
    state: { ...remove, operations: [running("start/web", { container: "web" })] },
    plan: ["cancel start/web"],
  },
  {
    name: "cancels only once",
    seen: () => observed([sandbox()]),
    state: { ...remove, operations: [running("start/web", { container: "web", canceled: true })] },
    plan: [],
  },
  {
    name: "removes the sandboxes of a deleted pod when nothing runs",
    seen: (of) => observed([sandbox()], [ended(of, "web", 0)]),
    state: remove,
    plan: ["remove/s0"],
  },
  {
    name: "removes containers whose sandbox is gone",
    seen: (of) => observed([], [ended(of, "web", 0)]),
    state: remove,
    plan: ["remove/web-0"],
  },
  {
    name: "releases a deleted pod when the runtime has nothing of it",
    seen: nothing,
    state: remove,
    plan: ["release"],
  },
  {
    name: "begins nothing while an earlier end is cleaned up after",
    seen: nothing,
    state: { prepared: false, operations: [running("release", { type: "release" })] },
    plan: [],
  },
  {
    name: "starts nothing in an old sandbox while the next one is made",
    seen: () => observed([sandbox()]),
    state: { operations: [running("createSandbox", { type: "createSandbox" })] },
    plan: [],
  },
  {
    name: "takes an init container for done when the next one has begun",
    pod: withInit,
    seen: (of) => observed([sandbox()], [attempt(of, "two")]),
    plan: [],
  },
  {
    name: "goes on after an init container that is known to have completed in this sandbox",
    pod: withInit,
    seen: () => observed([sandbox()]),
    state: { completedInits: new Map([["one", "s0"]]) },
    plan: ["start/two 0"],
  },
  {
    name: "reruns an init container that completed in another sandbox, whatever the last status says",
    pod: withInit,
    seen: () => observed([sandbox({ id: "s1", attempt: 1 })]),
    state: {
      completedInits: new Map([["one", "s0"], ["two", "s0"]]),
      remembered: new Map([["one", { restartCount: 0, containerId: "x", exitCode: 0 }]]),
    },
    plan: ["start/one 1"],
  },
  {
    name: "fails a Never pod whose container ran and is gone",
    pod: job,
    seen: () => observed([]),
    state: { remembered: new Map([["web", { restartCount: 0, containerId: "x", exitCode: 137 }]]) },
    plan: ["release"],
  },
  {
    name: "owes no back-off of an old image to a new one",
    pod: pod({ containers: [container("web", { image: "web:2" })] }),
    seen: () => observed([sandbox()], [ended(pod(), "web", 1)]),
    state: { backoff: new Map([["web-0", 400_000]]) },
    plan: ["start/web 1"],
  },
  {
    name: "counts on over names that the runtime says are taken",
    seen: () => observed([sandbox()]),
    state: {
      retries: new Map([["start/web", { at: 99_000, count: 3, reason: "", message: "", namesTaken: nameTries + 2 }]]),
    },
    plan: ["start/web 2"],
  },
  {
    name: "removes a container that was made in a sandbox of the past",
    seen: (of) =>
      observed([sandbox({ id: "s1", attempt: 1 }), sandbox({ ready: false })], [
        attempt(of, "web", { attempt: 1, sandboxId: "s1" }),
        attempt(of, "web", { state: "created" }),
      ]),
    plan: ["remove/web-0", "remove/s0"],
  },
  {
    name: "tries a removal again that has failed, in its time",
    seen: (of) =>
      observed([sandbox({ id: "s1", attempt: 1 }), sandbox({ ready: false })], [
        attempt(of, "web", { sandboxId: "s1" }),
      ]),
    state: { retries: new Map([["remove/s0", { at: 104_000, count: 1, reason: "", message: "" }]]) },
    plan: [],
    nextAt: 104_000,
  },
  {
    name: "pauses between kills that fail",
    seen: (of) => observed([sandbox()], [attempt(of, "web")]),
    state: { ...remove, retries: new Map([["kill/web-0", { at: 104_000, count: 1, reason: "", message: "" }]]) },
    plan: [],
    nextAt: 104_000,
  },
  {
    name: "goes on with a deletion over a container in unknown state that was killed in vain",
    seen: (of) => observed([sandbox()], [attempt(of, "web", { state: "unknown" })]),
    state: { ...remove, retries: new Map([["kill/web-0", { at: 99_000, count: 0, reason: "", message: "" }]]) },
    plan: ["remove/s0"],
  },
  {
    name: "keeps volumes and cgroup of a pod that a shutdown ends",
    seen: () => observed([sandbox({ ready: false })]),
    state: {
      intent: { type: "finish", deadline: 130_000, reason: "", message: "", forNow: true },
      stoppedSandboxes: new Set(["s0"]),
    },
    plan: [],
  },
  {
    name: "gives a container that failed its liveness probe the probe's own grace",
    seen: (of) => observed([sandbox()], [attempt(of, "web")]),
    state: {
      probes: new Map([["web", {
        containerId: "web-0",
        startup: "success",
        liveness: "failure",
        readiness: "failure",
        livenessGraceSeconds: 3,
      }]]),
    },
    plan: ["kill/web-0"],
    deadline: 103_000,
  },
  { name: "forgets a deleted pod last of all", seen: nothing, state: { ...remove, released: true }, plan: ["forget"] },
  {
    name: "forgets nothing while an operation is under way",
    seen: nothing,
    state: { ...remove, released: true, operations: [running("remove/s0", { type: "removeSandbox" })] },
    plan: [],
  },
];

for (const { name, pod: of = pod(), seen, state: more = {}, plan, nextAt, deadline } of cases) {
  Deno.test(`planPod() ${name}`, () => {
    const result = planPod(state(of, seen?.(of), more));
    assert.deepEqual(lines(result.actions), plan);
    assert.equal(result.nextAt, nextAt);
    if (deadline !== undefined) assert.equal((result.actions[0] as { deadline?: number }).deadline, deadline);
  });
}
