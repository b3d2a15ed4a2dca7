import { deepEqual, equal } from "node:assert/strict";
import { ManualClock } from "../../clock.ts";
import type { Pod } from "../../objects/mod.ts";
import type { PodStats } from "../../stats/mod.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { type Eviction, EvictionManager, type EvictionManagerOptions } from "./manager.ts";
import type { MemoryThreshold } from "./memory_roads.ts";
import type { Observation, Pressure, Signal } from "./signals.ts";
import { mebi, testPod, threshold } from "./testing.ts";

const time = "2026-01-01T00:00:00Z";

/** A node in memory: what is left, what pods use, and what was done. */
class TestedNode implements AsyncDisposable {
  readonly clock = new ManualClock();
  left: Partial<Record<Signal, number>> = { "memory.available": 900 * mebi, "nodefs.available": 900 * mebi };
  pods: Pod[] = [];
  used = new Map<string, number>();
  done: string[] = [];
  marks: readonly MemoryThreshold[] = [];
  pressures: readonly Pressure[] = [];
  looks = 0;
  measured = 0;
  /** Containers that have ended. */
  ended = 0;
  /** What a reclaimer wins back. */
  reclaimed = 0;
  #tell = () => {};
  #ends = new Map<string, () => void>();
  readonly manager: EvictionManager;

  constructor(more: Partial<EvictionManagerOptions> = {}) {
    this.manager = new EvictionManager({
      thresholds: [threshold("memory.available", "100Mi"), threshold("nodefs.available", "100Mi")],
      transitionMs: 60_000,
      maxPodGraceSeconds: 7,
      look: (at) => {
        this.looks++;
        const observations = new Map<Signal, Observation>(
          Object.entries(this.left).map((
            [signal, available],
          ) => [signal as Signal, { available, capacity: 1000 * mebi, at }]),
        );
        const available = this.left["memory.available"]!;
        const workingSetBytes = 1000 * mebi - available;
        return {
          observations,
          places: [{
            signal: "memory.available",
            path: "/node",
            capacity: 1000 * mebi,
            usageBytes: workingSetBytes + 50 * mebi,
            workingSetBytes,
          }],
        };
      },
      layout: () => ({ nodefs: "1", imagefs: "1", containerfs: "1" }),
      pods: () => this.pods,
      memory: () => new Map([...this.used].map(([uid, bytes]) => [uid, { bytes, containers: [] }])),
      tasks: () => this.used,
      storage: (of) => {
        this.measured++;
        return Promise.resolve(
          this.pods.filter(of).map(({ metadata: { name, uid } }): PodStats => ({
            podRef: { name, namespace: "default", uid: uid! },
            startTime: time,
            containers: [],
            "ephemeral-storage": { time, usedBytes: this.used.get(uid!) ?? 0 },
            volume: [{ name: "data", time, usedBytes: this.used.get(uid!) ?? 0 }],
          })),
        );
      },
      reclaimers: {
        containers: async () => {
          await this.#reclaim("containers");
          return this.ended;
        },
        images: (bytes) => this.#reclaim(`images ${bytes / mebi}`),
      },
      evict: (pod, { signal, graceSeconds }: Eviction) => {
        this.done.push(`evict ${pod.metadata.name} for ${signal} in ${graceSeconds} s`);
        return true;
      },
      ended: (uid) => new Promise((resolve) => this.#ends.set(uid, resolve)),
      onPressures: (pressures) => this.pressures = pressures,
      onReclaim: () => {},
      openRoad: (onEvent) => {
        this.#tell = onEvent;
        return Promise.resolve({
          name: "cgroup v1 thresholds",
          exact: true,
          set: (marks) => this.marks = marks,
          stop: () => Promise.resolve(),
        });
      },
      memoryDirectory: (path) => `/memory${path}`,
      clock: this.clock,
      log: silentLogger,
      ...more,
    });
  }

  add(name: string, mebibytes: number, how?: Parameters<typeof testPod>[1]): void {
    this.pods.push(testPod(name, how));
    this.used.set(name, mebibytes * mebi);
  }

  /** The kernel tells that memory runs short. */
  async memoryIs(mebibytes: number): Promise<void> {
    this.left["memory.available"] = mebibytes * mebi;
    this.#tell();
    await this.clock.advance(0);
  }

  /** A victim is gone. */
  async ends(name: string): Promise<void> {
    this.pods = this.pods.filter(({ metadata }) => metadata.name !== name);
    this.#ends.get(name)!();
    await this.clock.advance(0);
  }

  #reclaim(what: string): Promise<void> {
    this.done.push(`reclaim ${what}`);
    this.left["nodefs.available"]! += this.reclaimed;
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager.stop();
  }
}

Deno.test("EvictionManager looks every ten seconds while nothing runs short, and measures no pod", async () => {
  await using node = new TestedNode();
  node.add("web", 10);
  node.left["nodefs.available"] = 20_000 * mebi;
  node.manager.start();
  // once more after the first marks were set
  await node.clock.advance(250);
  const { looks } = node;
  await node.clock.advance(60_000);
  equal(node.looks - looks, 6);
  deepEqual([node.done, node.measured, node.pressures], [[], 0, []]);
});

Deno.test("EvictionManager has the kernel tell, with room for page cache that can go, and moves marks that are far off", async () => {
  await using node = new TestedNode();
  node.manager.start();
  await node.clock.advance(0); // the road is open
  deepEqual(node.marks.map(({ directory, usageBytes }) => [directory, usageBytes / mebi]), [["/memory/node", 950]]);
  const before = node.marks;
  await node.memoryIs(700);
  equal(node.marks, before, "the page cache is as it was");
});

