import assert from "node:assert/strict";
import { isBusy } from "./errors.ts";
import { FakeCgroups } from "./fake.ts";
import { detect } from "./hierarchy.ts";
import { killAll } from "./kill.ts";
import { oomKills } from "./oom.ts";

const pod = "/kubepods/pod1";

Deno.test("create() on v1 makes the cgroup in every hierarchy and gives cpusets their parent's", async () => {
  const kernel = new FakeCgroups(1);
  const cgroups = kernel.fs();
  await cgroups.create(pod, { cpuShares: 512, pidsMax: 10 });
  for (const controller of cgroups.controllers) {
    assert.notEqual(kernel.directories(`/sys/fs/cgroup/${controller}${pod}`), undefined, controller);
  }
  assert.equal(cgroups.read(pod, "cpuset.cpus"), "0-1");
  assert.equal(cgroups.read(pod, "cpuset.mems"), "0");
  assert.equal(cgroups.read(pod, "cpu.shares"), "512");
  kernel.writes.length = 0;
  await cgroups.create(pod, { cpuShares: 512, pidsMax: 10 });
  assert.deepEqual(kernel.writes, []);
});

Deno.test("create() on v1 adopts a cgroup that is there in some hierarchies only", async () => {
  const kernel = new FakeCgroups(1);
  kernel.mkdir("/sys/fs/cgroup/memory/kubepods");
  const cgroups = kernel.fs();
  assert.equal(cgroups.exists("/kubepods"), true);
  await cgroups.create("/kubepods", { cpuShares: 2 });
  assert.equal(cgroups.read("/kubepods", "cpu.shares"), "2");
});

Deno.test("v1 looks into all hierarchies for children and processes, each once", async () => {
  const kernel = new FakeCgroups(1);
  const cgroups = kernel.fs();
  await cgroups.create(pod);
  kernel.mkdir(`/sys/fs/cgroup/pids${pod}/only-here`);
  await kernel.write(`/sys/fs/cgroup/pids${pod}/cgroup.procs`, "7");
  kernel.set(`${pod}/only-here`, "cgroup.procs", "9\n8");
  assert.deepEqual(cgroups.list(pod), ["only-here"]);
  assert.deepEqual(cgroups.processes(pod), [7]);
  assert.deepEqual(cgroups.processes(pod, { recursive: true }), [7, 8, 9]);
});

Deno.test("killAll() on v1 signals round after round until nothing is left", async () => {
  const kernel = new FakeCgroups(1);
  const cgroups = kernel.fs();
  await cgroups.create(`${pod}/container`);
  kernel.set(pod, "cgroup.procs", "10");
  kernel.set(`${pod}/container`, "cgroup.procs", "11");
  const killed: number[] = [];
  const kill = (pid: number) => {
    killed.push(pid);
    kernel.endProcess(pid);
    // A fork that the first round did not see.
    if (pid === 11) kernel.set(`${pod}/container`, "cgroup.procs", "12");
    return true;
  };
  assert.equal(await killAll(cgroups, pod, { kill }), 3);
  assert.deepEqual(killed, [10, 11, 12]);
});

Deno.test("killAll() refuses when this very process is inside, and reports those that do not die", async () => {
  const kernel = new FakeCgroups(1);
  const cgroups = kernel.fs();
  await cgroups.create(pod);
  kernel.set(pod, "cgroup.procs", `${Deno.pid}`);
  await assert.rejects(killAll(cgroups, pod, { kill: () => assert.fail() }), /this process is in it/);
  kernel.set(pod, "cgroup.procs", "3");
  const stubborn = killAll(cgroups, pod, { timeoutMs: 10, kill: () => true });
  await assert.rejects(stubborn, /processes 3 are still there/);
});

