import { deepEqual, equal, ok } from "node:assert/strict";
import { detect } from "../../../cgroups/mod.ts";
import { loadLibc, loadPoll } from "../../linux/mod.ts";
import { type MemoryRoad, openMemoryRoad, type RoadOptions } from "./memory_roads.ts";

loadLibc();
loadPoll();

const v1Root = detect().version === 1 ? "/sys/fs/cgroup/memory" : undefined;
const psi = "/proc/pressure/memory";

/** A road, what it told, and a wait for its next event. */
async function open(
  options: Partial<RoadOptions>,
): Promise<{ road: MemoryRoad; troubles: string[]; event(): Promise<void> }> {
  const troubles: string[] = [];
  let next = Promise.withResolvers<void>();
  const road = await openMemoryRoad({
    pressureFiles: [],
    onEvent: () => {
      next.resolve();
      next = Promise.withResolvers();
    },
    onTrouble: (what) => troubles.push(what),
    ...options,
  });
  return { road, troubles, event: () => next.promise };
}

/** Runs a shell in a cgroup of its own that takes 48 MiB of memory and keeps it. */
async function hog(directory: string): Promise<Deno.ChildProcess> {
  const script = `echo $$ > ${directory}/cgroup.procs; x=$(head -c 50331648 /dev/zero | tr '\\0' x); echo full; read y`;
  const child = new Deno.Command("sh", { args: ["-c", script], stdin: "piped", stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  return child;
}

Deno.test({
  name: "the road of cgroup v1 wakes when the use of memory crosses a threshold, wherever that was moved",
  ignore: v1Root === undefined,
  fn: async () => {
    const directory = `${v1Root}/islet-road-${Deno.pid}`;
    Deno.mkdirSync(directory);
    const { road, troubles, event } = await open({ v1Root });
    try {
      equal(road.name, "cgroup v1 thresholds");
      ok(road.exact);
      road.set([{ directory, usageBytes: 2 ** 40 }]);
      road.set([{ directory, usageBytes: 16 * 2 ** 20 }]);
      // registered with the next turn of the road's wait, which on a machine that is busy comes after the hog
      let isTold = false;
      for (let turn = 0; turn < 20 && !isTold; turn++) {
        void event().then(() => isTold = true);
        const child = await hog(directory);
        for (let wait = 0; wait < 50 && !isTold; wait++) await new Promise((resolve) => setTimeout(resolve, 20));
        const isInTime = isTold;
        await child.stdin.close();
        await child.status;
        if (isInTime) break;
        // what the hog's end told of says nothing
        await new Promise((resolve) => setTimeout(resolve, 500));
        isTold = false;
      }
      ok(isTold);
      deepEqual(troubles, []);
    } finally {
      await road.stop();
      Deno.removeSync(directory);
    }
  },
});

Deno.test({
  name: "a threshold of a cgroup that is gone makes the road one that is not exact",
  ignore: v1Root === undefined,
  fn: async () => {
    const { road, troubles } = await open({ v1Root });
    road.set([{ directory: `${v1Root}/islet-no-such-cgroup`, usageBytes: 1 }]);
    while (troubles.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    ok(!road.exact);
    await road.stop();
  },
});

function canTrigger(): boolean {
  try {
    Deno.openSync(psi, { read: true, write: true }).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "the road of PSI is taken where there are no v1 thresholds, and stops at once",
  ignore: !canTrigger(),
  fn: async () => {
    const { road } = await open({ pressureFiles: ["/proc/no/such/file", psi] });
    equal(road.name, "PSI trigger");
    ok(!road.exact);
    road.set([]);
    await road.stop();
  },
});

Deno.test({
  name: "the road of PSI wakes when tasks wait for memory",
  ignore: !canTrigger() || v1Root === undefined,
  fn: async () => {
    // a cgroup so small that its processes wait for their own pages all the time
    const directory = `${v1Root}/islet-psi-${Deno.pid}`;
    Deno.mkdirSync(directory);
    const file = await Deno.makeTempFile({ dir: "/var/tmp" });
    await Deno.writeFile(file, new Uint8Array(48 * 2 ** 20));
    Deno.writeTextFileSync(`${directory}/memory.limit_in_bytes`, String(4 * 2 ** 20));
    const { road, event } = await open({ pressureFiles: [psi] });
    const script = `echo $$ > ${directory}/cgroup.procs; 
      for i in 1 2 3 4 5 6 7 8; do (while [ -e ${file} ]; do cat ${file} >/dev/null; done) & done; wait`;
    const told = event();
    const child = new Deno.Command("sh", { args: ["-c", script], stdin: "null" }).spawn();
    try {
      await told;
    } finally {
      // they go when the file has gone
      await Deno.remove(file);
      await child.status;
      await road.stop();
      Deno.removeSync(directory);
    }
  },
});

Deno.test("without thresholds and PSI there is polling, and it is said why", async () => {
  const { road, troubles } = await open({ v1Root: "/no/such/root", pressureFiles: ["/no/such/file"] });
  equal(road.name, "polling");
  deepEqual(troubles, ["Cannot watch memory by cgroup thresholds", "Cannot watch memory by /no/such/file"]);
  await road.stop();
});
