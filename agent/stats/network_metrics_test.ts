import assert from "node:assert/strict";
import { Exposition } from "../telemetry/exposition.ts";
import { DnsMetrics } from "./dns_metrics.ts";
import { ProxyMetrics } from "./proxy_metrics.ts";

function written(metrics: { write(out: Exposition): void }): string {
  const out = new Exposition("text");
  metrics.write(out);
  return out.text();
}

function has(text: string, ...lines: string[]): void {
  for (const line of lines) assert.ok(text.includes(`\n${line}\n`), `${line}\n${text}`);
}

Deno.test("the proxy's rounds are told under kube-proxy's names", () => {
  const metrics = new ProxyMetrics(() => 5000);
  const { observer } = metrics;
  observer.changed(3);
  observer.synced({ family: "ip", ms: 30, waitedMs: 40, changes: 3, refusals: 1, failed: false });
  observer.synced({ family: "ip6", ms: 10, changes: 0, refusals: 0, failed: true });
  has(
    written(metrics),
    "kubeproxy_sync_proxy_rules_service_changes_total 3",
    'kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family="IPv4",le="0.016"} 0',
    'kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family="IPv4",le="0.032"} 1',
    'kubeproxy_network_programming_duration_seconds_count{ip_family="IPv4"} 1',
    'kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv4"} 0',
    'kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv6"} 1',
    'kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"} 5',
    'islet_proxy_frontends_refused_total{ip_family="IPv4"} 1',
  );
});

Deno.test("DNS is told under CoreDNS's names, by zone", () => {
  const metrics = new DnsMetrics("cluster.local", () => ({
    cached: { replies: 2, counts: { hits: 3, denials: 1, misses: 2 } },
    servers: [
      { server: { address: "192.0.2.1", port: 53 }, alive: true },
      { server: { address: "2001:db8::1", port: 53 }, alive: false },
      { server: { address: "192.0.2.1", port: 53 }, alive: true },
    ],
  }));
  const { observer } = metrics;
  const exchange = {
    transport: "udp",
    type: "A",
    isOurs: true,
    rcode: 0,
    queryBytes: 50,
    replyBytes: 120,
    ms: 1,
  } as const;
  observer.replied(exchange);
  observer.replied({ ...exchange, isOurs: false, rcode: 3, type: "UNKNOWN_999", transport: "tcp" });
  observer.asked({ address: "192.0.2.1", port: 53 }, 20, 0);
  observer.asked({ address: "2001:db8::1", port: 53 }, 2000);
  observer.died({ address: "2001:db8::1", port: 53 });
  const zone = (name: string) => `server="dns://:53",zone="${name}",view=""`;
  has(
    written(metrics),
    `coredns_dns_requests_total{${zone("cluster.local.")},proto="udp",type="A"} 1`,
    `coredns_dns_requests_total{${zone(".")},proto="tcp",type="other"} 1`,
    `coredns_dns_responses_total{${zone("cluster.local.")},rcode="NOERROR",plugin="kubernetes"} 1`,
    `coredns_dns_responses_total{${zone(".")},rcode="NXDOMAIN",plugin="forward"} 1`,
    `coredns_dns_request_duration_seconds_bucket{${zone(".")},le="0.001"} 1`,
    `coredns_dns_response_size_bytes_bucket{${zone(".")},proto="tcp",le="200"} 1`,
    'coredns_proxy_request_duration_seconds_count{proxy_name="forward",to="192.0.2.1:53",rcode="NOERROR"} 1',
    'coredns_proxy_request_duration_seconds_count{proxy_name="forward",to="[2001:db8::1]:53",rcode=""} 1',
    'coredns_proxy_healthcheck_failures_total{proxy_name="forward",to="[2001:db8::1]:53"} 1',
    'coredns_cache_hits_total{server="dns://:53",zones=".",view="",type="success"} 3',
    'coredns_cache_hits_total{server="dns://:53",zones=".",view="",type="denial"} 1',
    'coredns_cache_requests_total{server="dns://:53",zones=".",view=""} 6',
    'coredns_cache_entries{server="dns://:53",zones=".",view=""} 2',
    'islet_dns_server_alive{to="192.0.2.1:53"} 1',
    'islet_dns_server_alive{to="[2001:db8::1]:53"} 0',
  );
});

Deno.test("a node without proxy and DNS tells nothing of them", () => {
  assert.equal(written(new ProxyMetrics(() => 0)), "");
  assert.equal(written(new DnsMetrics("cluster.local", () => undefined)), "");
});
