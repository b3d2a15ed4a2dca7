import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { CgroupFs } from "./cgroup_fs.ts";
import { killAll } from "./kill.ts";
import { detect } from "./hierarchy.ts";
import { cgroupPressure, machinePressure, parsePressure } from "./pressure.ts";
import {
  anyProcess,
  cpuLimits,
  cpuStats,
  cpuUsageNs,
  ioStats,
  kernelMemoryBytes,
  memoryLimitBytes,
  memoryLimitStats,
  memoryStats,
  pidsStats,
  processCount,
  swapLimitBytes,
  workingSetBytes,
} from "./stats.ts";

const pod = "/kubepods/burstable/pod1";

/** A directory with these files below it; controllers' mounts are its top directories on v1. */
function fixture(files: Record<string, string>): { root: string } & Disposable {
  const root = Deno.makeTempDirSync({ prefix: "islet-cgroups-" });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(`${root}/${path}`), { recursive: true });
    writeFileSync(`${root}/${path}`, text);
  }
  return { root, [Symbol.dispose]: () => Deno.removeSync(root, { recursive: true }) };
}

function v1(files: Record<string, string>): { fs: CgroupFs } & Disposable {
  const { root, [Symbol.dispose]: dispose } = fixture(
    Object.fromEntries(Object.entries(files).map(([file, text]) => [`${mountOf(file)}${pod}/${file}`, text])),
  );
  const mounts = ["cpu", "cpuacct", "memory", "pids", "blkio"]
    .map((name) => `cgroup ${root}/${name} cgroup rw,relatime,${name} 0 0`).join("\n");
  return { fs: detect(root, { mounts }), [Symbol.dispose]: dispose };
}

function mountOf(file: string): string {
  return file.slice(0, file.indexOf("."));
}

function v2(files: Record<string, string>, path = pod): { fs: CgroupFs } & Disposable {
  const { root, [Symbol.dispose]: dispose } = fixture({
    "cgroup.controllers": "cpuset cpu io memory pids\n",
    ...Object.fromEntries(Object.entries(files).map(([file, text]) => [`${path}/${file}`, text])),
  });
  return { fs: detect(root), [Symbol.dispose]: dispose };
}

const memoryStatV1 = `cache 1
rss 2
mapped_file 3
pgfault 4
pgmajfault 5
inactive_file 6
active_file 7
hierarchical_memory_limit 104857600
total_cache 30000000
total_rss 20000000
total_rss_huge 0
total_mapped_file 4000000
total_swap 8192
total_pgfault 900
total_pgmajfault 3
total_inactive_file 10000000
total_active_file 12000000
`;

const memoryStatV2 = `anon 20000000
file 30000000
kernel 700000
file_mapped 4000000
inactive_anon 5
active_anon 6
inactive_file 10000000
active_file 12000000
workingset_refault_file 1
pgfault 900
pgmajfault 3
`;

const memory = {
  usageBytes: 52_428_800,
  workingSetBytes: 42_428_800,
  rssBytes: 20_000_000,
  cacheBytes: 30_000_000,
  mappedFileBytes: 4_000_000,
  activeFileBytes: 12_000_000,
  inactiveFileBytes: 10_000_000,
  swapBytes: 8192,
  pageFaults: 900,
  majorPageFaults: 3,
};

Deno.test("memory is read alike on v1 and v2, with the cgroups below and without inactive file pages", () => {
  using one = v1({
    "memory.usage_in_bytes": "52428800\n",
    "memory.stat": memoryStatV1,
    "memory.kmem.usage_in_bytes": "700000\n",
  });
  using two = v2({
    "memory.current": "52428800\n",
    "memory.stat": memoryStatV2,
    "memory.swap.current": "8192\n",
  });
  assert.deepEqual(memoryStats(one.fs, pod), { ...memory, isUnlimited: false });
  const second = memoryStats(two.fs, pod);
  assert.deepEqual(second, { ...memory, kernelBytes: 700_000 });
  assert.equal(kernelMemoryBytes(one.fs, pod), 700_000);
  assert.equal(kernelMemoryBytes(two.fs, pod, second), 700_000);
  assert.equal(workingSetBytes(one.fs, pod), memory.workingSetBytes);
  assert.equal(workingSetBytes(two.fs, pod), memory.workingSetBytes);
});

