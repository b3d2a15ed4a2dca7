import assert from "node:assert/strict";
import fc from "fast-check";
import type { Container, Pod } from "../../objects/mod.ts";
import { testPod } from "../testing.ts";
import { CpuLedger, type CpuPolicy, ownCpuCount, reservedCpus } from "./ledger.ts";

const plain = Array.from({ length: 6 }, (_, cpu) => ({ cpu, core: cpu, socket: 0 }));
const smt = Array.from({ length: 8 }, (_, cpu) => ({ cpu, core: cpu % 4, socket: 0 }));

function exact(name: string, cpu: string, more: Partial<Container> = {}): Container {
  const amounts = { cpu, memory: "16Mi" };
  return { name, image: "web", resources: { requests: amounts, limits: amounts }, ...more } as Container;
}

function pod(name: string, containers: Container[], initContainers: Container[] = []): Pod {
  return testPod(name, { containers, initContainers });
}

function ledger(policy: Partial<CpuPolicy> = {}): CpuLedger {
  return new CpuLedger({ topology: plain, reserved: [0], ...policy });
}

Deno.test("ownCpuCount() counts whole CPUs of guaranteed pods", () => {
  const table: [text: string, container: Container, count: number][] = [
    ["two whole ones", exact("a", "2"), 2],
    ["a thousand millis", exact("a", "1000m"), 1],
    ["a part", exact("a", "1500m"), 0],
    ["a burstable pod", { name: "a", image: "web", resources: { requests: { cpu: "2" } } } as Container, 0],
    ["nothing asked for", { name: "a", image: "web" } as Container, 0],
  ];
  for (const [text, container, count] of table) {
    assert.equal(ownCpuCount(pod("p", [container]), container), count, text);
  }
  const mixed = exact("a", "1");
  assert.equal(ownCpuCount(pod("p", [mixed, exact("b", "500m")]), mixed), 1, "beside one that shares");
  const level = {
    ...pod("p", [mixed]),
    spec: { containers: [mixed], resources: { limits: { cpu: "2", memory: "1Gi" } } },
  };
  assert.equal(ownCpuCount(level as Pod, mixed), 0, "the pod has resources of its own");
});

Deno.test("reservedCpus() are the first ones, rounded up", () => {
  assert.deepEqual(reservedCpus(plain, 100), [0]);
  assert.deepEqual(reservedCpus(plain, 1001), [0, 1]);
  assert.deepEqual(reservedCpus(smt, 2000), [0, 4], "a core");
});

Deno.test("CpuLedger gives CPUs out of the shared ones and takes them back", () => {
  const cpus = ledger();
  assert.deepEqual(cpus.shared, [0, 1, 2, 3, 4, 5]);
  assert.equal(cpus.allocate(pod("a", [exact("x", "2"), exact("y", "500m")])), undefined);
  assert.deepEqual(cpus.own("a", "x"), [1, 2]);
  assert.equal(cpus.own("a", "y"), undefined);
  assert.deepEqual(cpus.shared, [0, 3, 4, 5]);
  assert.equal(cpus.allocate(pod("a", [exact("x", "2")])), undefined);
  assert.deepEqual(cpus.own("a", "x"), [1, 2], "what it has it keeps");
  assert.equal(cpus.retain(new Set(["a"])), false);
  assert.equal(cpus.retain(new Set()), true);
  assert.deepEqual([cpus.shared.length, cpus.has("a")], [6, false]);
});

Deno.test("CpuLedger refuses in kubelet's words when too few are free, and gives nothing then", () => {
  const cpus = ledger();
  assert.deepEqual(cpus.allocate(pod("a", [exact("x", "3"), exact("y", "3")])), {
    reason: "UnexpectedAdmissionError",
    message: "Allocate failed due to not enough cpus available to satisfy request: requested=3, available=2, " +
      "which is unexpected",
  });
  assert.equal(cpus.has("a"), false);
});

Deno.test("CpuLedger keeps CPUs of init containers for the containers after them", () => {
  const cpus = ledger();
  const sidecar = exact("mesh", "1", { restartPolicy: "Always" });
  assert.equal(cpus.allocate(pod("a", [exact("x", "1"), exact("y", "2")], [exact("init", "2"), sidecar])), undefined);
  assert.deepEqual(cpus.own("a", "init"), [1, 2]);
  assert.deepEqual(cpus.own("a", "mesh"), [1], "a sidecar takes one over, and stays");
  assert.deepEqual(cpus.own("a", "x"), [2]);
  assert.deepEqual(cpus.own("a", "y"), [3, 4]);
  assert.deepEqual(cpus.shared, [0, 5]);
});

Deno.test("CpuLedger with full-pcpus-only gives whole cores and refuses parts of them", () => {
  const cpus = ledger({ topology: smt, reserved: [0], fullPcpusOnly: true });
  assert.equal(cpus.allocate(pod("a", [exact("x", "3")]))?.reason, "SMTAlignmentError");
  assert.equal(cpus.allocate(pod("a", [exact("x", "2")])), undefined);
  assert.deepEqual(cpus.own("a", "x"), [1, 5]);
  assert.equal(
    cpus.allocate(pod("b", [exact("x", "6")]))?.reason,
    "UnexpectedAdmissionError",
    "a thread of core 0 is no core",
  );
});

Deno.test("CpuLedger with strict-cpu-reservation keeps pods off the reserved CPUs while there are others", () => {
  const cpus = ledger({ reserved: [0, 1], strictReservation: true });
  assert.deepEqual(cpus.shared, [2, 3, 4, 5]);
  assert.equal(cpus.allocate(pod("a", [exact("x", "4")])), undefined);
  assert.deepEqual(cpus.shared, [0, 1]);
});

Deno.test("CpuLedger adopts what a container has, unless it cannot be its own any more", () => {
  const cpus = ledger();
  const two = exact("x", "2");
  const a = pod("a", [two]), b = pod("b", [two]);
  cpus.adopt(a, two, [4, 5]);
  assert.deepEqual(cpus.own("a", "x"), [4, 5]);
  cpus.adopt(b, two, [3, 4]);
  assert.equal(cpus.own("b", "x"), undefined, "another has one of them");
  cpus.adopt(b, two, [0, 1]);
  assert.equal(cpus.own("b", "x"), undefined, "reserved now");
  cpus.adopt(b, two, [1, 9]);
  assert.equal(cpus.own("b", "x"), undefined, "not online");
  cpus.adopt(b, two, [1]);
  assert.equal(cpus.own("b", "x"), undefined, "not as many as it asks for");
  assert.equal(cpus.allocate(b), undefined);
  assert.deepEqual(cpus.own("b", "x"), [1, 2]);
});

Deno.test("CpuLedger never gives a CPU to two pods, nor a reserved one, nor leaves nothing to share", () => {
  let given = 0;
  const step = fc.record({
    uid: fc.constantFrom("a", "b", "c", "d"),
    count: fc.integer({ min: 1, max: 3 }),
    gone: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(step), (steps) => {
    const cpus = ledger();
    const alive = new Set<string>();
    for (const { uid, count, gone } of steps) {
      if (gone) alive.delete(uid);
      else if (!alive.has(uid) && !cpus.allocate(pod(uid, [exact("x", `${count}`)]))) alive.add(uid);
      cpus.retain(alive);
      const all = [...alive].flatMap((each) => cpus.own(each, "x")!);
      given += all.length;
      assert.equal(new Set(all).size, all.length);
      assert.ok(!all.includes(0));
      assert.deepEqual([...all, ...cpus.shared].sort(), [0, 1, 2, 3, 4, 5]);
    }
  }));
  assert.ok(given > 0);
});
