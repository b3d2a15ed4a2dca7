/**
 * The whole of cluster DNS: records in, sockets out. The caller says what there is (`records`), whom to ask for other names
 * (`configure()`, again whenever the node's resolv.conf changes) and when the network has changed (`wake()`).
 *
 *     socket ─► Resolver ─► Zone ─► Records
 *                       └─► Forwarder ─► cache, other servers
 */
import type { CacheCounts } from "./cache.ts";
import type { Clock } from "./clock.ts";
import { type ForwardConfig, Forwarder, type ForwarderOptions } from "./forward.ts";
import type { DnsObserver } from "./observer.ts";
import { Records } from "./records.ts";
import type { Server } from "./resolv_conf.ts";
import { type Counts, Resolver } from "./resolver.ts";
import { DnsServer, type DnsServerOptions } from "./server.ts";
import type { DnsRecords, ZoneOptions } from "./types.ts";
import { Zone } from "./zone.ts";

export interface ClusterDnsOptions extends Omit<ZoneOptions, "addresses"> {
  /** Where to listen, and where `ns.dns.<domain>` leads: single addresses, one a family as a rule. */
  addresses: readonly string[];
  /** Default: 53. */
  port?: number;
  clock?: Clock;
  server?: Partial<Omit<DnsServerOptions, "addresses" | "port" | "handle" | "clock">>;
  forward?: Omit<ForwarderOptions, "own" | "clock" | "observer">;
  /** Queries that wait for others' answers at once. Default: 1000; more fail without waiting. */
  maxWaiting?: number;
  observer?: DnsObserver;
}

export class ClusterDns {
  readonly records: Records;
  readonly #forwarder: Forwarder;
  readonly #resolver: Resolver;
  readonly #server: DnsServer;

  /** @throws where an address is a wildcard or a range is none. */
  constructor(options: ClusterDnsOptions, records: DnsRecords = {}) {
    const { addresses, port = 53, clock, observer } = options;
    this.records = new Records(records);
    const own = addresses.map((address) => ({ address, port }));
    this.#forwarder = new Forwarder({ ...options.forward, own, clock, observer });
    this.#resolver = new Resolver(new Zone(this.records, options), this.#forwarder, options.maxWaiting, observer);
    this.#server = new DnsServer({
      ...options.server,
      addresses,
      port,
      ...(clock ? { clock } : {}),
      handle: (bytes, transport) => this.#resolver.handle(bytes, transport),
    });
  }

  /** Listens as soon as the addresses are there. */
  start(): void {
    this.#server.start();
  }

  async stop(): Promise<void> {
    this.#forwarder.stop();
    await this.#server.stop();
  }

  /** Whom to ask for names outside the cluster. Returns the servers that are left out: they are this one. */
  configure(config: ForwardConfig): { refused: Server[] } {
    return this.#forwarder.configure(config);
  }

  /** The network has changed (an address, a route): servers that were dead are tried at the next question. */
  wake(): void {
    this.#forwarder.wake();
  }

  get listening(): DnsServer["listening"] {
    return this.#server.listening;
  }

  get servers(): Forwarder["servers"] {
    return this.#forwarder.servers;
  }

  /** How many queries ended how, since the start. */
  get counts(): Readonly<Counts> {
    return this.#resolver.counts;
  }

  get cached(): { replies: number; bytes: number; counts: Readonly<CacheCounts> } {
    const { size, bytes, counts } = this.#forwarder.cache;
    return { replies: size, bytes, counts };
  }
}