Deno.test("where no cgroup above has a limit of memory, the file that would say so is not read", () => {
  using one = v1({
    "memory.usage_in_bytes": "52428800\n",
    "memory.stat": memoryStatV1.replace("104857600", "9223372036854771712"),
    "memory.limit_in_bytes": "1\n",
  });
  const memory = memoryStats(one.fs, pod);
  assert.equal(memory?.isUnlimited, true);
  assert.equal(memoryLimitBytes(one.fs, pod, memory), undefined);
  assert.equal(memoryLimitBytes(one.fs, pod), 1);
});

Deno.test("processes are counted where there is more than one task", () => {
  using two = v2({ "cgroup.procs": "1\n2\n" });
  assert.equal(processCount(two.fs, pod), 2);
  assert.equal(processCount(two.fs, pod, 5), 2);
  assert.equal(processCount(two.fs, pod, 1), 1);
});

Deno.test("a working set is never negative", () => {
  using one = v1({ "memory.usage_in_bytes": "5\n", "memory.stat": memoryStatV1 });
  assert.equal(memoryStats(one.fs, pod)!.workingSetBytes, 0);
  assert.equal(workingSetBytes(one.fs, pod), 0);
});

Deno.test("the root of a v2 tree has no usage of its own and takes the machine's", () => {
  using two = v2({ "memory.stat": memoryStatV2 }, "");
  assert.equal(memoryStats(two.fs, "/"), undefined);
  assert.equal(memoryStats(two.fs, "/", 15_000_000)!.workingSetBytes, 5_000_000);
});

Deno.test("CPU time comes in nanoseconds from v1's nanoseconds and ticks, and from v2's microseconds", () => {
  using one = v1({
    "cpuacct.usage": "123456789012\n",
    "cpuacct.stat": "user 1200\nsystem 34\n",
    "cpu.stat": "nr_periods 10\nnr_throttled 3\nthrottled_time 250000\nnr_bursts 0\n",
  });
  using two = v2({
    "cpu.stat":
      "usage_usec 123456789\nuser_usec 12000000\nsystem_usec 340000\nnr_periods 10\nnr_throttled 3\nthrottled_usec 250\n",
  });
  const rest = { periods: 10, throttledPeriods: 3, throttledNs: 250_000 };
  const times = { userNs: 12_000_000_000, systemNs: 340_000_000 };
  assert.deepEqual(cpuStats(one.fs, pod), { usageNs: 123_456_789_012, ...times, ...rest });
  assert.deepEqual(cpuStats(two.fs, pod), { usageNs: 123_456_789_000, ...times, ...rest });
  assert.equal(cpuUsageNs(one.fs, pod), 123_456_789_012);
  assert.equal(cpuUsageNs(two.fs, pod), 123_456_789_000);
});

Deno.test("CPU limits are shares and quota on both, and none is undefined", () => {
  using one = v1({ "cpu.shares": "512\n", "cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n" });
  using free = v1({ "cpu.shares": "2\n", "cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n" });
  using two = v2({ "cpu.weight": "39\n", "cpu.max": "50000 100000\n" });
  using twoFree = v2({ "cpu.weight": "1\n", "cpu.max": "max 100000\n" });
  assert.deepEqual(cpuLimits(one.fs, pod), { shares: 512, quotaUs: 50_000, periodUs: 100_000 });
  assert.deepEqual(cpuLimits(free.fs, pod), { shares: 2, periodUs: 100_000 });
  assert.deepEqual(cpuLimits(two.fs, pod), { shares: 999, quotaUs: 50_000, periodUs: 100_000 });
  assert.deepEqual(cpuLimits(twoFree.fs, pod), { shares: 2, quotaUs: undefined, periodUs: 100_000 });
});

