/** A node for tests of usage: cgroups and /proc as texts, pods in a list, a runtime that tells of layers. */
import type { CgroupReader } from "../../cgroups/mod.ts";
import { ManualClock } from "../clock.ts";
import type { PersistentVolumeClaim, Pod } from "../objects/mod.ts";
import type { ObservedContainer, ObservedPod } from "../observed/types.ts";
import { NodeUsage, type NodeUsageOptions } from "./node_usage.ts";

/** Texts of cgroup files by cgroup and name. */
export type CgroupTexts = Record<string, Record<string, string>>;

export function textCgroups(version: 1 | 2, texts: CgroupTexts): CgroupReader {
  return {
    version,
    read: (path, file) => texts[path]?.[file],
  };
}

/** A container's files on v1 or v2 that say the same. */
export function usageTexts(
  version: 1 | 2,
  { cpuNs, usage, inactive = 0, rss = 0, limit }: {
    cpuNs: number;
    usage: number;
    inactive?: number;
    rss?: number;
    limit?: number;
  },
): Record<string, string> {
  return version === 1
    ? {
      "cpuacct.usage": String(cpuNs),
      "cpuacct.stat": `user ${Math.floor(cpuNs / 2e7)}\nsystem ${Math.floor(cpuNs / 2e7)}`,
      "cpu.shares": "102",
      "cpu.cfs_quota_us": "-1",
      "memory.usage_in_bytes": String(usage),
      "memory.stat":
        `total_rss ${rss}\ntotal_inactive_file ${inactive}\ntotal_pgfault 12\ntotal_pgmajfault 3\ntotal_swap 0`,
      "memory.limit_in_bytes": limit === undefined ? "9223372036854771712" : String(limit),
      "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1",
      "memory.max_usage_in_bytes": String(usage * 2),
      "memory.failcnt": "5",
      "memory.kmem.usage_in_bytes": "4096",
      "blkio.throttle.io_service_bytes_recursive": "8:0 Read 4096\n8:0 Write 8192\nTotal 12288",
      "blkio.throttle.io_serviced_recursive": "8:0 Read 1\n8:0 Write 2\nTotal 3",
      "pids.current": "3",
      "pids.max": "max",
      "cgroup.procs": "100\n101",
    }
    : {
      "cpu.stat": `usage_usec ${cpuNs / 1000}\nuser_usec ${cpuNs / 2000}\nsystem_usec ${
        cpuNs / 2000
      }\nnr_periods 9\nnr_throttled 4\nthrottled_usec 500000`,
      "cpu.weight": "4",
      "cpu.max": "20000 100000",
      "memory.current": String(usage),
      "memory.stat": `anon ${rss}\ninactive_file ${inactive}\npgfault 12\npgmajfault 3\nkernel 4096`,
      "memory.max": limit === undefined ? "max" : String(limit),
      "memory.events": "max 5\noom_kill 1",
      "memory.peak": String(usage * 2),
      "memory.swap.current": "0",
      "io.stat": "8:0 rbytes=4096 wbytes=8192 rios=1 wios=2",
      "pids.current": "3",
      "pids.max": "max",
      "cgroup.procs": "100\n101",
      "cpu.pressure":
        "some avg10=1.00 avg60=2.00 avg300=3.00 total=4000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1000000",
    };
}

export const webPod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "default", uid: "uid-web", labels: { app: "web" } },
  spec: {
    nodeName: "edge-1",
    containers: [{ name: "main", image: "web:1" }],
    volumes: [{ name: "cache", emptyDir: {} }, { name: "data", persistentVolumeClaim: { claimName: "claim-1" } }],
  },
  status: { phase: "Running", qosClass: "BestEffort" },
} as Pod;

export function observedContainer(more: Partial<ObservedContainer>): ObservedContainer {
  return {
    id: "c1",
    sandboxId: "s1",
    podUid: "uid-web",
    name: "main",
    attempt: 0,
    state: "running",
    image: "web:1",
    imageId: "sha256:web",
    createdAt: 0,
    startedAt: Date.UTC(2025, 11, 31, 23, 59, 0),
    finishedAt: 0,
    exitCode: 0,
    reason: "",
    message: "",
    logPath: "",
    labels: {},
    annotations: {},
    ...more,
  };
}

