/** `container_fs_…` and `container_blkio_…`: file systems as a whole, and what each cgroup reads and writes by device. */
import type { IoStats } from "../../../cgroups/mod.ts";
import { type Exposition, formatLabels, joinLabels } from "../../telemetry/exposition.ts";
import type { FilesystemUsage } from "../filesystems.ts";
import type { ReadText } from "../network.ts";
import type { CadvisorInput } from "./mod.ts";
import type { Row } from "./rows.ts";

const filesystemFamilies: readonly [name: string, help: string, key: keyof FilesystemUsage][] = [
  ["container_fs_inodes_free", "Number of available Inodes", "inodesFree"],
  ["container_fs_inodes_total", "Number of Inodes", "inodes"],
  [
    "container_fs_limit_bytes",
    "Number of bytes that can be consumed by the container on this filesystem.",
    "capacityBytes",
  ],
  ["container_fs_usage_bytes", "Number of bytes that are consumed by the container on this filesystem.", "usedBytes"],
];

const deviceFamilies: readonly [name: string, help: string, key: Exclude<keyof IoStats, "major" | "minor">][] = [
  ["container_fs_reads_bytes_total", "Cumulative count of bytes read", "readBytes"],
  ["container_fs_reads_total", "Cumulative count of reads completed", "reads"],
  ["container_fs_writes_bytes_total", "Cumulative count of bytes written", "writeBytes"],
  ["container_fs_writes_total", "Cumulative count of writes completed", "writes"],
];

export function writeDevices(
  out: Exposition,
  rows: readonly Row[],
  { filesystems, read }: Pick<CadvisorInput, "filesystems" | "read">,
): void {
  const [root] = rows;
  for (const [name, help, key] of filesystemFamilies) {
    out.family(name, "gauge", help);
    for (const { device, usage } of root ? filesystems : []) {
      out.sample(joinLabels(formatLabels({ device }), root.labels), usage[key], root.at);
    }
  }
  const nameOf = deviceNames(read);
  const found = rows.flatMap(({ io = [], labels, at }) =>
    io.map((stats) => {
      const device = nameOf(stats.major, stats.minor);
      return { stats, device, labels, at, subject: out.subject(joinLabels(formatLabels({ device }), labels), at) };
    })
  );
  for (const [name, help, key] of deviceFamilies) {
    out.family(name, "counter", help);
    for (const { stats, subject } of found) out.add(subject, stats[key]);
  }
  out.family("container_blkio_device_usage_total", "counter", "Blkio Device bytes usage");
  for (const { stats: { major, minor, readBytes, writeBytes }, device, labels, at } of found) {
    const of = (operation: string) =>
      joinLabels(formatLabels({ device, major: String(major), minor: String(minor), operation }), labels);
    out.sample(of("Read"), readBytes, at);
    out.sample(of("Write"), writeBytes, at);
  }
}

/** Names of block devices by number, each looked up once. */
function deviceNames(read: ReadText): (major: number, minor: number) => string {
  const names = new Map<string, string>();
  return (major, minor) => {
    const key = `${major}:${minor}`;
    let name = names.get(key);
    if (name === undefined) {
      const found = /^DEVNAME=(.+)$/m.exec(read(`/sys/dev/block/${key}/uevent`) ?? "")?.[1];
      names.set(key, name = found ? `/dev/${found}` : "");
    }
    return name;
  };
}