Deno.test("memory limits tell peak, failures and kills; the largest number and `max` are no limit", () => {
  using one = v1({
    "memory.limit_in_bytes": "67108864\n",
    "memory.memsw.limit_in_bytes": "100663296\n",
    "memory.max_usage_in_bytes": "60000000\n",
    "memory.failcnt": "17\n",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
  });
  using two = v2({
    "memory.max": "67108864\n",
    "memory.swap.max": "33554432\n",
    "memory.peak": "60000000\n",
    "memory.events": "low 0\nhigh 0\nmax 17\noom 2\noom_kill 2\noom_group_kill 0\n",
  });
  const limits = { limitBytes: 67_108_864, peakBytes: 60_000_000, failures: 17, oomKills: 2 };
  for (const { fs } of [one, two]) {
    assert.deepEqual(memoryLimitStats(fs, pod), limits);
    assert.equal(swapLimitBytes(fs, pod), 33_554_432);
  }
  for (const none of ["9223372036854771712", "9223372036854710272"]) {
    using free = v1({ "memory.limit_in_bytes": `${none}\n`, "memory.memsw.limit_in_bytes": `${none}\n` });
    assert.equal(memoryLimitBytes(free.fs, pod), undefined);
    assert.equal(swapLimitBytes(free.fs, pod), undefined);
  }
  using twoFree = v2({ "memory.max": "max\n", "memory.swap.max": "max\n" });
  assert.equal(memoryLimitBytes(twoFree.fs, pod), undefined);
  assert.equal(swapLimitBytes(twoFree.fs, pod), undefined);
});

Deno.test("processes are counted against their limit, if there is one", () => {
  using one = v1({ "pids.current": "5\n", "pids.max": "100\n" });
  using two = v2({ "pids.current": "5\n", "pids.max": "max\n" });
  assert.deepEqual(pidsStats(one.fs, pod), { current: 5, limit: 100 });
  assert.deepEqual(pidsStats(two.fs, pod), { current: 5, limit: undefined });
});

Deno.test("I/O is told by device, from v1's two files and v2's one", () => {
  using one = v1({
    "blkio.throttle.io_service_bytes_recursive":
      "8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 1\n8:0 Total 12288\n253:1 Read 1\nTotal 12289\n",
    "blkio.throttle.io_serviced_recursive": "8:0 Read 1\n8:0 Write 2\n8:0 Total 3\nTotal 3\n",
  });
  using two = v2({
    "io.stat":
      "8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=7 dios=1\n253:1 rbytes=1 wbytes=0 rios=0 wios=0\n7:0 \n",
  });
  const devices = [
    { major: 8, minor: 0, readBytes: 4096, writeBytes: 8192, reads: 1, writes: 2 },
    { major: 253, minor: 1, readBytes: 1, writeBytes: 0, reads: 0, writes: 0 },
  ];
  assert.deepEqual(ioStats(one.fs, pod), devices);
  assert.deepEqual(ioStats(two.fs, pod), devices);
});

Deno.test("I/O on a v1 kernel that does not count the cgroups below is the cgroup's own", () => {
  using one = v1({
    "blkio.throttle.io_service_bytes": "8:0 Read 4096\nTotal 4096\n",
    "blkio.throttle.io_serviced": "8:0 Read 1\nTotal 1\n",
  });
  assert.deepEqual(ioStats(one.fs, pod), [{ major: 8, minor: 0, readBytes: 4096, writeBytes: 0, reads: 1, writes: 0 }]);
  using none = v1({ "blkio.throttle.io_service_bytes_recursive": "Total 0\n" });
  assert.deepEqual(ioStats(none.fs, pod), []);
});

Deno.test("a cgroup or a controller that is not there is undefined, not zero", () => {
  using one = v1({ "memory.usage_in_bytes": "1\n" });
  using two = v2({ "memory.current": "1\n" });
  for (const { fs } of [one, two]) {
    for (const read of [cpuUsageNs, cpuStats, cpuLimits, memoryLimitStats, pidsStats, ioStats]) {
      assert.equal(read(fs, pod), undefined, `${read.name} v${fs.version}`);
    }
    for (const read of [memoryStats, workingSetBytes, memoryLimitBytes]) {
      assert.equal(read(fs, "/kubepods/gone"), undefined, `${read.name} v${fs.version}`);
    }
    assert.equal(memoryStats(fs, pod)!.usageBytes, 1);
  }
});

const psi = "some avg10=1.50 avg60=0.25 avg300=0.05 total=123456\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=99\n";

