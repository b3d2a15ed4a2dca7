import assert from "node:assert/strict";
import type { ContainerState, ContainerStatus } from "../../objects/mod.ts";
import { running, testPod } from "../testing.ts";
import { podColumns, podRow, podSummary } from "./pod.ts";

const now = Date.UTC(2026, 0, 1);
type Parts = Parameters<typeof testPod>[0];

const waiting = (reason: string): ContainerState => ({ waiting: { reason } });
const ended = (exitCode: number, reason?: string, more = {}): ContainerState => ({
  terminated: { exitCode, reason, ...more },
});
const down = (name: string, state: ContainerState, more: Partial<ContainerStatus> = {}) =>
  running(name, { ready: false, started: false, state, ...more });
const crashed = { terminated: { exitCode: 1, finishedAt: "2025-12-31T23:59:55Z" } };

const init = [{ name: "one", image: "i" }, { name: "two", image: "i" }];
const sidecar = [{ name: "side", image: "i", restartPolicy: "Always" as const }];
const two = [{ name: "web", image: "i" }, { name: "db", image: "i" }];
const initialized = [{ type: "Initialized", status: "True" as const }];

const rows: [what: string, parts: Parts, ready: string, status: string, restarts: string][] = [
  ["runs", {}, "1/1", "Running", "0"],
  ["has no status yet", { status: { phase: undefined, conditions: [], containerStatuses: [] } }, "0/1", "Pending", "0"],
  [
    "waits behind a gate",
    {
      status: {
        phase: "Pending",
        conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }],
        containerStatuses: [],
      },
    },
    "0/1",
    "SchedulingGated",
    "0",
  ],
  [
    "is being created",
    {
      status: { phase: "Pending", containerStatuses: [down("web", waiting("ContainerCreating"))] },
    },
    "0/1",
    "ContainerCreating",
    "0",
  ],
  [
    "crashes",
    {
      status: {
        containerStatuses: [down("web", waiting("CrashLoopBackOff"), { restartCount: 3, lastState: crashed })],
      },
    },
    "0/1",
    "CrashLoopBackOff",
    "3 (5s ago)",
  ],
  [
    "restarted without a trace of when",
    {
      status: { containerStatuses: [running("web", { restartCount: 2 })] },
    },
    "1/1",
    "Running",
    "2",
  ],
  [
    "has completed",
    {
      status: { phase: "Succeeded", containerStatuses: [down("web", ended(0, "Completed"))] },
    },
    "0/1",
    "Completed",
    "0",
  ],
  [
    "ended without a reason",
    { status: { phase: "Failed", containerStatuses: [down("web", ended(3))] } },
    "0/1",
    "ExitCode:3",
    "0",
  ],
  [
    "ended by a signal",
    {
      status: { phase: "Failed", containerStatuses: [down("web", ended(137, "", { signal: 9 }))] },
    },
    "0/1",
    "Signal:9",
    "0",
  ],
  [
    "was killed for memory",
    {
      status: { phase: "Failed", containerStatuses: [down("web", ended(137, "OOMKilled"))] },
    },
    "0/1",
    "OOMKilled",
    "0",
  ],
  ["was evicted", { status: { phase: "Failed", reason: "Evicted", containerStatuses: [] } }, "0/1", "Evicted", "0"],
  [
    "has one container done and one ready",
    {
      spec: { containers: two },
      status: { containerStatuses: [running("web"), down("db", ended(0, "Completed"))] },
    },
    "1/2",
    "Running",
    "0",
  ],
  [
    "has one container done and is not ready",
    {
      spec: { containers: two },
      status: { conditions: initialized, containerStatuses: [running("web"), down("db", ended(0, "Completed"))] },
    },
    "1/2",
    "NotReady",
    "0",
  ],
  [
    "shows its first container's trouble before the second's",
    {
      spec: { containers: two },
      status: { containerStatuses: [down("web", waiting("ErrImagePull")), down("db", waiting("CrashLoopBackOff"))] },
    },
    "0/2",
    "ErrImagePull",
    "0",
  ],
  [
    "is in its second init container",
    {
      spec: { initContainers: init },
      status: {
        phase: "Pending",
        conditions: [],
        initContainerStatuses: [down("one", ended(0, "Completed")), running("two", { ready: false })],
        containerStatuses: [down("web", waiting("PodInitializing"))],
      },
    },
    "0/1",
    "Init:1/2",
    "0",
  ],
  [
    "waits for its first init container's image",
    {
      spec: { initContainers: init },
      status: {
        phase: "Pending",
        conditions: [],
        initContainerStatuses: [down("one", waiting("ImagePullBackOff")), down("two", waiting("PodInitializing"))],
        containerStatuses: [down("web", waiting("PodInitializing"))],
      },
    },
    "0/1",
    "Init:ImagePullBackOff",
    "0",
  ],
  [
    "has an init container that failed",
    {
      spec: { initContainers: init },
      status: {
        phase: "Pending",
        conditions: [],
        initContainerStatuses: [
          down("one", ended(2), { restartCount: 1, lastState: crashed }),
          down("two", waiting("PodInitializing")),
        ],
        containerStatuses: [down("web", waiting("PodInitializing"))],
      },
    },
    "0/1",
    "Init:ExitCode:2",
    "1 (5s ago)",
  ],
  [
    "has passed its init containers",
    {
      spec: { initContainers: init },
      status: {
        phase: "Pending",
        initContainerStatuses: [
          down("one", ended(0, "Completed"), { restartCount: 4 }),
          down("two", ended(0, "Completed")),
        ],
        containerStatuses: [down("web", waiting("PodInitializing"))],
      },
    },
    "0/1",
    "PodInitializing",
    "0",
  ],
  [
    "has a sidecar, which counts",
    {
      spec: { initContainers: sidecar },
      status: {
        initContainerStatuses: [running("side", { restartCount: 2 })],
        containerStatuses: [running("web", { restartCount: 1 })],
      },
    },
    "2/2",
    "Running",
    "3",
  ],
  [
    "has a sidecar that has not started",
    {
      spec: { initContainers: sidecar },
      status: {
        phase: "Pending",
        conditions: [],
        initContainerStatuses: [down("side", { running: {} })],
        containerStatuses: [down("web", waiting("PodInitializing"))],
      },
    },
    "0/2",
    "Init:0/1",
    "0",
  ],
  ["is being deleted", { metadata: { deletionTimestamp: "2026-01-01T00:00:30Z" } }, "1/1", "Terminating", "0"],
  [
    "is being deleted after its end",
    {
      metadata: { deletionTimestamp: "2026-01-01T00:00:30Z" },
      status: { phase: "Failed", containerStatuses: [down("web", ended(1, "Error"))] },
    },
    "0/1",
    "Error",
    "0",
  ],
];
for (const [what, parts, ready, status, restarts] of rows) {
  Deno.test(`a pod that ${what} is shown as ${ready} ${status} ${restarts}`, () => {
    assert.deepEqual(podRow(testPod(parts), now).slice(0, 5), ["web", ready, status, restarts, "5m"]);
  });
}

Deno.test("wide cells are the address, the node and the readiness gates", () => {
  const readinessGates = [{ conditionType: "Ready" }, { conditionType: "example.com/other" }];
  const row = podRow(testPod({ spec: { readinessGates } }), now);
  assert.equal(row.length, podColumns.length);
  assert.deepEqual(row.slice(5), ["10.244.0.2", "edge-1", "<none>", "1/2"]);
  const bare = podRow(testPod({ spec: { nodeName: undefined }, status: { podIP: undefined } }), now);
  assert.deepEqual(bare.slice(5), ["<none>", "<none>", "<none>", "<none>"]);
});

Deno.test("the last restart is the latest of all containers", () => {
  const at = (finishedAt: string) => ({ lastState: { terminated: { exitCode: 1, finishedAt } }, restartCount: 1 });
  const containerStatuses = [running("web", at("2025-12-31T10:00:00Z")), running("db", at("2025-12-31T11:00:00Z"))];
  const { restarts, lastRestart } = podSummary(testPod({ spec: { containers: two }, status: { containerStatuses } }));
  assert.equal(restarts, 2);
  assert.equal(lastRestart, "2025-12-31T11:00:00Z");
});
