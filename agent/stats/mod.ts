/**
 * What the node, its pods and containers use, told in the words of others: kubelet's Summary API, metrics.k8s.io and
 * Prometheus metrics. Everything is looked up when somebody asks; only rates need a look back, which `sampler.ts` keeps
 * for a few minutes, directories are measured in the background (`disk_usage.ts`), and the page of people has the last
 * hour (`history.ts`).
 *
 * The way in: `NodeUsage`. Room by room: `targets.ts` (what there is), `reading.ts` and `machine.ts` (looking),
 * `network.ts`, `filesystems.ts`, `disk_usage.ts`, `runtime_storage.ts`, `volumes.ts`; `summary.ts`,
 * `resource_metrics.ts`, `cadvisor/`, `kubelet_metrics.ts` and `kubelet_state.ts`, `probe_metrics.ts`,
 * `process_metrics.ts`, `proxy_metrics.ts`, `dns_metrics.ts`, `object_metrics.ts` (telling); `scrapes.ts` puts pages of
 * metrics together.
 */
export type { MachineIdentity } from "./cadvisor/mod.ts";
export { bootTimeMs, NodeUsage, type NodeUsageOptions, type PodUsage, readText } from "./node_usage.ts";
export { DnsMetrics, type DnsState } from "./dns_metrics.ts";
export { anyFilesystem, type FilesystemUsage } from "./filesystems.ts";
export type { History, Series } from "./history.ts";
export { KubeletMetrics, type RuntimeCall } from "./kubelet_metrics.ts";
export { ProxyMetrics } from "./proxy_metrics.ts";
export { nodeKey, type Rate, type Sample, UsageSampler } from "./sampler.ts";
export type { MachineUsage } from "./machine.ts";
export { type ScrapeDeps, type ScrapePage, type Scrapes, scrapes } from "./scrapes.ts";
export type * from "./summary_types.ts";
export type { ContainerTarget, PodTarget } from "./targets.ts";
