import assert from "node:assert/strict";
import fc from "fast-check";
import { type CgroupLimits, unlimited } from "./limits.ts";
import { type CgroupVersion, type CurrentFiles, limitFiles, planWrites } from "./plan.ts";

const v1: CurrentFiles = {
  "cpu.shares": "1024\n",
  "cpu.cfs_quota_us": "-1\n",
  "cpu.cfs_period_us": "100000\n",
  "memory.limit_in_bytes": "9223372036854771712\n",
  "pids.max": "max\n",
  "hugetlb.2MB.limit_in_bytes": "9223372036854771712\n",
  "blkio.bfq.weight": "100\n",
};
const v2: CurrentFiles = {
  "cpu.weight": "100\n",
  "cpu.max": "max 100000\n",
  "memory.max": "max\n",
  "memory.min": "0\n",
  "memory.low": "0\n",
  "memory.high": "max\n",
  "pids.max": "max\n",
  "hugetlb.2MB.max": "max\n",
  "hugetlb.2MB.rsvd.max": "max\n",
  "io.weight": "default 100\n8:0 200\n",
};

interface Case {
  name: string;
  limits: CgroupLimits;
  /** `file=value` in order. */
  writes: string[];
  current?: CurrentFiles;
  missing?: string[];
}

const casesV1: Case[] = [
  { name: "nothing given, nothing written", limits: {}, writes: [] },
  { name: "shares", limits: { cpuShares: 512 }, writes: ["cpu.shares=512"] },
  { name: "shares are clamped", limits: { cpuShares: 1 }, writes: ["cpu.shares=2"] },
  { name: "shares that are so already", limits: { cpuShares: 1024 }, writes: [] },
  { name: "a quota alone keeps the period", limits: { cpuQuotaUs: 50_000 }, writes: ["cpu.cfs_quota_us=50000"] },
  {
    name: "from no quota the period comes first",
    limits: { cpuQuotaUs: 5000, cpuPeriodUs: 10_000 },
    writes: ["cpu.cfs_period_us=10000", "cpu.cfs_quota_us=5000"],
  },
  {
    name: "a shorter period comes after the quota",
    limits: { cpuQuotaUs: 5000, cpuPeriodUs: 10_000 },
    current: { ...v1, "cpu.cfs_quota_us": "100000\n" },
    writes: ["cpu.cfs_quota_us=5000", "cpu.cfs_period_us=10000"],
  },
  {
    name: "a longer period comes before the quota",
    limits: { cpuQuotaUs: 50_000, cpuPeriodUs: 100_000 },
    current: { ...v1, "cpu.cfs_quota_us": "5000\n", "cpu.cfs_period_us": "10000\n" },
    writes: ["cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000"],
  },
  {
    name: "a quota that is taken away",
    limits: { cpuQuotaUs: unlimited },
    current: { ...v1, "cpu.cfs_quota_us": "5000\n" },
    writes: ["cpu.cfs_quota_us=-1"],
  },
  { name: "memory", limits: { memoryBytes: 64 * 2 ** 20 }, writes: ["memory.limit_in_bytes=67108864"] },
  { name: "no memory limit where there is none", limits: { memoryBytes: unlimited }, writes: [] },
  {
    name: "memory that the kernel rounded to pages is so already",
    limits: { memoryBytes: 100_000_001 },
    current: { ...v1, "memory.limit_in_bytes": "99999744\n" },
    writes: [],
  },
  {
    name: "a memory limit that is taken away",
    limits: { memoryBytes: unlimited },
    current: { ...v1, "memory.limit_in_bytes": "67108864\n" },
    writes: ["memory.limit_in_bytes=-1"],
  },
  { name: "pids", limits: { pidsMax: 100 }, writes: ["pids.max=100"] },
  { name: "no pids limit where there is none", limits: { pidsMax: unlimited }, writes: [] },
  {
    name: "huge pages, without reservations where the kernel has none",
    limits: { hugetlb: { "2MB": 4194304, "1GB": 0 } },
    writes: ["hugetlb.2MB.limit_in_bytes=4194304"],
    missing: ["hugetlb.1GB.limit_in_bytes"],
  },
  { name: "I/O weight by BFQ's file", limits: { ioWeight: 10000 }, writes: ["blkio.bfq.weight=1000"] },
  { name: "memory protection does not exist", limits: { memoryLowBytes: 4096 }, writes: [], missing: ["memory.low"] },
  { name: "a controller that is not there", limits: { pidsMax: 5 }, current: {}, writes: [], missing: ["pids.max"] },
];