Deno.test("oomKills() on v1 adds up the tree", async () => {
  const kernel = new FakeCgroups(1);
  const cgroups = kernel.fs();
  await cgroups.create(`${pod}/a`);
  await cgroups.create(`${pod}/b`);
  kernel.set(`${pod}/a`, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2");
  kernel.set(`${pod}/b`, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1");
  assert.equal(oomKills(cgroups, pod), 3);
  assert.equal(oomKills(cgroups, "/absent"), undefined);
});

let real = false;
try {
  real = Deno.uid() === 0 && detect().version === 1;
} catch {
  // No cgroups here.
}

Deno.test({
  name: "this machine's v1: create with limits, adopt without a write, raise, kill, remove",
  ignore: !real,
  fn: async () => {
    const cgroups = detect();
    const top = `/islet-test-${crypto.randomUUID()}`;
    const path = `${top}/pod1`;
    const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
    try {
      const limits = {
        cpuShares: 512,
        cpuQuotaUs: 50_000,
        cpuPeriodUs: 100_000,
        memoryBytes: 64 * 2 ** 20 + 1,
        pidsMax: 64,
        hugetlb: { "2MB": 0 },
      };
      const applied = await cgroups.create(path, limits);
      assert.ok(applied.written.includes("cpu.shares"));
      assert.equal(cgroups.read(path, "cpu.shares"), "512");
      assert.equal(cgroups.read(path, "cpu.cfs_quota_us"), "50000");
      assert.equal(cgroups.read(path, "memory.limit_in_bytes"), String(64 * 2 ** 20));
      assert.equal(cgroups.read(path, "pids.max"), "64");
      assert.deepEqual((await cgroups.create(path, limits)).written, [], "adopted as it is");

      const raised = await cgroups.apply(path, { ...limits, memoryBytes: 128 * 2 ** 20, cpuQuotaUs: -1 });
      assert.deepEqual(raised.written.sort(), ["cpu.cfs_quota_us", "memory.limit_in_bytes"]);

      // Children can never have a larger share of a period than their parent.
      await cgroups.apply(top, { cpuQuotaUs: 10_000 });
      await assert.rejects(cgroups.apply(path, { cpuQuotaUs: 20_000 }), /Cannot write 20000 to cpu.cfs_quota_us/);

      await cgroups.addProcess(path, child.pid);
      assert.deepEqual(cgroups.processes(top, { recursive: true }), [child.pid]);
      assert.ok(cgroups.memoryUsage(path)! >= 0);
      assert.equal(oomKills(cgroups, top), 0);
      await assert.rejects(cgroups.remove(top, { timeoutMs: 10 }), (err) => isBusy(err));
      assert.deepEqual(cgroups.processes(path), [child.pid]);
      assert.equal(await killAll(cgroups, top), 1);
      assert.equal((await child.status).signal, "SIGKILL");
    } finally {
      try {
        child.kill("SIGKILL");
      } catch {
        // Killed above.
      }
      await child.status;
      await cgroups.remove(top);
    }
    assert.equal(cgroups.exists(top), false);
  },
});

Deno.test({
  name: "this machine's v1: a process that allocates over the limit is counted as an OOM kill",
  ignore: !real,
  fn: async () => {
    const cgroups = detect();
    const top = `/islet-test-${crypto.randomUUID()}`;
    try {
      await cgroups.create(`${top}/container`, { memoryBytes: 8 * 2 ** 20 });
      // The shell waits for a line, so that it is inside before it allocates.
      const child = new Deno.Command("sh", {
        args: ["-c", "read line; head -c 64M /dev/zero | tail -c 64M"],
        stdin: "piped",
        stdout: "null",
        stderr: "null",
      }).spawn();
      await cgroups.addProcess(`${top}/container`, child.pid);
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode("go\n"));
      await writer.close();
      const status = await child.status;
      assert.equal(status.code, 128 + 9, "the shell tells that tail was killed");
      assert.equal(oomKills(cgroups, `${top}/container`), 1);
      assert.equal(oomKills(cgroups, top), 1);
    } finally {
      await cgroups.remove(top);
    }
  },
});
