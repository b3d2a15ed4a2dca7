import assert from "node:assert/strict";
import { join } from "node:path";
import { FakeCgroups } from "./fake.ts";
import { detect, parseMounts, parseOwnCgroups } from "./hierarchy.ts";

const hybrid = `sysfs /sys sysfs rw 0 0
tmpfs /sys/fs/cgroup tmpfs rw,mode=755 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,seclabel,memory 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,release_agent=/lib/agent,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nsdelegate 0 0
cgroup /other/memory cgroup rw,memory 0 0
`;

Deno.test("parseMounts() finds comounted controllers, named hierarchies and the hybrid v2 tree", () => {
  assert.deepEqual(parseMounts(hybrid, "/sys/fs/cgroup"), [
    { mountPoint: "/sys/fs/cgroup/cpu,cpuacct", controllers: ["cpu", "cpuacct"] },
    { mountPoint: "/sys/fs/cgroup/memory", controllers: ["memory"] },
    { mountPoint: "/sys/fs/cgroup/systemd", controllers: [] },
    { mountPoint: "/sys/fs/cgroup/unified", controllers: [] },
  ]);
});

Deno.test("parseMounts() takes hierarchies from elsewhere when there are none under the root, with escapes undone", () => {
  assert.deepEqual(parseMounts("cgroup /mnt/a\\040b/memory cgroup rw,memory 0 0\n", "/sys/fs/cgroup"), [
    { mountPoint: "/mnt/a b/memory", controllers: ["memory"] },
  ]);
});

Deno.test("parseMounts() takes a controller that is mounted twice once", () => {
  const twice = "cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\ncgroup /sys/fs/cgroup/again cgroup rw,pids 0 0\n";
  assert.deepEqual(parseMounts(twice, "/sys/fs/cgroup").map(({ mountPoint }) => mountPoint), ["/sys/fs/cgroup/pids"]);
});

Deno.test("parseOwnCgroups() gives the path of every controller", () => {
  const own = parseOwnCgroups("4:memory:/a:b\n3:cpu,cpuacct:/c\n1:name=systemd:/\n0::/user.slice\n");
  assert.deepEqual(Object.fromEntries(own), {
    memory: "/a:b",
    cpu: "/c",
    cpuacct: "/c",
    "name=systemd": "/",
    "": "/user.slice",
  });
});

Deno.test("detect() takes a tree with cgroup.controllers for v2, and only the controllers that pods need", () => {
  const root = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(join(root, "cgroup.controllers"), "cpuset cpu io memory hugetlb pids rdma misc\n");
    const cgroups = detect(root);
    assert.equal(cgroups.version, 2);
    assert.deepEqual([...cgroups.controllers].sort(), ["cpu", "cpuset", "hugetlb", "io", "memory", "pids"]);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

Deno.test("detect() finds v1 by the mounts", () => {
  const cgroups = detect("/sys/fs/cgroup", { mounts: hybrid, files: new FakeCgroups(1) });
  assert.equal(cgroups.version, 1);
  assert.deepEqual([...cgroups.controllers], ["cpu", "cpuacct", "memory"]);
});

Deno.test("detect() says so when there are no cgroups", () => {
  const options = { mounts: "proc /proc proc rw 0 0\n", files: new FakeCgroups(1) };
  assert.throws(() => detect("/sys/fs/cgroup", options), /Cannot use cgroups: neither cgroup2 nor/);
});
