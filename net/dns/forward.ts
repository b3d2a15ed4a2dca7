/**
 * Names that are not the cluster's: asked of the node's own servers, or of those of the longest stub domain that they lie
 * in; kept as long as the answer says; asked once, however many wait for it.
 *
 *     query ─► cache ─► already on its way? ─► group of servers ─► cache
 *
 * Never asks this very server: a node whose resolv.conf names it would ask itself for ever.
 */
import { Cache, type CacheOptions } from "./cache.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Group } from "./group.ts";
import type { DnsObserver } from "./observer.ts";
import type { Query } from "./query.ts";
import { sameServer, type Server, serverText } from "./resolv_conf.ts";
import { type Question, Upstream } from "./upstream.ts";

export interface ForwardConfig {
  servers: readonly Server[];
  /** Servers for what lies below a domain; none at all: nothing there exists to us, and the answer is a failure. */
  stubDomains?: Readonly<Record<string, readonly Server[]>>;
  /** Seconds until the next server is asked (resolv.conf's `timeout`). Default: 1; 2 at most. */
  timeout?: number;
  /** Default: 2. */
  attempts?: number;
  rotate?: boolean;
}

export interface ForwarderOptions {
  clock?: Clock;
  cache?: Omit<CacheOptions, "clock">;
  /** Where this server itself listens. */
  own?: readonly Server[];
  /** Questions on their way at once. Default: 500; beyond them the answer is a failure. */
  maxOpen?: number;
  /** Ask every new server at once whether it lives. Default: yes. */
  warmUp?: boolean;
  onHealth?: (server: Server, alive: boolean) => void;
  observer?: DnsObserver;
}

export interface Kept {
  kept: Uint8Array;
  /** Seconds since it was told. */
  age: number;
}

/** A failure that servers report is passed on to all who ask within this time (RFC 9520). */
const failureSeconds = 1;
/** What every server knows: the root's servers. */
const rootQuestion: Question = {
  bytes: Uint8Array.of(0, 0, 2, 0, 1),
  dnssec: false,
  checkingDisabled: false,
};

export class Forwarder {
  readonly cache: Cache;
  readonly #options: ForwarderOptions;
  readonly #clock: Clock;
  readonly #open = new Map<string, Promise<Uint8Array | undefined>>();
  /** Longest domain first; the last has none, and takes what is left. */
  #routes: { domain: string; group: Group }[] = [];
  #config = "";

  constructor(options: ForwarderOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.cache = new Cache({ ...options.cache, clock: this.#clock });
  }

  /**
   * Takes other servers into use; what was kept of the former is forgotten, since it may be another network's view. The same
   * again changes nothing. Returns the servers that are left out since they are this one.
   */
  configure(config: ForwardConfig): { refused: Server[] } {
    const refused: Server[] = [];
    const usable = (servers: readonly Server[]) => {
      const others = servers.filter((server, i) => servers.findIndex((each) => sameServer(each, server)) === i);
      return others.filter((server) => {
        const isOwn = (this.#options.own ?? []).some((own) => sameServer(own, server));
        if (isOwn) refused.push(server);
        return !isOwn;
      });
    };
    const routes = Object.entries(config.stubDomains ?? {}).map(([domain, servers]) => ({
      domain: domain.replace(/^\.|\.$/g, "").toLowerCase(),
      servers: usable(servers),
    })).sort((a, b) => b.domain.length - a.domain.length);
    routes.push({ domain: "", servers: usable(config.servers) });
    const { timeout = 1, attempts = 2, rotate = false } = config;
    const text = JSON.stringify([routes, timeout, attempts, rotate]);
    if (text === this.#config) return { refused };
    this.#config = text;
    this.#stopRoutes();
    const known = new Map<string, Upstream>();
    this.#routes = routes.map(({ domain, servers }) => ({
      domain,
      group: new Group(
        servers.map((server) => {
          const upstream = known.get(serverText(server)) ?? new Upstream(server);
          known.set(serverText(server), upstream);
          return upstream;
        }),
        {
          clock: this.#clock,
          tryMs: Math.min(2, timeout) * 1000,
          attempts,
          rotate,
          onHealth: this.#options.onHealth,
          observer: this.#options.observer,
        },
      ),
    }));
    if (this.#options.warmUp ?? true) { for (const { group } of this.#routes) void group.warmUp(rootQuestion); }
    return { refused };
  }

  /** What is kept, at once; else what the servers say, in time. Undefined: nobody answers. */
  resolve(query: Query): Kept | Promise<Kept | undefined> | undefined {
    const kept = this.cache.get(query.key);
    if (kept) return kept;
    let asked = this.#open.get(query.key);
    if (!asked) {
      if (this.#open.size >= (this.#options.maxOpen ?? 500)) return undefined;
      asked = this.#ask(query);
      this.#open.set(query.key, asked);
    }
    return asked.then((reply) => reply && { kept: reply, age: 0 });
  }

  /** What is kept, for those who do not want others to be asked. */
  known(query: Query): Kept | undefined {
    return this.cache.get(query.key);
  }

  /** The network has changed: servers that were dead may be tried at once. */
  wake(): void {
    for (const { group } of this.#routes) group.wake();
  }

  /** Every server with its health: of the node, then of stub domains. */
  get servers(): { domain: string; server: Server; alive: boolean }[] {
    return this.#routes.flatMap(({ domain, group }) => group.servers.map((each) => ({ domain, ...each })));
  }

  /** Ends what is on its way: whoever waits gets nothing. */
  stop(): void {
    this.#stopRoutes();
    this.#routes = [];
    this.#config = "";
  }

  #stopRoutes(): void {
    for (const { group } of this.#routes) group.stop();
    this.cache.clear();
    // what is on its way is the former servers' answer: not to be shared with those who ask now
    this.#open.clear();
  }

  async #ask(query: Query): Promise<Uint8Array | undefined> {
    const name = query.name.toLowerCase();
    const route = this.#routes.find(({ domain }) => domain === "" || name === domain || name.endsWith(`.${domain}`));
    const routes = this.#routes;
    const { question: bytes, dnssec, checkingDisabled } = query;
    const reply = await route?.group.ask({ bytes, dnssec, checkingDisabled });
    if (routes !== this.#routes) return reply;
    this.#open.delete(query.key);
    if (reply) {
      this.cache.put(query.key, reply, (reply[3] & 15) === 0 || (reply[3] & 15) === 3 ? undefined : failureSeconds);
    }
    return reply;
  }
}
