import assert from "node:assert/strict";
import { allocatable, podsBudget, quantities, reservationProblems, thresholdAmount } from "./allocatable.ts";

const gib = 2 ** 30;
const mib = 2 ** 20;
const capacity = { cpu: 4000, memory: 8 * gib, "ephemeral-storage": 100 * gib, pods: 110, pid: 32768 };
const reservation = {
  systemReserved: { cpu: "250m", memory: "512Mi" },
  kubeReserved: { cpu: "250m", memory: "512Mi", "ephemeral-storage": "1Gi", pid: "768" },
  evictionHard: { "memory.available": "100Mi", "nodefs.available": "10%", "imagefs.available": "15%" },
};

Deno.test("allocatable() is capacity without what is reserved and the eviction threshold", () => {
  assert.deepEqual(allocatable(capacity, reservation), {
    cpu: 3500,
    memory: 7 * gib - 100 * mib,
    "ephemeral-storage": 89 * gib,
    pods: 110,
  });
});

Deno.test("podsBudget() leaves the eviction threshold to pods and limits their process ids", () => {
  assert.deepEqual(podsBudget(capacity, reservation), {
    cpu: 3500,
    memory: 7 * gib,
    "ephemeral-storage": 99 * gib,
    pods: 110,
    pid: 32000,
  });
});

Deno.test("allocatable() without a reservation is the capacity", () => {
  const { pid: _, ...rest } = capacity;
  assert.deepEqual(allocatable(capacity, {}), rest);
});

Deno.test("allocatable() never goes below nothing", () => {
  assert.equal(allocatable(capacity, { systemReserved: { cpu: "5" } }).cpu, 0);
});

Deno.test("allocatable() takes huge pages out of memory", () => {
  const huge = { ...capacity, "hugepages-2Mi": gib };
  assert.equal(allocatable(huge, {}).memory, 7 * gib);
  assert.equal(allocatable(huge, {})["hugepages-2Mi"], gib);
});

Deno.test("reservationProblems() names what is reserved twice over", () => {
  assert.deepEqual(reservationProblems(capacity, reservation), []);
  const greedy = { systemReserved: { cpu: "3" }, kubeReserved: { cpu: "1500m" } };
  assert.deepEqual(reservationProblems(capacity, greedy), [
    'Resource "cpu" has a reservation of 4500m but a capacity of only 4',
  ]);
});

Deno.test("thresholdAmount() reads quantities and percentages", () => {
  assert.equal(thresholdAmount("100Mi", 8 * gib), 100 * mib);
  assert.equal(thresholdAmount("10%", 1005), 100);
  assert.equal(thresholdAmount("0.5%", 1000), 5);
});

Deno.test("quantities() writes what Kubernetes would", () => {
  assert.deepEqual(quantities({ cpu: 1900, memory: 2014508 * 1024, pods: 110, "hugepages-2Mi": 0 }), {
    cpu: "1900m",
    memory: "2014508Ki",
    pods: "110",
    "hugepages-2Mi": "0",
  });
});