Deno.test("pressure is read per cgroup on v2 alone, and for the machine from /proc", () => {
  using two = v2({ "memory.pressure": psi });
  using one = v1({ "memory.usage_in_bytes": "1\n" });
  const pressure = {
    some: { avg10: 1.5, avg60: 0.25, avg300: 0.05, totalUs: 123456 },
    full: { avg10: 0.5, avg60: 0, avg300: 0, totalUs: 99 },
  };
  assert.deepEqual(cgroupPressure(two.fs, pod, "memory"), pressure);
  assert.equal(cgroupPressure(two.fs, pod, "io"), undefined);
  assert.equal(cgroupPressure(one.fs, pod, "memory"), undefined);
  const files = { read: (path: string) => path === "/proc/pressure/cpu" ? psi.split("\n")[0] : undefined };
  assert.deepEqual(machinePressure("cpu", files), { some: pressure.some });
  assert.equal(machinePressure("io", files), undefined);
});

Deno.test("a kernel that has pressure files and refuses to read them has no pressure", () => {
  const read = () => {
    throw new Error("Operation not supported (os error 95)");
  };
  assert.equal(machinePressure("cpu", { read }), undefined);
  assert.equal(parsePressure("garbage"), undefined);
});

let real = false;
try {
  real = Deno.uid() === 0 && detect().version === 1;
} catch {
  // No cgroups here.
}

Deno.test({
  name: "this machine's v1: what a process uses is what its cgroup says, and the cgroup above says it too",
  ignore: !real,
  fn: async () => {
    const fs = detect();
    const top = `/islet-test-${crypto.randomUUID()}`;
    const path = `${top}/container`;
    try {
      await fs.create(path, { memoryBytes: 64 * 2 ** 20, cpuShares: 512, cpuQuotaUs: 10_000 });
      assert.deepEqual(cpuUsageNs(fs, path), 0);
      // Waits until it is inside, works against its quota, fills a variable and waits to be read.
      const child = new Deno.Command("sh", {
        args: [
          "-c",
          "read go; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; x=$(head -c 16000000 /dev/zero | tr '\\0' x); echo full; read stop",
        ],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      await fs.addProcess(path, child.pid);
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode("go\n"));
      const reader = child.stdout.getReader();
      const { value } = await reader.read();
      assert.equal(new TextDecoder().decode(value), "full\n");

      for (const each of [path, top]) {
        const cpu = cpuStats(fs, each)!;
        assert.ok(cpu.usageNs > 20e6, `${cpu.usageNs} ns`);
        assert.ok(cpu.userNs! + cpu.systemNs! > 0);
        // the kernel adds up the parts of the statistics every two seconds, and the shell has just given pages back
        let memory = memoryStats(fs, each)!;
        const isOld = () => memory.rssBytes < 12e6 || memory.workingSetBytes < memory.rssBytes * 0.95;
        for (let tries = 0; isOld() && tries < 100; tries++) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          memory = memoryStats(fs, each)!;
        }
        assert.ok(memory.rssBytes > 12e6 && memory.rssBytes < 64 * 2 ** 20, `${memory.rssBytes} bytes`);
        assert.ok(memory.workingSetBytes >= memory.rssBytes * 0.95);
        assert.ok(memory.workingSetBytes <= memory.usageBytes);
        assert.ok(memory.pageFaults > 1000);
        assert.deepEqual(pidsStats(fs, each), { current: 1, limit: undefined });
        assert.equal(anyProcess(fs, each), each === path ? child.pid : undefined);
        assert.equal(processCount(fs, each), each === path ? 1 : 0);
        assert.ok(Array.isArray(ioStats(fs, each)));
      }
      assert.ok(cpuStats(fs, path)!.throttledPeriods > 0);
      assert.deepEqual(cpuLimits(fs, path), { shares: 512, quotaUs: 10_000, periodUs: 100_000 });
      const limits = memoryLimitStats(fs, path)!;
      assert.equal(limits.limitBytes, 64 * 2 ** 20);
      assert.ok(limits.peakBytes! >= memoryStats(fs, path)!.rssBytes);
      assert.equal(limits.oomKills, 0);
      await writer.close();
      await reader.cancel();
      assert.equal((await child.status).code, 1, "read ends without a line");
    } finally {
      // what a failed assertion left there
      await killAll(fs, top);
      await fs.remove(top);
    }
  },
});
