/**
 * What cluster DNS does, under CoreDNS's names: `server` and `zone` are as a CoreDNS would have them that answers for
 * the cluster's domain (zone `cluster.local.`) and forwards the rest (zone `.`). Made where there is DNS; it tells by
 * `observer`.
 */
import type { DnsObserver } from "../../net/dns/mod.ts";
import { type Exposition, formatLabels } from "../telemetry/exposition.ts";
import { exponentialBounds, Metrics } from "../telemetry/metrics.ts";

/** What there is now. */
export interface DnsState {
  cached: { replies: number; counts: { hits: number; denials: number; misses: number } };
  servers: readonly { server: { address: string; port: number }; alive: boolean }[];
}

const server = "dns://:53";
const rcodes: Record<number, string> = {
  0: "NOERROR",
  1: "FORMERR",
  2: "SERVFAIL",
  3: "NXDOMAIN",
  4: "NOTIMP",
  5: "REFUSED",
};
const rcodeName = (rcode: number) => rcodes[rcode] ?? String(rcode);
/** Types that CoreDNS counts by name; others are one. */
const types = new Set(
  "A AAAA MX SOA CNAME PTR TXT NS SRV DS DNSKEY RRSIG NSEC NSEC3 HTTPS SVCB IXFR AXFR ANY CAA NAPTR".split(" "),
);
const secondsBounds = exponentialBounds(0.00025, 2, 16);
const sizeBounds = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000];
const to = ({ address, port }: { address: string; port: number }) =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

export class DnsMetrics {
  readonly #metrics = new Metrics();
  readonly #requests = this.#metrics.counter(
    "coredns_dns_requests_total",
    "Counter of DNS requests made per zone, protocol and family.",
    ["server", "zone", "view", "proto", "type"],
  );
  readonly #responses = this.#metrics.counter(
    "coredns_dns_responses_total",
    "Counter of response status codes.",
    ["server", "zone", "view", "rcode", "plugin"],
  );
  readonly #seconds = this.#metrics.histogram(
    "coredns_dns_request_duration_seconds",
    "Histogram of the time (in seconds) each request took per zone.",
    ["server", "zone", "view"],
    secondsBounds,
  );
  readonly #requestBytes = this.#metrics.histogram(
    "coredns_dns_request_size_bytes",
    "Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.",
    ["server", "zone", "view", "proto"],
    sizeBounds,
  );
  readonly #responseBytes = this.#metrics.histogram(
    "coredns_dns_response_size_bytes",
    "Size of the returned response in bytes.",
    ["server", "zone", "view", "proto"],
    sizeBounds,
  );
  readonly #asked = this.#metrics.histogram(
    "coredns_proxy_request_duration_seconds",
    "Histogram of the time each request took.",
    ["proxy_name", "to", "rcode"],
    secondsBounds,
  );
  readonly #failures = this.#metrics.counter(
    "coredns_proxy_healthcheck_failures_total",
    "Counter of the number of failed healthchecks.",
    ["proxy_name", "to"],
  );
  readonly #zone: string;

  /** `domain`: the cluster's. `state`: what there is, when somebody scrapes. */
  constructor(domain: string, private readonly state: () => DnsState | undefined) {
    this.#zone = `${domain}.`;
  }

  readonly observer: DnsObserver = {
    replied: ({ transport, type, isOurs, rcode, queryBytes, replyBytes, ms }) => {
      const zone = isOurs ? this.#zone : ".";
      this.#requests.add([server, zone, "", transport, types.has(type) ? type : "other"]);
      this.#responses.add([server, zone, "", rcodeName(rcode), isOurs ? "kubernetes" : "forward"]);
      this.#seconds.observe(ms / 1000, [server, zone, ""]);
      this.#requestBytes.observe(queryBytes, [server, zone, "", transport]);
      this.#responseBytes.observe(replyBytes, [server, zone, "", transport]);
    },
    asked: (server, ms, rcode) =>
      this.#asked.observe(ms / 1000, ["forward", to(server), rcode === undefined ? "" : rcodeName(rcode)]),
    died: (server) => this.#failures.add(["forward", to(server)]),
  };

  write(out: Exposition): void {
    const state = this.state();
    if (!state) return;
    this.#metrics.write(out);
    const { cached: { replies, counts }, servers } = state;
    const labels = { server, zones: ".", view: "" };
    out.family("coredns_cache_hits_total", "counter", "The count of cache hits.");
    out.sample(formatLabels({ ...labels, type: "success" }), counts.hits);
    out.sample(formatLabels({ ...labels, type: "denial" }), counts.denials);
    const one = (name: string, type: "counter" | "gauge", help: string, value: number) => {
      out.family(name, type, help);
      out.sample(formatLabels(labels), value);
    };
    one("coredns_cache_misses_total", "counter", "The count of cache misses.", counts.misses);
    one(
      "coredns_cache_requests_total",
      "counter",
      "The count of cache requests.",
      counts.hits + counts.denials + counts.misses,
    );
    one("coredns_cache_entries", "gauge", "The number of elements in the cache.", replies);
    if (servers.length === 0) return;
    out.family("islet_dns_server_alive", "gauge", "Whether a server that is asked for foreign names answers.");
    const seen = new Set<string>();
    for (const { server, alive } of servers) {
      const name = to(server);
      if (seen.has(name)) continue;
      seen.add(name);
      out.sample(formatLabels({ to: name }), alive ? 1 : 0);
    }
  }
}
