import assert from "node:assert/strict";
import { FakeCgroups } from "./fake.ts";
import { ensureKubepods } from "./kubepods.ts";
import { expandSlice } from "./names.ts";
import {
  type RunCommand,
  setSliceCommand,
  startSliceCommand,
  stopSliceCommand,
  SystemdFs,
  unitProperties,
} from "./systemd.ts";

Deno.test("unitProperties() says limits in systemd's words", () => {
  const limits = { cpuShares: 1024, cpuQuotaUs: 50_500, memoryBytes: 8192, pidsMax: -1, memoryLowBytes: 4096 };
  assert.deepEqual(unitProperties(2, limits), [
    ["CPUWeight", "t", "39"],
    ["CPUQuotaPerSecUSec", "t", "510000"],
    ["CPUQuotaPeriodUSec", "t", "100000"],
    ["MemoryMax", "t", "8192"],
    ["MemoryLow", "t", "4096"],
    ["TasksMax", "t", "18446744073709551615"],
  ]);
  assert.deepEqual(unitProperties(1, limits), [
    ["CPUShares", "t", "1024"],
    ["CPUQuotaPerSecUSec", "t", "510000"],
    ["CPUQuotaPeriodUSec", "t", "100000"],
    ["MemoryLimit", "t", "8192"],
    ["TasksMax", "t", "18446744073709551615"],
  ]);
});

Deno.test("startSliceCommand() is one busctl call with counted properties and no auxiliary units", () => {
  const argv = startSliceCommand(2, "kubepods.slice", { cpuShares: 2 });
  assert.deepEqual(argv.slice(0, 10), [
    "busctl",
    "call",
    "org.freedesktop.systemd1",
    "/org/freedesktop/systemd1",
    "org.freedesktop.systemd1.Manager",
    "StartTransientUnit",
    "ssa(sv)a(sa(sv))",
    "kubepods.slice",
    "replace",
    "7",
  ]);
  assert.deepEqual(argv.slice(-4), ["CPUWeight", "t", "1", "0"]);
  assert.equal(argv.length, 10 + 7 * 3 + 1);
});

Deno.test("setSliceCommand() and stopSliceCommand() name the unit", () => {
  assert.deepEqual(setSliceCommand(2, "a.slice", { pidsMax: 5 }).slice(5), [
    "SetUnitProperties",
    "sba(sv)",
    "a.slice",
    "true",
    "1",
    "TasksMax",
    "t",
    "5",
  ]);
  assert.deepEqual(stopSliceCommand("a.slice").slice(5), ["StopUnit", "ss", "a.slice", "replace"]);
});

/** A systemd that makes a slice's directory when it is told to. */
function fakeSystemd(kernel: FakeCgroups): { run: RunCommand; calls: string[] } {
  const calls: string[] = [];
  const run: RunCommand = async (argv) => {
    const [method, unit] = [argv[5], argv[7]];
    calls.push(`${method} ${method === "StartTransientUnit" ? unit : argv[7]}`);
    const path = expandSlice(unit);
    if (method === "StartTransientUnit") await kernel.fs().create(path);
    return { code: 0, stderr: "" };
  };
  return { run, calls };
}

Deno.test("SystemdFs makes slices as units, then limits them by files, and stops what it removes", async () => {
  const kernel = new FakeCgroups(2);
  const { run, calls } = fakeSystemd(kernel);
  const fs = new SystemdFs(kernel.fs(), run);
  await ensureKubepods(fs, { driver: "systemd", limits: { cpuShares: 2048, memoryBytes: 2 ** 30 } });
  assert.deepEqual(calls, [
    "StartTransientUnit kubepods.slice",
    "SetUnitProperties kubepods.slice",
    "StartTransientUnit kubepods-burstable.slice",
    "StartTransientUnit kubepods-besteffort.slice",
  ]);
  assert.equal(fs.read("/kubepods.slice", "memory.max"), String(2 ** 30));
  assert.equal(fs.read("/kubepods.slice/kubepods-besteffort.slice", "cpu.weight"), "1");

  calls.length = 0;
  await ensureKubepods(fs, { driver: "systemd", limits: { cpuShares: 2048, memoryBytes: 2 ** 30 } });
  assert.deepEqual(calls, [], "what is so already needs no call");

  await ensureKubepods(fs, { driver: "systemd", limits: { cpuShares: 1024 }, bestEffort: { ioWeight: 10 } });
  assert.deepEqual(calls, ["SetUnitProperties kubepods.slice", "SetUnitProperties kubepods-besteffort.slice"]);
  calls.length = 0;

  await fs.remove("/kubepods.slice/kubepods-besteffort.slice");
  assert.deepEqual(calls, ["StopUnit kubepods-besteffort.slice"]);
  assert.equal(fs.exists("/kubepods.slice/kubepods-besteffort.slice"), false);
});

Deno.test("SystemdFs does not stop a slice in which something runs", async () => {
  const kernel = new FakeCgroups(2);
  const { run, calls } = fakeSystemd(kernel);
  const fs = new SystemdFs(kernel.fs(), run);
  await fs.create("/kubepods.slice");
  kernel.set("/kubepods.slice", "cgroup.procs", "9");
  calls.length = 0;
  await assert.rejects(fs.remove("/kubepods.slice", { timeoutMs: 10 }), /Cannot remove cgroup/);
  assert.deepEqual(calls, []);
});

Deno.test("SystemdFs reports what busctl says", async () => {
  const run: RunCommand = async () => ({ code: 1, stderr: "Call failed: Access denied\n" });
  const fs = new SystemdFs(new FakeCgroups(2).fs(), run);
  await assert.rejects(fs.create("/kubepods.slice"), /Cannot start slice kubepods.slice: Call failed: Access denied/);
});

Deno.test("SystemdFs gives up on a slice whose directory does not appear", async () => {
  const fs = new SystemdFs(new FakeCgroups(2).fs(), async () => ({ code: 0, stderr: "" }), 20);
  await assert.rejects(fs.create("/kubepods.slice"), /\/kubepods.slice did not appear/);
});
