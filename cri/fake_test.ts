import assert from "node:assert/strict";
import {
  CriError,
  isCanceled,
  isDeadlineExceeded,
  isNameReserved,
  isNotFound,
  isUnavailable,
  nameHolder,
} from "./errors.ts";
import type { CriClient } from "./client.ts";
import type { CriContainerEvent } from "./events.ts";
import { FakeRuntime } from "./fake.ts";
import { SteppedClock, turns } from "./fake_clock.ts";
import { ContainerState, PodSandboxState } from "./gen/runtime_pb.ts";

function setUp(events: "cri" | "containerd" | "none" = "containerd") {
  const clock = new SteppedClock();
  const fake = new FakeRuntime({ clock, images: ["web:1"], events });
  return { clock, fake, cri: fake.client() };
}

const sandboxConfig = (name: string, attempt = 0) => ({
  metadata: { name, namespace: "default", uid: `uid-${name}`, attempt },
  labels: { app: name, tier: "front" },
  logDirectory: `/logs/${name}`,
});

async function runContainer(cri: CriClient, name: string) {
  const config = sandboxConfig(name);
  const { podSandboxId } = await cri.runtime.runPodSandbox({ config });
  const container = {
    metadata: { name, attempt: 0 },
    image: { image: "web:1" },
    labels: { app: name },
    logPath: "c/0.log",
  };
  const { containerId } = await cri.runtime.createContainer({ podSandboxId, config: container, sandboxConfig: config });
  await cri.runtime.startContainer({ containerId });
  return { podSandboxId, containerId };
}

const rejectsWith = (predicate: (err: unknown) => boolean) => (err: unknown) => {
  assert.ok(err instanceof CriError && predicate(err), String(err));
  return true;
};

Deno.test("the fake runs a pod through its whole life", async () => {
  const { fake, cri } = setUp();
  const { podSandboxId, containerId } = await runContainer(cri, "a");
  const { status } = await cri.runtime.containerStatus({ containerId });
  assert.equal(status?.state, ContainerState.CONTAINER_RUNNING);
  assert.equal(status?.logPath, "/logs/a/c/0.log");
  assert.ok(status!.startedAt > status!.createdAt);
  await cri.runtime.stopContainer({ containerId, timeout: 5n });
  const stopped = (await cri.runtime.containerStatus({ containerId })).status!;
  assert.deepEqual([stopped.state, stopped.exitCode, stopped.reason], [ContainerState.CONTAINER_EXITED, 143, "Error"]);
  await cri.runtime.stopPodSandbox({ podSandboxId });
  assert.equal((await cri.runtime.podSandboxStatus({ podSandboxId })).status?.state, PodSandboxState.SANDBOX_NOTREADY);
  await cri.runtime.removePodSandbox({ podSandboxId });
  await cri.runtime.removePodSandbox({ podSandboxId });
  await assert.rejects(cri.runtime.podSandboxStatus({ podSandboxId }), rejectsWith(isNotFound));
  assert.equal((await cri.runtime.listContainers({})).containers.length, 0);
  assert.deepEqual(fake.events.history.map(({ type }) => type), [
    "created",
    "started",
    "created",
    "started",
    "stopped",
    "stopped",
    "deleted",
    "deleted",
  ]);
});