export function observedWeb(more: Partial<ObservedPod> = {}): ObservedPod {
  return {
    uid: "uid-web",
    namespace: "default",
    name: "web",
    sandboxes: [{
      id: "s1",
      podUid: "uid-web",
      namespace: "default",
      name: "web",
      attempt: 0,
      ready: true,
      createdAt: Date.UTC(2025, 11, 31, 23, 58, 0),
      ips: ["10.244.0.2"],
      labels: {},
      annotations: {},
    }],
    containers: [observedContainer({})],
    observedAt: 0,
    ...more,
  };
}

export const podCgroupPath = "/kubepods/besteffort/poduid-web";

export const procTexts: Record<string, string> = {
  "/proc/meminfo":
    "MemTotal:        2000 kB\nMemFree:          800 kB\nSwapTotal:        100 kB\nSwapFree:          60 kB\nInactive(file):   200 kB\nAnonPages:        500 kB\n",
  "/proc/stat": "cpu  100 20 30 4000 50 6 7 0 0 0\nbtime 1767000000\n",
  "/proc/sys/kernel/pid_max": "4194304\n",
  "/proc/loadavg": "0.10 0.20 0.30 2/345 6789\n",
  "/proc/1/net/dev":
    "Inter-|   Receive  |  Transmit\n face |bytes    packets\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0\nveth12: 5 5 0 0 0 0 0 0 5 5 0 0 0 0 0 0\n",
  "/proc/100/net/dev":
    "Inter-|   Receive  |  Transmit\n face |bytes    packets\n    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n  eth0: 111 11 0 0 0 0 0 0 222 22 0 0 0 0 0 0\n",
};

export interface UsageNode {
  usage: NodeUsage;
  clock: ManualClock;
  texts: CgroupTexts;
  proc: Record<string, string>;
  pods: Pod[];
  observed: Map<string, ObservedPod>;
  /** What `du` would find. */
  directories: Map<string, { bytes: number; inodes?: number }>;
  options: NodeUsageOptions;
}

/** A node with one pod: main uses 1 s of CPU so far, the pod as a whole 1.5 s. */
export function usageNode(version: 1 | 2 = 1): UsageNode {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const texts: CgroupTexts = {
    "/": {
      ...usageTexts(version, { cpuNs: 60e9, usage: 1_000_000, inactive: 100_000 }),
    },
    "/kubepods": usageTexts(version, { cpuNs: 3e9, usage: 500_000 }),
    "/kubepods/besteffort": usageTexts(version, { cpuNs: 2e9, usage: 400_000 }),
    [podCgroupPath]: usageTexts(version, { cpuNs: 1.5e9, usage: 300_000, inactive: 50_000 }),
    [`${podCgroupPath}/s1`]: usageTexts(version, { cpuNs: 1e7, usage: 4096 }),
    [`${podCgroupPath}/c1`]: usageTexts(version, {
      cpuNs: 1e9,
      usage: 200_000,
      inactive: 40_000,
      rss: 90_000,
      limit: 400_000,
    }),
  };
  if (version === 2) delete texts["/"]["memory.current"];
  const pods = [webPod], observed = new Map([["uid-web", observedWeb()]]);
  const directories = new Map<string, { bytes: number; inodes?: number }>();
  const proc = { ...procTexts };
  const options: NodeUsageOptions = {
    nodeName: "edge-1",
    rootDir: "/root-of-islet",
    podLogsDir: "/logs",
    cgroups: textCgroups(version, texts),
    cgroupPaths: { driver: "cgroupfs" },
    pods: () => pods,
    observed: (uid) => observed.get(uid),
    claim: () => ({ spec: { volumeName: "pv-1" } }) as PersistentVolumeClaim,
    cri: {
      runtime: {
        listContainerStats: () =>
          Promise.resolve({
            stats: [{
              attributes: { id: "c1" },
              writableLayer: {
                timestamp: 1_767_225_590_000_000_000n,
                usedBytes: { value: 7000n },
                inodesUsed: { value: 4n },
              },
            }],
          }) as never,
      },
      image: {
        imageFsInfo: () =>
          Promise.resolve({
            imageFilesystems: [{ timestamp: 0n, fsId: { mountpoint: "/nowhere" }, usedBytes: { value: 123_456n } }],
            containerFilesystems: [],
          }) as never,
      },
    },
    owner: "me",
    runtimeName: () => "containerd",
    clock,
    read: (path) => proc[path],
    disk: {
      measure: (paths) =>
        Promise.resolve(
          new Map([...paths].flatMap((path) => {
            const found = directories.get(path);
            return found ? [[path, { ...found, at: clock.now() }]] : [];
          })),
        ),
    },
  };
  return { usage: new NodeUsage(options), clock, texts, proc, pods, observed, directories, options };
}
