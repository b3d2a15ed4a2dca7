import { create } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import {
  ContainerSchema,
  ContainerState,
  ContainerStatusSchema,
  PodSandboxSchema,
  PodSandboxState,
  PodSandboxStatusSchema,
} from "../../cri/mod.ts";
import { box, podOf, testUid } from "../resources/testing.ts";
import { containerAnnotations, containerLabels, sandboxAnnotations, sandboxLabels } from "./labels.ts";
import { observedContainer, observedContainerStatus, observedPods, observedSandbox } from "./observe.ts";

const web = box("web");
const pod = podOf([web]);
const at = 1_700_000_000_123n;
const ns = (ms: bigint) => ms * 1_000_000n + 999_999n;

const sandboxLook = { labels: sandboxLabels(pod, "node-1"), annotations: sandboxAnnotations(pod) };
const sandbox = (attempt = 0, more: { state?: PodSandboxState; labels?: Record<string, string> } = {}) =>
  create(PodSandboxSchema, {
    id: `s${attempt}`,
    metadata: { name: "web", namespace: "shop", uid: testUid, attempt },
    state: PodSandboxState.SANDBOX_READY,
    createdAt: ns(at),
    ...sandboxLook,
    ...more,
  });
const sandboxStatus = create(PodSandboxStatusSchema, {
  id: "s0",
  metadata: { attempt: 0 },
  state: PodSandboxState.SANDBOX_NOTREADY,
  createdAt: ns(at),
  network: { ip: "10.244.0.7", additionalIps: [{ ip: "fd10::7" }] },
  ...sandboxLook,
});

const containerLook = { labels: containerLabels(pod, web, "node-1"), annotations: containerAnnotations(pod, web, 2) };
const container = (id: string, attempt: number, createdAt = at) =>
  create(ContainerSchema, {
    id,
    podSandboxId: "s0",
    metadata: { name: "web", attempt },
    image: { image: "sha256:abc" },
    imageRef: "example/web@sha256:def",
    state: ContainerState.CONTAINER_RUNNING,
    createdAt: ns(createdAt),
    ...containerLook,
  });
const exited = create(ContainerStatusSchema, {
  id: "c2",
  metadata: { name: "web", attempt: 2 },
  image: { image: "docker.io/example/web:latest" },
  imageRef: "example/web@sha256:def",
  state: ContainerState.CONTAINER_EXITED,
  createdAt: ns(at),
  startedAt: ns(at + 1000n),
  finishedAt: ns(at + 5000n),
  exitCode: 137,
  reason: "OOMKilled",
  message: "out of memory",
  logPath: "/var/log/pods/x/web/2.log",
  ...containerLook,
});

Deno.test("observedSandbox() reads a list's item, without addresses", () => {
  assert.deepEqual(observedSandbox(sandbox(3)), {
    id: "s3",
    podUid: testUid,
    namespace: "shop",
    name: "web",
    attempt: 3,
    ready: true,
    createdAt: Number(at),
    ips: [],
    ...sandboxLook,
  });
});

Deno.test("observedSandbox() reads addresses and the newer state from the status", () => {
  const both = observedSandbox(sandbox(), sandboxStatus)!;
  assert.deepEqual([both.ips, both.ready], [["10.244.0.7", "fd10::7"], false]);
  assert.deepEqual(observedSandbox(sandboxStatus), both, "the status alone says the same");
});

Deno.test("observedSandbox() gives no addresses to a pod on the node's network", () => {
  const status = create(PodSandboxStatusSchema, { ...sandboxLook, network: { ip: "" } });
  assert.deepEqual(observedSandbox(sandbox(), status)?.ips, []);
  assert.deepEqual(observedSandbox(create(PodSandboxStatusSchema, sandboxLook))?.ips, []);
});

Deno.test("observedContainer() reads a list's item, without what only the status tells", () => {
  assert.deepEqual(observedContainer(container("c2", 2)), {
    id: "c2",
    sandboxId: "s0",
    podUid: testUid,
    name: "web",
    attempt: 2,
    state: "running",
    image: "example/web:1",
    imageId: "example/web@sha256:def",
    createdAt: Number(at),
    startedAt: 0,
    finishedAt: 0,
    exitCode: 0,
    reason: "",
    message: "",
    logPath: "",
    ...containerLook,
  });
});

