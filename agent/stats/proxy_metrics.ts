/** What the service proxy does, under kube-proxy's names. Made where there is a proxy; it tells by `observer`. */
import type { ProxyObserver } from "../../net/proxy/mod.ts";
import { type Exposition, formatLabels } from "../telemetry/exposition.ts";
import { exponentialBounds, Metrics } from "../telemetry/metrics.ts";

const ipFamily = { ip: "IPv4", ip6: "IPv6" } as const;

/** kube-proxy's: one change of ours takes some milliseconds, a whole table a second. */
const syncBounds = exponentialBounds(0.001, 2, 15);
const programmingBounds = [
  ...[0.25, 0.5],
  ...Array.from({ length: 59 }, (_, i) => i + 1),
  ...Array.from({ length: 12 }, (_, i) => 60 + i * 5),
  ...Array.from({ length: 7 }, (_, i) => 120 + i * 30),
];

export class ProxyMetrics {
  readonly #metrics = new Metrics();
  readonly #seconds = this.#metrics.histogram(
    "kubeproxy_sync_proxy_rules_duration_seconds",
    "[ALPHA] SyncProxyRules latency in seconds",
    ["ip_family"],
    syncBounds,
  );
  readonly #programming = this.#metrics.histogram(
    "kubeproxy_network_programming_duration_seconds",
    "[ALPHA] In Cluster Network Programming Latency in seconds",
    ["ip_family"],
    programmingBounds,
  );
  readonly #services = this.#metrics.counter(
    "kubeproxy_sync_proxy_rules_service_changes_total",
    "[ALPHA] Cumulative proxy rules Service changes",
  );
  readonly #frontends = this.#metrics.counter(
    "islet_proxy_frontend_changes_total",
    "Addresses and ports of services whose rules were made, changed or taken away.",
    ["ip_family"],
  );
  readonly #failures = this.#metrics.counter(
    "kubeproxy_sync_proxy_rules_nftables_sync_failures_total",
    "[ALPHA] Cumulative proxy nftables sync failures",
    ["ip_family"],
  );
  readonly #refusals = this.#metrics.counter(
    "islet_proxy_frontends_refused_total",
    "Addresses and ports of services that the kernel refused to take.",
    ["ip_family"],
  );
  /** Where nobody forwards there is nothing to tell. */
  #isUsed = false;
  /** Seconds since the epoch at which a family's rules were last as wanted. */
  readonly #synced = new Map<string, number>();

  constructor(private readonly now: () => number) {}

  readonly observer: ProxyObserver = {
    changed: (services) => {
      this.#isUsed = true;
      this.#services.add([], services);
    },
    synced: ({ family, ms, waitedMs, changes, refusals, failed }) => {
      const labels = [ipFamily[family]];
      this.#seconds.observe(ms / 1000, labels);
      this.#frontends.add(labels, changes);
      this.#refusals.add(labels, refusals);
      this.#failures.add(labels, failed ? 1 : 0);
      if (failed) return;
      if (waitedMs !== undefined) this.#programming.observe(waitedMs / 1000, labels);
      this.#synced.set(labels[0], this.now() / 1000);
    },
  };

  write(out: Exposition): void {
    if (!this.#isUsed) return;
    this.#metrics.write(out);
    if (this.#synced.size === 0) return;
    out.family(
      "kubeproxy_sync_proxy_rules_last_timestamp_seconds",
      "gauge",
      "[ALPHA] The last time proxy rules were successfully synced",
    );
    for (const [family, seconds] of this.#synced) out.sample(formatLabels({ ip_family: family }), seconds);
  }
}
