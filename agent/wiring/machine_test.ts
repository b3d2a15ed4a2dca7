import assert from "node:assert/strict";
import { machineProblems, type MachineWish, refuseMachine } from "./machine.ts";

const easy: MachineWish = { failSwapOn: false, failCgroupV1: false, reservation: {}, allowedUnsafeSysctls: [] };
const facts = { swapBytes: 1024, capacity: { cpu: 2000, memory: 2 ** 30 } };

Deno.test("machineProblems() are none on a machine that nothing is asked of", () => {
  assert.deepEqual(machineProblems(easy, facts, 1), []);
  refuseMachine({ ...easy, allowedUnsafeSysctls: ["net.*", "kernel.shm*"] }, facts, 2);
});

Deno.test("machineProblems() name a way of ending processes that cgroup v1 does not have", () => {
  const wish = { ...easy, singleProcessOOMKill: false };
  assert.match(machineProblems(wish, facts, 1)[0], /^singleProcessOOMKill must not be explicitly set to false/);
  assert.deepEqual(machineProblems(wish, facts, 2), []);
});

Deno.test("machineProblems() name swap, cgroup v1, reservations beyond the capacity and sysctls of the whole machine", () => {
  const wish: MachineWish = {
    failSwapOn: true,
    failCgroupV1: true,
    reservation: { systemReserved: { memory: "900Mi" }, kubeReserved: { memory: "200Mi" } },
    allowedUnsafeSysctls: ["vm.swappiness"],
  };
  const problems = machineProblems(wish, facts, 1);
  assert.equal(problems.length, 4);
  assert.match(problems[0], /swapoff -a/);
  assert.match(problems[1], /cgroup v1/);
  assert.match(problems[2], /Resource "memory" has a reservation of 1100Mi but a capacity of only 1Gi/);
  assert.match(problems[3], /"vm.swappiness"/);
  assert.throws(() => refuseMachine(wish, facts, 1), /^Error: Cannot start: failSwapOn .*vm.swappiness/);
  assert.deepEqual(
    machineProblems({ ...wish, reservation: {}, allowedUnsafeSysctls: [] }, { ...facts, swapBytes: 0 }, 2),
    [],
  );
});