Deno.test("lists are filtered by id, state, sandbox and labels, all of which must match", async () => {
  const { cri } = setUp();
  const a = await runContainer(cri, "a");
  const b = await runContainer(cri, "b");
  const ids = async (filter: Parameters<typeof cri.runtime.listContainers>[0]["filter"]) =>
    (await cri.runtime.listContainers({ filter })).containers.map(({ id }) => id);
  assert.deepEqual(await ids({ labelSelector: { app: "b" } }), [b.containerId]);
  assert.deepEqual(await ids({ podSandboxId: a.podSandboxId }), [a.containerId]);
  assert.deepEqual(await ids({ podSandboxId: a.podSandboxId, labelSelector: { app: "b" } }), []);
  await cri.runtime.stopContainer({ containerId: a.containerId, timeout: 0n });
  assert.deepEqual(await ids({ state: { state: ContainerState.CONTAINER_RUNNING } }), [b.containerId]);
  assert.deepEqual(await ids({ state: { state: ContainerState.CONTAINER_CREATED } }), []);
  const sandboxes = await cri.runtime.listPodSandbox({ filter: { labelSelector: { app: "a", tier: "front" } } });
  assert.deepEqual(sandboxes.items.map(({ id }) => id), [a.podSandboxId]);
});

Deno.test("states() reads the same lists, and nothing of them but what changes", async () => {
  const { cri } = setUp();
  const a = await runContainer(cri, "a");
  const b = await runContainer(cri, "b");
  await cri.runtime.stopContainer({ containerId: a.containerId, timeout: 0n });
  await cri.runtime.stopPodSandbox({ podSandboxId: b.podSandboxId });
  const states = async (labelSelector: Record<string, string>) => {
    const { sandboxes, containers } = await cri.states({ labelSelector });
    return { sandboxes: [...sandboxes], containers: [...containers] };
  };
  assert.deepEqual(await states({ app: "a" }), {
    sandboxes: [[a.podSandboxId, PodSandboxState.SANDBOX_READY]],
    containers: [[a.containerId, ContainerState.CONTAINER_EXITED]],
  });
  assert.deepEqual((await states({ app: "b" })).sandboxes, [[b.podSandboxId, PodSandboxState.SANDBOX_NOTREADY]]);
  assert.deepEqual(await states({ app: "c" }), { sandboxes: [], containers: [] });
});

Deno.test("a name is reserved until its object is removed, and the refusal names the holder", async () => {
  const { cri } = setUp();
  const { podSandboxId } = await cri.runtime.runPodSandbox({ config: sandboxConfig("a") });
  await assert.rejects(cri.runtime.runPodSandbox({ config: sandboxConfig("a") }), (err) => {
    assert.ok(isNameReserved(err));
    assert.equal(nameHolder(err), podSandboxId);
    return true;
  });
  await cri.runtime.runPodSandbox({ config: sandboxConfig("a", 1) });
  await cri.runtime.removePodSandbox({ podSandboxId });
  await cri.runtime.runPodSandbox({ config: sandboxConfig("a") });
});

Deno.test("a lost answer leaves the effect behind, and an error leaves none", async () => {
  const { fake, cri } = setUp();
  fake.fault("runPodSandbox", { kind: "lostAnswer" });
  await assert.rejects(cri.runtime.runPodSandbox({ config: sandboxConfig("a") }), rejectsWith(isUnavailable));
  assert.equal(fake.sandboxes.size, 1);
  const fault = fake.fault("runPodSandbox", { kind: "error", code: "internal", message: "no room" });
  await assert.rejects(cri.runtime.runPodSandbox({ config: sandboxConfig("b") }), {
    name: "CriError",
    code: "internal",
    detail: "no room",
    message: "Cannot complete RunPodSandbox: no room",
  });
  assert.equal(fault.hits, 1);
  assert.equal(fake.sandboxes.size, 1);
  await cri.runtime.runPodSandbox({ config: sandboxConfig("b") });
});

Deno.test("a call that hangs ends at its deadline on the client's clock", async () => {
  const { fake, cri, clock } = setUp();
  fake.fault("version", { kind: "hang" });
  const call = assert.rejects(cri.runtime.version({}), rejectsWith(isDeadlineExceeded));
  await clock.advance(119_999);
  assert.equal(cri.load.running, 1);
  await clock.advance(1);
  await call;
  assert.equal(cri.load.running, 0);
});

