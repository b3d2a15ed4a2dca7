import assert from "node:assert/strict";
import { isBusy } from "./errors.ts";
import { FakeCgroups } from "./fake.ts";
import { detect } from "./hierarchy.ts";
import { killAll } from "./kill.ts";
import { oomKills } from "./oom.ts";

const pod = "/kubepods/burstable/pod1";

Deno.test("create() on v2 hands controllers down on the way and limits the cgroup", async () => {
  const kernel = new FakeCgroups(2);
  const cgroups = kernel.fs();
  const applied = await cgroups.create(pod, { cpuShares: 1024, memoryBytes: 8192 });
  assert.deepEqual(applied, { written: ["cpu.weight", "memory.max"], unsupported: [] });
  assert.equal(cgroups.read("/kubepods", "cgroup.subtree_control"), "cpu cpuset io memory pids hugetlb");
  assert.equal(cgroups.read("/kubepods/burstable", "cgroup.subtree_control"), "cpu cpuset io memory pids hugetlb");
  assert.equal(cgroups.read(pod, "cgroup.subtree_control"), "", "the runtime opens the pod's own");
  assert.equal(cgroups.read(pod, "cpu.weight"), "39");
  assert.equal(cgroups.read(pod, "memory.max"), "8192");
});

Deno.test("create() on v2 a second time writes nothing", async () => {
  const kernel = new FakeCgroups(2);
  const limits = { cpuShares: 512, cpuQuotaUs: 50_000, memoryBytes: 10_000, pidsMax: 9, hugetlb: { "2MB": 0 } };
  await kernel.fs().create(pod, limits);
  assert.ok(kernel.writes.length > 0);
  kernel.writes.length = 0;
  assert.deepEqual(await kernel.fs().create(pod, limits), { written: [], unsupported: [] });
  assert.deepEqual(kernel.writes, []);
});

Deno.test("create() on v2 leaves out controllers that the kernel lacks, and refuses a limit that needs one", async () => {
  const cgroups = new FakeCgroups(2, ["cpu", "memory"]).fs();
  await cgroups.create(pod, { cpuShares: 2, memoryBytes: 4096 });
  await assert.rejects(cgroups.apply(pod, { pidsMax: 3 }), /Cannot limit cgroup .*pids\.max does not exist/);
});

Deno.test("apply() on v2 names the limits that a node can do without and does not have", async () => {
  const cgroups = new FakeCgroups(2, ["cpu", "memory", "pids"]).fs();
  const applied = await cgroups.create(pod, { pidsMax: 3, ioWeight: 5, hugetlb: { "1GB": 1 } });
  assert.deepEqual(applied, { written: ["pids.max"], unsupported: ["hugetlb.1GB.max", "io.weight"] });
});

Deno.test("create() on v2 explains a parent with processes of its own", async () => {
  const kernel = new FakeCgroups(2);
  await kernel.fs().create("/kubepods");
  kernel.set("/kubepods", "cgroup.procs", "77");
  await assert.rejects(
    kernel.fs().create(pod),
    /Cannot enable controller cpu below cgroup \/kubepods: it has processes of its own/,
  );
});

Deno.test("remove() on v2 takes what is below along, and what is absent is done", async () => {
  const kernel = new FakeCgroups(2);
  const cgroups = kernel.fs();
  await cgroups.create(`${pod}/container/nested`);
  await cgroups.remove(pod);
  assert.equal(cgroups.exists(pod), false);
  assert.deepEqual(cgroups.list("/kubepods/burstable"), []);
  await cgroups.remove(pod);
});

Deno.test("remove() waits for processes that are dying, and gives up on those that live", async () => {
  const kernel = new FakeCgroups(2);
  const cgroups = kernel.fs();
  await cgroups.create(pod);
  kernel.set(pod, "cgroup.procs", "55");
  await assert.rejects(cgroups.remove(pod, { timeoutMs: 20 }), (err) => isBusy(err));
  assert.deepEqual(cgroups.processes(pod), [55], "nothing was killed");
  const removal = cgroups.remove(pod, { timeoutMs: 10_000 });
  kernel.endProcess(55);
  await removal;
  assert.equal(cgroups.exists(pod), false);
});

