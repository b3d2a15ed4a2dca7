import assert from "node:assert/strict";
import type { ContainerStatus } from "../../objects/mod.ts";
import { chooseLog } from "./log_choice.ts";
import { running } from "../testing.ts";

const ended = (id: string | undefined) => ({ terminated: { exitCode: 1, containerID: id && `containerd://${id}` } });
const waiting = (reason: string) => ({ waiting: { reason } });

const chosen: [what: string, previous: boolean, status: Partial<ContainerStatus>, id: string, running: boolean][] = [
  ["a running container", false, {}, "web-0", true],
  ["an ended one", false, { state: ended("web-0") }, "web-0", false],
  ["the run before an end without id", false, { state: ended(undefined), lastState: ended("old") }, "old", false],
  [
    "the last run of one in back-off",
    false,
    { state: waiting("CrashLoopBackOff"), lastState: ended("old") },
    "old",
    false,
  ],
  ["the run before a running one", true, { lastState: ended("old") }, "old", false],
];
for (const [what, previous, status, id, runs] of chosen) {
  Deno.test(`chooseLog() takes ${what}${previous ? " when the previous one is asked for" : ""}`, () => {
    const asked = { pod: "p", container: "web", previous };
    assert.deepEqual(chooseLog(asked, running("web", status)), { id, running: runs });
  });
}

const refused: [previous: boolean, status: Partial<ContainerStatus> | undefined, message: string][] = [
  [false, undefined, 'container "web" in pod "p" is not available'],
  [true, {}, 'previous terminated container "web" in pod "p" not found'],
  [true, { lastState: ended(undefined) }, 'previous terminated container "web" in pod "p" not found'],
  [false, { state: ended(undefined) }, 'container "web" in pod "p" is terminated'],
  [false, { state: waiting("ErrImagePull") }, 'container "web" in pod "p" is waiting to start: image can\'t be pulled'],
  [
    false,
    { state: waiting("ImagePullBackOff") },
    'container "web" in pod "p" is waiting to start: trying and failing to pull image',
  ],
  [false, { state: waiting("PodInitializing") }, 'container "web" in pod "p" is waiting to start: PodInitializing'],
  [false, { state: {} }, 'container "web" in pod "p" is waiting to start - no logs yet'],
];
for (const [previous, status, message] of refused) {
  Deno.test(`chooseLog() refuses: ${message}${previous ? ` (${JSON.stringify(status)})` : ""}`, () => {
    const asked = { pod: "p", container: "web", previous };
    assert.throws(() => chooseLog(asked, status && running("web", status)), { message, code: 400 });
  });
}