Deno.test("a stuck create holds its name and lists nothing until the name is given back", async () => {
  const { fake, cri } = setUp();
  fake.fault("runPodSandbox", { kind: "stuck" });
  const gaveUp = new AbortController();
  const call = assert.rejects(
    cri.runtime.runPodSandbox({ config: sandboxConfig("a") }, { signal: gaveUp.signal }),
    rejectsWith(isCanceled),
  );
  await turns();
  gaveUp.abort();
  await call;
  assert.equal((await cri.runtime.listPodSandbox({})).items.length, 0);
  await assert.rejects(cri.runtime.runPodSandbox({ config: sandboxConfig("a") }), rejectsWith(isNameReserved));
  fake.releaseNames();
  await cri.runtime.runPodSandbox({ config: sandboxConfig("a") });
});

Deno.test("a fault can be aimed at one request", async () => {
  const { fake, cri } = setUp();
  fake.fault("pullImage", {
    kind: "error",
    times: Infinity,
    when: (r: { image?: { image: string } }) => r.image?.image === "b",
  });
  fake.images.publish("a");
  fake.images.publish("b");
  await cri.image.pullImage({ image: { image: "a" } });
  await assert.rejects(cri.image.pullImage({ image: { image: "b" } }));
  await assert.rejects(cri.image.pullImage({ image: { image: "b" } }));
  assert.equal(fake.callsOf("pullImage").length, 3);
});

Deno.test("programs end by themselves, on SIGTERM, or only on SIGKILL after the grace period", async () => {
  const { fake, cri, clock } = setUp();
  fake.program = ({ name }) => ({ job: { exitAfterMs: 500, exitCode: 2 }, deaf: { ignoresTerm: true } })[name] ?? {};
  const job = await runContainer(cri, "job");
  const deaf = await runContainer(cri, "deaf");
  await clock.advance(500);
  assert.equal((await cri.runtime.containerStatus({ containerId: job.containerId })).status?.exitCode, 2);
  const stop = cri.runtime.stopContainer({ containerId: deaf.containerId, timeout: 30n });
  await clock.advance(29_999);
  assert.equal(fake.containerNamed("deaf").running, true);
  await clock.advance(1);
  await stop;
  assert.equal(fake.containerNamed("deaf").exitCode, 137);
});

Deno.test("an exec that takes longer than its timeout is a deadline of the runtime's", async () => {
  const { fake, cri, clock } = setUp();
  const { containerId } = await runContainer(cri, "a");
  fake.exec = (_, cmd) => ({ exitCode: 3, stdout: cmd.join(" ") });
  const done = await cri.runtime.execSync({ containerId, cmd: ["ls", "-l"], timeout: 1n });
  assert.deepEqual([done.exitCode, new TextDecoder().decode(done.stdout)], [3, "ls -l"]);
  fake.exec = () => new Promise(() => {});
  const late = assert.rejects(
    cri.runtime.execSync({ containerId, cmd: ["x"], timeout: 1n }),
    rejectsWith(isDeadlineExceeded),
  );
  await clock.advance(1000);
  await late;
});

for (const source of ["cri", "containerd"] as const) {
  Deno.test(`events of source ${source} reach the watcher and can be lost, repeated and reordered`, async () => {
    const { fake, cri, clock } = setUp(source);
    const seen: CriContainerEvent[] = [];
    const connected: string[] = [];
    const watch = cri.watchEvents({
      onEvent: (event) => seen.push(event),
      onConnected: (source) => connected.push(source),
      onBroken: (err) => assert.fail(err),
    });
    await clock.advance(500);
    assert.deepEqual(connected, [source]);
    const { containerId } = await runContainer(cri, "a");
    fake.events.interfere = () => [];
    fake.containerNamed("a").exit(4);
    await turns();
    assert.deepEqual(seen.map(({ type }) => type), ["created", "started", "created", "started"]);
    fake.events.interfere = (event) => [event, event];
    fake.events.hold();
    await cri.runtime.removeContainer({ containerId });
    await runContainer(cri, "b");
    seen.length = 0;
    fake.events.release((events) => events.reverse());
    await turns();
    assert.deepEqual(seen.map(({ type }) => type), [
      ...["started", "started", "created", "created", "started", "started", "created", "created", "deleted", "deleted"],
    ]);
    watch.close();
    await turns();
    assert.equal(fake.events.subscribers, 0);
  });
}