Deno.test("remove() ends with its signal", async () => {
  const kernel = new FakeCgroups(2);
  await kernel.fs().create(pod);
  kernel.set(pod, "cgroup.procs", "55");
  const stop = new AbortController();
  const removal = kernel.fs().remove(pod, { timeoutMs: 60_000, signal: stop.signal });
  stop.abort(new Error("stopped"));
  await assert.rejects(removal, /stopped/);
});

Deno.test("killAll() on v2 kills by the kernel's own file, everything below included", async () => {
  const kernel = new FakeCgroups(2);
  const cgroups = kernel.fs();
  await cgroups.create(`${pod}/container`);
  kernel.set(pod, "cgroup.procs", "10");
  kernel.set(`${pod}/container`, "cgroup.procs", "11\n12");
  const kill = () => assert.fail("signals are not needed");
  assert.equal(await killAll(cgroups, pod, { kill }), 3);
  assert.ok(kernel.writes.includes(`${pod}/cgroup.kill=1`));
  assert.deepEqual(cgroups.processes(pod, { recursive: true }), []);
});

Deno.test("oomKills() on v2 reads the count of the whole tree", async () => {
  const kernel = new FakeCgroups(2);
  const cgroups = kernel.fs();
  await cgroups.create(pod);
  assert.equal(oomKills(cgroups, pod), 0);
  kernel.set(pod, "memory.events", "low 0\nhigh 0\nmax 4\noom 3\noom_kill 2\noom_group_kill 1");
  assert.equal(oomKills(cgroups, pod), 2);
  assert.equal(oomKills(cgroups, "/absent"), undefined);
});

Deno.test("paths that are relative, climb or are the root are refused", async () => {
  const cgroups = new FakeCgroups(2).fs();
  await assert.rejects(cgroups.create("kubepods"), /must be absolute and plain/);
  await assert.rejects(cgroups.create("/kubepods/../x"), /must be absolute and plain/);
  await assert.rejects(cgroups.create("/"), /it is the root/);
  await assert.rejects(async () => cgroups.remove("/"), /it is the root/);
  await assert.rejects(killAll(cgroups, "/"), /it is the root/);
});

/** The v2 tree of a hybrid machine has no controllers, but processes, events and kill. */
const unified = "/sys/fs/cgroup/unified";
let real = false;
try {
  real = Deno.uid() === 0 && Deno.statSync(`${unified}/cgroup.controllers`).isFile;
} catch {
  // Another layout.
}

Deno.test({
  name: "a real v2 tree: create, move a process in, kill, remove",
  ignore: !real,
  fn: async () => {
    const cgroups = detect(unified);
    const path = `/islet-test-${crypto.randomUUID()}`;
    const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
    try {
      // Made by hand: `create` would hand the hybrid tree's controllers down for the whole machine.
      Deno.mkdirSync(unified + path);
      Deno.mkdirSync(`${unified}${path}/inner`);
      assert.deepEqual(await cgroups.apply(path, {}), { written: [], unsupported: [] });
      await cgroups.addProcess(`${path}/inner`, child.pid);
      assert.deepEqual(cgroups.processes(path), []);
      assert.deepEqual(cgroups.processes(path, { recursive: true }), [child.pid]);
      await assert.rejects(cgroups.remove(path, { timeoutMs: 10 }), (err) => isBusy(err));
      assert.equal(await killAll(cgroups, path), 1);
      assert.equal((await child.status).signal, "SIGKILL");
    } finally {
      try {
        child.kill("SIGKILL");
      } catch {
        // Killed above.
      }
      await child.status;
      await cgroups.remove(path);
    }
    assert.equal(cgroups.exists(path), false);
  },
});