Deno.test("observedContainer() reads the end of a container from its status", () => {
  const got = observedContainer(container("c2", 2), exited)!;
  assert.deepEqual(observedContainerStatus(exited, "s0"), got, "the status alone says the same");
  assert.deepEqual(
    [got.state, got.startedAt, got.finishedAt, got.exitCode, got.reason, got.message, got.logPath],
    ["exited", Number(at) + 1000, Number(at) + 5000, 137, "OOMKilled", "out of memory", "/var/log/pods/x/web/2.log"],
  );
});

Deno.test("observedContainer() names the image as the manifest did, or else as the runtime does", () => {
  const bare = { ...container("c2", 2), annotations: {} };
  assert.equal(observedContainer(bare)?.image, "sha256:abc");
  assert.equal(observedContainer(bare, exited)?.image, "docker.io/example/web:latest");
  assert.equal(observedContainer(container("c2", 2), exited)?.image, "example/web:1");
});

Deno.test("observedContainer() takes a stamp before 1970 for none", () => {
  const status = { ...exited, startedAt: -6_795_364_578_871_345_152n, finishedAt: 0n };
  const got = observedContainer(container("c2", 2), status)!;
  assert.deepEqual([got.startedAt, got.finishedAt], [0, 0]);
});

const states: [ContainerState, string][] = [
  [ContainerState.CONTAINER_CREATED, "created"],
  [ContainerState.CONTAINER_RUNNING, "running"],
  [ContainerState.CONTAINER_EXITED, "exited"],
  [ContainerState.CONTAINER_UNKNOWN, "unknown"],
  [77 as ContainerState, "unknown"],
];

for (const [state, expected] of states) {
  Deno.test(`observedContainer() calls state ${state} ${expected}`, () => {
    assert.equal(observedContainer({ ...container("c", 0), state })?.state, expected);
  });
}

Deno.test("observedPods() groups by UID, newest first, with what is known of each", () => {
  const pods = observedPods({
    sandboxes: [sandbox(0), sandbox(2), sandbox(1)],
    containers: [container("old", 0, at - 9000n), container("c2", 2), container("tie", 3)],
    sandboxStatus: new Map([["s0", sandboxStatus]]),
    containerStatus: new Map([["c2", exited]]),
    observedAt: 42,
  });
  assert.deepEqual([...pods.keys()], [testUid]);
  const got = pods.get(testUid)!;
  assert.deepEqual([got.uid, got.namespace, got.name, got.observedAt], [testUid, "shop", "web", 42]);
  assert.deepEqual(got.sandboxes.map(({ id }) => id), ["s2", "s1", "s0"]);
  assert.deepEqual(got.sandboxes.map(({ ips }) => ips.length), [0, 0, 2]);
  assert.deepEqual(got.containers.map(({ id, state }) => [id, state]), [
    ["tie", "running"],
    ["c2", "exited"],
    ["old", "running"],
  ]);
});

Deno.test("observedPods() shows a pod of which only containers are left", () => {
  const pods = observedPods({ sandboxes: [], containers: [container("c", 0)], observedAt: 0 });
  assert.deepEqual(pods.get(testUid)?.containers.map(({ id }) => id), ["c"]);
  assert.equal(pods.get(testUid)?.name, "web");
});

Deno.test("observedPods() passes over other owners' objects and those that are no pods", () => {
  const theirs = sandbox(5, { labels: { ...sandboxLook.labels, "dev.islet/owner": "node-2" } });
  const kubelets = sandbox(6, { labels: { ...sandboxLook.labels, "dev.islet/owner": "" } });
  const stray = sandbox(7, { labels: { "dev.islet/owner": "node-1" } });
  const noName = { ...container("x", 0), labels: sandboxLook.labels };
  const answers = { sandboxes: [theirs, kubelets, stray, sandbox(0)], containers: [noName], observedAt: 0 };
  const own = observedPods({ ...answers, owner: "node-1" });
  assert.deepEqual([...own.values()].flatMap(({ sandboxes }) => sandboxes.map(({ id }) => id)), ["s0"]);
  assert.deepEqual([...own.values()].flatMap(({ containers }) => containers), []);
  const all = observedPods(answers);
  assert.deepEqual([...all.values()].flatMap(({ sandboxes }) => sandboxes.map(({ id }) => id)), ["s6", "s5", "s0"]);
});
