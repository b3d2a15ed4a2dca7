import { deepEqual } from "node:assert/strict";
import type { ContainerStatus } from "../../objects/mod.ts";
import { remembered } from "./remember.ts";

const status = (more: Partial<ContainerStatus>): ContainerStatus => ({
  name: "web",
  image: "web",
  imageID: "",
  ready: false,
  restartCount: 2,
  containerID: "containerd://two",
  ...more,
});
const ended = (containerID: string) => ({ terminated: { exitCode: 3, containerID } });

const cases: { name: string; status: ContainerStatus; expected: unknown }[] = [
  {
    name: "one that runs, whose end would be unknown",
    status: status({ state: { running: {} } }),
    expected: [["web", { restartCount: 2, containerId: "two", exitCode: 137 }]],
  },
  {
    name: "one that has ended",
    status: status({ state: ended("containerd://two") }),
    expected: [["web", { restartCount: 2, containerId: "two", exitCode: 3 }]],
  },
  {
    name: "one that waits after it crashed",
    status: status({ state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: ended("containerd://two") }),
    expected: [["web", { restartCount: 2, containerId: "two" }]],
  },
  {
    name: "one that was made and not started, as if it had not been made",
    status: status({ state: { waiting: { reason: "ContainerCreating" } }, lastState: ended("containerd://one") }),
    expected: [["web", { restartCount: 1, containerId: "two" }]],
  },
  {
    name: "nothing of a first one that was made and not started",
    status: status({ restartCount: 0, state: { waiting: { reason: "ContainerCreating" } } }),
    expected: [],
  },
  { name: "nothing of one without an ID", status: status({ containerID: undefined }), expected: [] },
];

for (const { name, status, expected } of cases) {
  Deno.test(`remembered() knows ${name}`, () => {
    deepEqual([...remembered({ containerStatuses: [status] })], expected);
  });
}