Deno.test("a stopped container's event carries its exit code and an OOM kill is told", async () => {
  const { fake, cri, clock } = setUp();
  const seen: CriContainerEvent[] = [];
  const watch = cri.watchEvents({ onEvent: (event) => seen.push(event), onConnected() {}, onBroken() {} });
  await clock.advance(500);
  const { containerId } = await runContainer(cri, "a");
  fake.containerNamed("a").exit(137, "OOMKilled");
  await turns();
  assert.deepEqual(seen.slice(-2).map(({ type, id, exitCode }) => [type, id, exitCode]), [
    ["oom", containerId, undefined],
    ["stopped", containerId, 137],
  ]);
  watch.close();
});

Deno.test("a watch survives the runtime's restart and says when it broke and came back", async () => {
  const { fake, cri, clock } = setUp();
  const told: string[] = [];
  const watch = cri.watchEvents({
    onEvent: (event) => told.push(event.type),
    onConnected: (source) => told.push(`connected ${source}`),
    onBroken: (err) => told.push(`broken ${err.code}`),
  });
  await clock.advance(500);
  fake.stop();
  await turns();
  assert.deepEqual(told, ["connected containerd", "broken unavailable"]);
  await assert.rejects(cri.runtime.version({}), rejectsWith(isUnavailable));
  await clock.advance(100);
  assert.deepEqual(told.slice(2), ["broken unavailable"]);
  fake.start();
  await clock.advance(200);
  await clock.advance(500);
  assert.deepEqual(told.slice(3), ["connected containerd"]);
  await cri.runtime.runPodSandbox({ config: sandboxConfig("a") });
  await turns();
  assert.deepEqual(told.slice(4), ["created", "started"]);
  watch.close();
});

Deno.test("a runtime without events is told once as source none", async () => {
  const { fake, cri, clock } = setUp("none");
  const told: string[] = [];
  const watch = cri.watchEvents({
    onEvent: (event) => told.push(event.type),
    onConnected: (source) => told.push(source),
    onBroken: (err) => assert.fail(err),
  });
  await turns();
  for (let i = 0; i < 3; i++) await clock.advance(60_000);
  assert.deepEqual(told, ["none"]);
  watch.close();
  fake.dispose();
});

Deno.test("a reboot ends every process and keeps the records", async () => {
  const { fake, cri } = setUp();
  const { containerId, podSandboxId } = await runContainer(cri, "a");
  fake.reboot();
  assert.equal((await cri.runtime.containerStatus({ containerId })).status?.exitCode, 255);
  assert.equal((await cri.runtime.podSandboxStatus({ podSandboxId })).status?.state, PodSandboxState.SANDBOX_NOTREADY);
});

Deno.test("images are found by tag, short name, digest and id", async () => {
  const { fake, cri } = setUp();
  const image = fake.images.add("docker.io/library/busybox:latest", { user: "www" });
  for (const reference of ["busybox", "busybox:latest", image.id, image.repoDigests[0]]) {
    assert.equal((await cri.image.imageStatus({ image: { image: reference } })).image?.id, image.id, reference);
  }
  assert.equal((await cri.image.imageStatus({ image: { image: "busybox:2" } })).image, undefined);
  await assert.rejects(cri.image.pullImage({ image: { image: "nowhere:1" } }), rejectsWith(isNotFound));
  await cri.image.removeImage({ image: { image: "busybox" } });
  assert.equal((await cri.image.listImages({})).images.length, 1);
});