Deno.test("EvictionManager evicts one pod at a time, the next when the last one is gone and things have settled", async () => {
  await using node = new TestedNode();
  node.add("large", 500);
  node.add("small", 300);
  node.manager.start();
  await node.memoryIs(50);
  deepEqual(node.done, ["evict large for memory.available in 0 s"]);
  deepEqual(node.pressures, ["MemoryPressure"]);
  await node.memoryIs(40);
  await node.clock.advance(30_000);
  equal(node.done.length, 1, "large is not gone yet");
  await node.ends("large");
  await node.clock.advance(500);
  equal(node.done.length, 1, "it may have been enough");
  await node.clock.advance(500);
  deepEqual(node.done.slice(1), ["evict small for memory.available in 0 s"]);
  node.left["memory.available"] = 900 * mebi;
  await node.ends("small");
  await node.clock.advance(10_000);
  equal(node.done.length, 2);
  deepEqual(node.pressures, ["MemoryPressure"], "held for the transition period");
  await node.clock.advance(60_000);
  deepEqual(node.pressures, []);
});

Deno.test("EvictionManager gives pods that a soft threshold evicts their grace, but no more than it may", async () => {
  await using node = new TestedNode({
    thresholds: [threshold("memory.available", "300Mi", { graceMs: 20_000 })],
  });
  node.add("patient", 500);
  node.manager.start();
  await node.memoryIs(200);
  deepEqual(node.pressures, ["MemoryPressure"]);
  await node.clock.advance(19_999);
  deepEqual(node.done, []);
  await node.clock.advance(1);
  deepEqual(node.done, ["evict patient for memory.available in 7 s"]);
});

Deno.test("EvictionManager wins back disk from what nobody needs, and evicts nobody if that is enough", async () => {
  await using node = new TestedNode();
  node.add("web", 500);
  node.left["nodefs.available"] = 60 * mebi;
  node.reclaimed = 30 * mebi;
  node.manager.start();
  await node.clock.advance(0);
  deepEqual(node.done, ["reclaim containers", "reclaim images 10"]);
  deepEqual([node.measured, node.pressures], [0, ["DiskPressure"]]);
});

Deno.test("EvictionManager gives the runtime time to give back what removed containers held, and no more", async () => {
  await using node = new TestedNode();
  node.add("web", 500);
  node.left["nodefs.available"] = 60 * mebi;
  node.ended = 1;
  node.manager.start();
  await node.clock.advance(4000);
  deepEqual(node.done, ["reclaim containers"]);
  node.left["nodefs.available"] = 120 * mebi;
  await node.clock.advance(10_000);
  deepEqual(node.done, ["reclaim containers"], "that was enough");
  node.left["nodefs.available"] = 60 * mebi;
  await node.clock.advance(20_000);
  deepEqual(node.done.slice(1, 4), [
    "reclaim containers",
    "reclaim images 40",
    "evict web for nodefs.available in 0 s",
  ]);
});

Deno.test("EvictionManager measures pods when that is not enough; memory is not held up by it", async () => {
  await using node = new TestedNode();
  node.add("web", 500);
  node.add("leak", 100);
  node.left["nodefs.available"] = 60 * mebi;
  node.manager.start();
  await node.clock.advance(0);
  deepEqual(node.done, ["reclaim containers", "reclaim images 40", "evict web for nodefs.available in 0 s"]);
  equal(node.measured, 1);
  await node.memoryIs(50);
  deepEqual(node.done.slice(3), ["evict leak for memory.available in 0 s"]);
});

Deno.test("EvictionManager works for each disk in turn, though one may be beyond help", async () => {
  const thresholds = [threshold("nodefs.available", "100Mi"), threshold("imagefs.available", "100Mi")];
  await using node = new TestedNode({ thresholds, layout: () => ({ nodefs: "1", imagefs: "2", containerfs: "1" }) });
  node.left = { "memory.available": 900 * mebi, "nodefs.available": 60 * mebi, "imagefs.available": 70 * mebi };
  node.manager.start();
  await node.clock.advance(0);
  deepEqual(node.done, ["reclaim containers"]);
  await node.clock.advance(10_000);
  deepEqual(node.done, ["reclaim containers", "reclaim images 30"]);
  await node.clock.advance(10_000);
  deepEqual(node.done.slice(2), ["reclaim containers"]);
});

Deno.test("EvictionManager measures pods with limits of their own now and then, and evicts those that hold more", async () => {
  await using node = new TestedNode();
  const more = { volumes: [{ name: "data", emptyDir: { sizeLimit: "10Mi" } }] };
  node.add("limited", 5, { more });
  node.manager.start();
  await node.clock.advance(10_000);
  equal(node.measured, 2);
  node.used.set("limited", 11 * mebi);
  await node.clock.advance(10_000);
  deepEqual(node.done, ["evict limited for emptydirfs.limit in 0 s"]);
  await node.clock.advance(30_000);
  equal(node.done.length, 1, "it is on its way out");
});

Deno.test("EvictionManager holds what an earlier life saw, and tells when nobody is left to evict", async () => {
  await using node = new TestedNode({ before: ["DiskPressure"] });
  node.manager.start();
  deepEqual(node.manager.pressures, ["DiskPressure"]);
  await node.clock.advance(60_000);
  deepEqual(node.manager.pressures, []);
  node.add("system", 900, { priority: 2_000_000_000 });
  await node.memoryIs(1);
  await node.clock.advance(30_000);
  deepEqual(node.done, []);
});