const casesV2: Case[] = [
  { name: "nothing given, nothing written", limits: {}, writes: [] },
  { name: "shares become a weight", limits: { cpuShares: 1024 }, writes: ["cpu.weight=39"] },
  { name: "a quota takes the usual period", limits: { cpuQuotaUs: 50_000 }, writes: ["cpu.max=50000 100000"] },
  {
    name: "a quota with its period",
    limits: { cpuQuotaUs: 5000, cpuPeriodUs: 10_000 },
    writes: ["cpu.max=5000 10000"],
  },
  {
    name: "a period alone keeps the quota",
    limits: { cpuPeriodUs: 50_000 },
    current: { ...v2, "cpu.max": "20000 100000\n" },
    writes: ["cpu.max=20000 50000"],
  },
  { name: "no quota where there is none", limits: { cpuQuotaUs: unlimited }, writes: [] },
  {
    name: "a quota that is taken away",
    limits: { cpuQuotaUs: unlimited },
    current: { ...v2, "cpu.max": "20000 100000\n" },
    writes: ["cpu.max=max 100000"],
  },
  {
    name: "all of memory",
    limits: { memoryBytes: 8192, memoryMinBytes: 4096, memoryLowBytes: 4096, memoryHighBytes: 8192 },
    writes: ["memory.max=8192", "memory.min=4096", "memory.low=4096", "memory.high=8192"],
  },
  {
    name: "a memory limit that is taken away",
    limits: { memoryBytes: unlimited, memoryHighBytes: unlimited },
    current: { ...v2, "memory.max": "8192\n" },
    writes: ["memory.max=max"],
  },
  { name: "pids", limits: { pidsMax: 100 }, writes: ["pids.max=100"] },
  {
    name: "huge pages and their reservations",
    limits: { hugetlb: { "2MB": 4194304 } },
    writes: ["hugetlb.2MB.max=4194304", "hugetlb.2MB.rsvd.max=4194304"],
  },
  { name: "I/O weight", limits: { ioWeight: 500 }, writes: ["io.weight=500"] },
  { name: "I/O weight that is so already, devices aside", limits: { ioWeight: 100 }, writes: [] },
  {
    name: "I/O weight by BFQ's file",
    limits: { ioWeight: 10000 },
    current: { "io.bfq.weight": "default 100\n" },
    writes: ["io.bfq.weight=1000"],
  },
  {
    name: "I/O weight for BFQ and for io.cost where both are there",
    limits: { ioWeight: 200 },
    current: { "io.weight": "default 100\n", "io.bfq.weight": "default 100\n" },
    writes: ["io.weight=200", "io.bfq.weight=109"],
  },
  {
    name: "a small I/O weight is the same for BFQ",
    limits: { ioWeight: 10 },
    current: { "io.bfq.weight": "default 100\n" },
    writes: ["io.bfq.weight=10"],
  },
];

for (const [version, base, cases] of [[1, v1, casesV1], [2, v2, casesV2]] as const) {
  for (const { name, limits, current = base, writes, missing = [] } of cases) {
    Deno.test(`planWrites() on v${version}: ${name}`, () => {
      const plan = planWrites(version, limits, current);
      assert.deepEqual(plan.writes.map(({ file, value }) => `${file}=${value}`), writes);
      assert.deepEqual(plan.missing, missing);
    });
  }
}

const bytes = fc.oneof(fc.constant(unlimited), fc.integer({ min: 0, max: 2 ** 40 }));
const limits = fc.record({
  cpuShares: fc.integer({ min: 0, max: 300_000 }),
  cpuQuotaUs: fc.oneof(fc.constant(unlimited), fc.integer({ min: 1000, max: 1_000_000 })),
  cpuPeriodUs: fc.integer({ min: 1000, max: 1_000_000 }),
  memoryBytes: bytes,
  pidsMax: fc.oneof(fc.constant(unlimited), fc.nat(100_000)),
  hugetlb: fc.dictionary(fc.constantFrom("2MB"), bytes),
}, { requiredKeys: [] });

for (const version of [1, 2] as CgroupVersion[]) {
  Deno.test(`planWrites() on v${version} has nothing left to do after its own writes`, () => {
    let planned = 0;
    fc.assert(fc.property(limits, (limits) => {
      const files = { ...(version === 1 ? v1 : v2) };
      for (const { file, value } of planWrites(version, limits, files).writes) {
        planned++;
        // The kernel keeps whole pages.
        const pages = /^(memory|hugetlb)\./.test(file) && Number(value) > 0;
        files[file] = `${pages ? Math.floor(Number(value) / 4096) * 4096 : value}\n`;
      }
      assert.deepEqual(planWrites(version, limits, files).writes, []);
    }));
    assert.ok(planned > 0);
  });

  Deno.test(`limitFiles() on v${version} names every file that planWrites() asks for`, () => {
    fc.assert(fc.property(limits, (limits) => {
      const asked = new Set<string>();
      const watched = new Proxy(version === 1 ? v1 : v2, {
        get: (files, file) => (asked.add(String(file)), files[String(file)]),
      });
      planWrites(version, limits, watched);
      const named = limitFiles(version, limits);
      for (const file of asked) assert.ok(named.includes(file), file);
    }));
  });
}

Deno.test("planWrites() compares bytes by the machine's page size", () => {
  const current = { ...v1, "memory.limit_in_bytes": "99942400\n" };
  assert.deepEqual(planWrites(1, { memoryBytes: 100_000_001 }, current, 65536).writes, []);
  assert.equal(planWrites(1, { memoryBytes: 100_000_001 }, current, 4096).writes.length, 1);
});

Deno.test("planWrites() on v1 never lets quota/period rise above both ends on the way", () => {
  const pair = fc.record({
    quota: fc.integer({ min: 1000, max: 1_000_000 }),
    period: fc.integer({ min: 1000, max: 1_000_000 }),
  });
  let steps = 0;
  fc.assert(fc.property(pair, pair, (from, to) => {
    const files: Record<string, number> = { "cpu.cfs_quota_us": from.quota, "cpu.cfs_period_us": from.period };
    const ratio = () => files["cpu.cfs_quota_us"] / files["cpu.cfs_period_us"];
    const most = Math.max(ratio(), to.quota / to.period);
    const current = Object.fromEntries(Object.entries(files).map(([file, value]) => [file, `${value}\n`]));
    for (const write of planWrites(1, { cpuQuotaUs: to.quota, cpuPeriodUs: to.period }, current).writes) {
      files[write.file] = Number(write.value);
      steps++;
      assert.ok(ratio() <= most + 1e-9);
    }
    assert.deepEqual(files, { "cpu.cfs_quota_us": to.quota, "cpu.cfs_period_us": to.period });
  }));
  assert.ok(steps > 0);
});
