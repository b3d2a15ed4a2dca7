/**
 * Usage and metrics, wired: what is looked up when somebody asks, and who tells KubeletMetrics what happens between.
 *
 *     runtime calls, relists, workers' steps, pods that begin to run ──► KubeletMetrics ─┐
 *     cgroups, /proc, store, observer ──────────────────────────────────► NodeUsage ─────┴─► API (StatsDeps)
 */
import { type CgroupFs, type CgroupReader, detect, kernelFiles } from "../../cgroups/mod.ts";
import type { CriClient } from "../../cri/mod.ts";
import type { DnsObserver } from "../../net/dns/mod.ts";
import type { ProxyObserver } from "../../net/proxy/mod.ts";
import { versionInfo } from "../api/version.ts";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import { KeptFiles } from "../linux/mod.ts";
import type { NodeFacts } from "../node/mod.ts";
import type { Node, PersistentVolumeClaim, Pod } from "../objects/mod.ts";
import type { PodObserver } from "../observed/observer.ts";
import type { ProbeManager } from "../probes/mod.ts";
import type { CgroupPathOptions } from "../resources/mod.ts";
import { sandboxImage } from "../runtime/containerd/mod.ts";
import { isFromFile } from "../sources/mod.ts";
import {
  DnsMetrics,
  type DnsState,
  type KubeletMetrics,
  NodeUsage,
  ProxyMetrics,
  type Scrapes,
  scrapes,
} from "../stats/mod.ts";
import type { Store, StoreObject } from "../store/mod.ts";
import { lookUp } from "./pods.ts";

export interface StatsOptions {
  config: Pick<NodeConfig, "nodeName" | "rootDir" | "podLogsDir" | "runtime">;
  facts: Pick<NodeFacts, "bootID" | "machineID" | "systemUUID" | "kernelVersion" | "osImage">;
  store: Store;
  observer: PodObserver;
  probes: Pick<ProbeManager, "tallies">;
  cri: Pick<CriClient, "runtime" | "load">;
  image: CriClient["image"];
  cgroups: CgroupFs;
  cgroupPaths: CgroupPathOptions;
  owner: string;
  runtimeName(): string;
  /** Made before the runtime is connected to, whose calls it counts. */
  kubelet: KubeletMetrics;
  certificateEnds(): number | undefined;
  clock: Clock;
}

export interface Stats {
  usage: NodeUsage;
  scrapes: Scrapes;
  kubelet: KubeletMetrics;
  stop(): void;
}

export function assembleStats(options: StatsOptions): Stats {
  const { config, facts, store, observer, probes, cri, image, cgroups, cgroupPaths, kubelet, clock } = options;
  const { nodeName, rootDir, podLogsDir } = config;
  const pods = () =>
    store.list<Pod>("Pod").map(({ object }) => object).filter(({ spec }) => (spec.nodeName ?? nodeName) === nodeName);
  const usage = new NodeUsage({
    nodeName,
    rootDir,
    podLogsDir,
    cgroups,
    cgroupPaths,
    pods,
    observed: (uid) => observer.get(uid),
    claim: (pod, name) => lookUp<PersistentVolumeClaim>(store, pod, "PersistentVolumeClaim", name),
    cri: { runtime: cri.runtime, image },
    owner: options.owner,
    runtimeName: options.runtimeName,
    clock,
  });
  observer.onRelisted.add((began, ms) => kubelet.relisted(began, ms, clock.now()));
  const unwatch = store.watch(({ type, object, previous }) => {
    if (type === "ADDED") kubelet.podAdded(object as unknown as Pod);
    else if (type === "MODIFIED") kubelet.podChanged(object as unknown as Pod, previous as unknown as Pod, clock.now());
  }, { kind: "Pod" });
  usage.history.start();
  const kept = new KeptFiles({ after: (ms, fn) => clock.after(ms, fn) });
  return {
    usage,
    kubelet,
    scrapes: scrapes({
      usage,
      kubelet,
      nodeName,
      rootDir,
      identity: { ...facts, version: versionInfo().gitVersion },
      cgroups: keptCgroups(kept),
      cgroupPaths,
      sandboxImage: config.runtime.mode === "managed" ? sandboxImage : "pause",
      pods,
      node: () => store.list<Node>("Node").find(({ object }) => object.metadata.name === nodeName)?.object,
      isStatic: (pod) => isFromFile(pod as unknown as StoreObject),
      observed: () => observer.uids().map((uid) => observer.get(uid)).filter((seen) => seen !== undefined),
      runtimeAvailable: () => observer.available,
      runtimeLoad: () => cri.load,
      probes: () => probes.tallies(),
      certificateEnds: options.certificateEnds,
      clock,
    }),
    stop() {
      unwatch();
      usage.stop();
      kept.close();
    },
  };
}

/** This machine's, whose files are kept open from one look to the next. */
function keptCgroups(kept: KeptFiles): CgroupReader {
  return detect(undefined, { files: { ...kernelFiles, read: (path) => kept.read(path) } });
}

/** Who counts what the proxy and DNS do, and tells it beside kubelet's metrics. */
export function networkMetrics(
  kubelet: KubeletMetrics,
  clusterDomain: string,
  dns: () => DnsState | undefined,
  clock: Clock,
): { proxy: ProxyObserver; dns: DnsObserver } {
  const ofProxy = new ProxyMetrics(() => clock.now()), ofDns = new DnsMetrics(clusterDomain, dns);
  kubelet.metrics.collect((out) => ofProxy.write(out));
  kubelet.metrics.collect((out) => ofDns.write(out));
  return { proxy: ofProxy.observer, dns: ofDns.observer };
}
