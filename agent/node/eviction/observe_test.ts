import { deepEqual, equal } from "node:assert/strict";
import { lookAtNode, memoryPlaces, type NodeView } from "./observe.ts";
import { mebi } from "./testing.ts";

function view(files: Record<string, string>, more: Partial<NodeView> = {}): NodeView {
  return {
    cgroups: { version: 1, read: (path, file) => files[`${path} ${file}`] },
    machine: () => ({
      memoryBytes: 4000 * mebi,
      memory: {
        usageBytes: 1500 * mebi,
        workingSetBytes: 1000 * mebi,
        rssBytes: 0,
        cacheBytes: 0,
        mappedFileBytes: 0,
        activeFileBytes: 0,
        inactiveFileBytes: 500 * mebi,
        swapBytes: 0,
        pageFaults: 0,
        majorPageFaults: 0,
      },
      swapBytes: 0,
      swapUsedBytes: 0,
      maxPid: 4096,
      tasks: 96,
    }),
    roots: ["/", "/node"],
    disk: () => undefined,
    ...more,
  };
}

const amounts = (given: NodeView) =>
  Object.fromEntries([...lookAtNode(given, 0).observations].map(([signal, { available }]) => [signal, available]));

Deno.test("lookAtNode() counts memory without page cache that was not touched of late", () => {
  deepEqual(amounts(view({})), { "memory.available": 3000 * mebi, "pid.available": 4000 });
});

Deno.test("lookAtNode() takes the limits of the cgroup that the node is in, where they leave less", () => {
  const files = {
    "/node memory.limit_in_bytes": String(1000 * mebi),
    "/node memory.usage_in_bytes": String(700 * mebi),
    "/node memory.stat": `total_inactive_file ${200 * mebi}`,
    "/node pids.max": "500",
    "/node pids.current": "480",
  };
  deepEqual(amounts(view(files)), { "memory.available": 500 * mebi, "pid.available": 20 });
});

Deno.test("lookAtNode() watches the limit of all pods together", () => {
  const files = {
    "/kubepods memory.limit_in_bytes": String(1000 * mebi),
    "/kubepods memory.usage_in_bytes": String(900 * mebi),
    "/kubepods memory.stat": "total_inactive_file 0",
  };
  equal(amounts(view(files, { kubepods: "/kubepods" }))["allocatableMemory.available"], 100 * mebi);
  deepEqual(memoryPlaces(view(files, { kubepods: "/kubepods" })).map(({ path }) => path), ["/", "/kubepods"]);
});

Deno.test("lookAtNode() tells of every disk that there is, of inodes where they are counted", () => {
  const usage = { capacityBytes: 100, availableBytes: 40, usedBytes: 60, inodes: 10, inodesFree: 4 };
  const found = amounts(view({}, {
    disk: (which) => which === "nodefs" ? usage : which === "imagefs" ? { ...usage, inodes: 0 } : undefined,
  }));
  deepEqual([found["nodefs.available"], found["nodefs.inodesFree"], found["imagefs.available"]], [40, 4, 40]);
  equal("imagefs.inodesFree" in found, false);
});
