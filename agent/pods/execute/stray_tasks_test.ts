import assert from "node:assert/strict";
import { FakeCgroups } from "../../../cgroups/fake.ts";
import { FakeRuntime } from "../../../cri/fake.ts";
import { SteppedClock } from "../../../cri/fake_clock.ts";
import { cgroupPath, removeWithStrays } from "./stray_tasks.ts";

async function setUp(events: "cri" | "containerd" = "containerd") {
  const clock = new SteppedClock();
  const fake = new FakeRuntime({ clock, images: ["web:1"], events });
  const cri = fake.client();
  const sandboxConfig = { metadata: { name: "web", namespace: "default", uid: "u", attempt: 0 } };
  const { podSandboxId } = await cri.runtime.runPodSandbox({ config: sandboxConfig });
  const config = { metadata: { name: "main", attempt: 0 }, image: { image: "web:1" }, labels: {} };
  const { containerId } = await cri.runtime.createContainer({ podSandboxId, config, sandboxConfig });
  await cri.runtime.startContainer({ containerId });
  const deps = { cri, cgroups: new FakeCgroups(2).fs(), clock };
  let over = false;
  const removing = removeWithStrays(
    deps,
    () => Promise.resolve([containerId]),
    () => cri.runtime.removeContainer({ containerId }),
  ).finally(() => over = true);
  removing.catch(() => {});
  /** Lets time pass until it has come to its end. */
  const end = async () => {
    for (let steps = 0; !over && steps < 100; steps++) await clock.advance(100);
    assert.ok(over);
    await removing;
  };
  return { fake, containerId, end };
}

Deno.test("what can be removed is, at once", async () => {
  const { fake, containerId, end } = await setUp();
  await end();
  assert.equal(fake.callsOf("removeContainer").length, 1);
  assert.ok(!fake.containers.has(containerId));
});

Deno.test("a task that the runtime clears up when its processes have ended is waited for", async () => {
  const { fake, containerId, end } = await setUp();
  const words = "failed to delete task: cannot delete running task x: failed precondition";
  fake.fault("removeContainer", { kind: "error", message: words, times: 2 });
  await end();
  assert.equal(fake.callsOf("removeContainer").length, 3);
  assert.ok(!fake.containers.has(containerId));
});

Deno.test("a task that nobody keeps any more is deleted past the CRI plugin", async () => {
  const { fake, containerId, end } = await setUp();
  fake.containers.get(containerId)!.taskLost = true;
  await end();
  assert.ok(!fake.containers.has(containerId));
  assert.equal(fake.callsOf("removeContainer").length, 4);
});

Deno.test("where there is no task service the runtime's own words are told", async () => {
  const { fake, containerId, end } = await setUp("cri");
  fake.containers.get(containerId)!.taskLost = true;
  await assert.rejects(end(), /cannot delete running task/);
  assert.equal(fake.callsOf("removeContainer").length, 6);
});

Deno.test("another refusal is passed on without a second try", async () => {
  const { fake, end } = await setUp();
  fake.fault("removeContainer", { kind: "error", message: "device or resource busy" });
  await assert.rejects(end(), /device or resource busy/);
  assert.equal(fake.callsOf("removeContainer").length, 1);
});

Deno.test("a container's cgroup is read in both drivers' forms", () => {
  assert.equal(cgroupPath("/kubepods/podu/c"), "/kubepods/podu/c");
  assert.equal(
    cgroupPath("kubepods-podu.slice:cri-containerd:c"),
    "/kubepods.slice/kubepods-podu.slice/cri-containerd-c.scope",
  );
  assert.equal(cgroupPath("relative"), undefined);
});
