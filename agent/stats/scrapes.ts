/**
 * The four pages of metrics that kubelet has, and one of objects, collected when somebody scrapes: what NodeUsage looks up, what
 * KubeletMetrics has counted, and what the rest of the node tells of itself.
 */
import type { CgroupReader } from "../../cgroups/mod.ts";
import type { Clock } from "../clock.ts";
import { mountOf, readMounts } from "../linux/mod.ts";
import type { Node, Pod } from "../objects/mod.ts";
import type { ObservedPod } from "../observed/types.ts";
import type { TalliedProbe } from "../probes/mod.ts";
import type { CgroupPathOptions } from "../resources/mod.ts";
import type { Exposition } from "../telemetry/exposition.ts";
import { type MachineIdentity, writeCadvisorMetrics } from "./cadvisor/mod.ts";
import type { FilesystemUsage } from "./filesystems.ts";
import type { KubeletMetrics } from "./kubelet_metrics.ts";
import { writeKubeletState } from "./kubelet_state.ts";
import { bootTimeMs, type NodeUsage, readText } from "./node_usage.ts";
import { writeProbeMetrics } from "./probe_metrics.ts";
import { writeProcessMetrics } from "./process_metrics.ts";
import { readUsage } from "./reading.ts";
import { writeResourceMetrics } from "./resource_metrics.ts";

export interface ScrapeDeps {
  usage: NodeUsage;
  kubelet: KubeletMetrics;
  nodeName: string;
  rootDir: string;
  identity: MachineIdentity;
  /** Scrapes read all of them, and read them again soon. */
  cgroups: CgroupReader;
  cgroupPaths: CgroupPathOptions;
  /** Name of the image that sandboxes are made of. */
  sandboxImage: string;
  pods(): Iterable<Pod>;
  /** This node, once it is registered. */
  node(): Node | undefined;
  isStatic(pod: Pod): boolean;
  /** Everything that the runtime has of ours. */
  observed(): ObservedPod[];
  runtimeAvailable(): boolean;
  runtimeLoad?(): { running: number; waiting: number };
  probes(): Iterable<TalliedProbe>;
  /** When the certificate of kubelet's API ends, in wall-clock milliseconds. */
  certificateEnds?(): number | undefined;
  clock: Clock;
}

export type ScrapePage = (out: Exposition) => void | Promise<void>;

export interface Scrapes {
  /** `/metrics` */
  kubelet: ScrapePage;
  /** `/metrics/cadvisor` */
  cadvisor: ScrapePage;
  /** `/metrics/resource` */
  resource: ScrapePage;
  /** `/metrics/probes` */
  probes: ScrapePage;
  /** `/metrics/objects`, which kubelet does not have. */
  objects: ScrapePage;
}

export function scrapes(deps: ScrapeDeps): Scrapes {
  const { usage, clock, cgroups, cgroupPaths, rootDir } = deps;
  const deviceOf = deviceName();
  return {
    async kubelet(out) {
      const claimedVolumes = await usage.claimedVolumes();
      writeKubeletState(out, {
        nodeName: deps.nodeName,
        version: deps.identity.version,
        cgroupVersion: cgroups.version,
        pods: [...deps.pods()],
        isStatic: deps.isStatic,
        observed: deps.observed(),
        runtimeAvailable: deps.runtimeAvailable(),
        runtimeLoad: deps.runtimeLoad?.(),
        certificateEnds: deps.certificateEnds?.(),
        now: clock.now(),
        claimedVolumes,
      });
      deps.kubelet.metrics.write(out);
      writeProcessMetrics(out, readText);
    },
    cadvisor(out) {
      writeCadvisorMetrics(out, {
        cgroups,
        cgroupPaths,
        targets: usage.targets(),
        machine: usage.machine(),
        identity: deps.identity,
        bootTimeMs: bootTimeMs(readText),
        interfaces: usage.nodeInterfaces(),
        filesystems: filesystem(usage.nodeFs(), () => deviceOf(rootDir)),
        sandboxImage: deps.sandboxImage,
        read: readText,
        now: () => clock.now(),
      });
    },
    resource(out) {
      const pods = () => usage.pods((_, path, at) => readUsage(cgroups, path, at));
      writeResourceMetrics(out, { machine: () => usage.machine(), pods }, clock.now());
    },
    probes(out) {
      writeProbeMetrics(out, deps.probes());
    },
    async objects(out) {
      const { writeObjectMetrics } = await import("./object_metrics.ts");
      writeObjectMetrics(out, deps.node(), [...deps.pods()]);
    },
  };
}

/** The node's file system under the name of its device. */
function filesystem(
  usage: FilesystemUsage | undefined,
  device: () => string,
): { device: string; usage: FilesystemUsage }[] {
  return usage ? [{ device: device(), usage }] : [];
}

/** The name of the device that a path is on. Each container has mounts: they are gone through for a new device only. */
function deviceName(): (path: string) => string {
  let last: { dev: number; name: string } | undefined;
  return (path) => {
    const { dev } = Deno.statSync(path);
    if (last?.dev !== dev) last = { dev, name: mountOf(readMounts(), path)?.source ?? "" };
    return last.name;
  };
}
