import { deepEqual, equal, rejects } from "node:assert/strict";
import { FakeCgroups } from "../../cgroups/fake.ts";
import { limitReserved, reservedCgroups } from "./reserved_cgroups.ts";

const wish = {
  enforceNodeAllocatable: ["pods", "system-reserved", "kube-reserved-compressible"],
  systemReservedCgroup: "/system",
  kubeReservedCgroup: "kube-daemons.slice",
  reservation: {
    systemReserved: { cpu: "500m", memory: "1Gi", pid: "100", "ephemeral-storage": "1Gi" },
    kubeReserved: { cpu: "250m", memory: "1Gi" },
    evictionHard: {},
  },
};

Deno.test("reservedCgroups() are the daemons' that are to be limited; compressible is CPU alone", () => {
  deepEqual(reservedCgroups(wish), [
    { enforcement: "system-reserved", path: "/system", limits: { cpuShares: 512, memoryBytes: 2 ** 30, pidsMax: 100 } },
    { enforcement: "kube-reserved-compressible", path: "/kube.slice/kube-daemons.slice", limits: { cpuShares: 256 } },
  ]);
  deepEqual(reservedCgroups({ ...wish, enforceNodeAllocatable: ["pods"] }), []);
});

Deno.test("limitReserved() limits what is there, memory not below its use, and refuses to make what is not", async () => {
  const kernel = new FakeCgroups(1);
  const fs = kernel.fs();
  const [system, kube] = reservedCgroups(wish);
  await fs.create("/system");
  deepEqual(await limitReserved(fs, [system]), []);
  equal(fs.read("/system", "memory.limit_in_bytes"), String(2 ** 30));
  equal(fs.read("/system", "cpu.shares"), "512");
  equal(fs.read("/system", "pids.max"), "100");
  await rejects(limitReserved(fs, [kube]), /Cannot enforce kube-reserved-compressible: cgroup \/kube.slice/);

  await fs.create("/busy");
  kernel.set("/busy", "memory.usage_in_bytes", String(2 ** 31));
  const busy = { ...system, path: "/busy" };
  deepEqual(await limitReserved(fs, [busy]), [busy]);
});
