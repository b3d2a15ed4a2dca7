/**
 * The service proxy: keeps the kernel's tables as services and endpoints want them.
 *
 *     const proxy = new ServiceProxy({ nft: openNft(), options });
 *     await proxy.start();                    // reads back what an earlier run has left
 *     await proxy.sync(services, endpoints);  // as often as something changes; only the newest counts
 *     proxy.stop();                           // leaves the table: connections go on
 *     await proxy.remove();                   // takes it away
 *
 * What fails is reported, and tried again with back-off, from what the kernel holds then.
 */
import { type Family } from "../addr.ts";
import { type NftRunner } from "../nft/mod.ts";
import { routeLocalnetMarker, tableName } from "./chains.ts";
import { ChangedServices } from "./changed_services.ts";
import { type Change } from "./diff.ts";
import { type Frontend, type Frontends, type ServiceProblem } from "./frontend.ts";
import { HealthServers } from "./health.ts";
import { type ProxyHost, thisHost } from "./host.ts";
import { type ProxyObserver } from "./observer.ts";
import { removeProxy } from "./removal.ts";
import { type Round, TableSync } from "./table_sync.ts";
import { type EndpointMap, type ProxyOptions, type ProxyService } from "./types.ts";

export interface ProxyTimers {
  /** Runs `fn` once after `ms`; the returned function cancels it. */
  after(ms: number, fn: () => void): () => void;
}

export interface ServiceProxyInit {
  nft: NftRunner;
  options: ProxyOptions;
  /** Cluster IPs that lie outside of the service ranges, given when these were others: the node has routes to them too. */
  strayClusterIPs?: readonly string[];
  /** Without "ip6" on a kernel that has no IPv6. */
  families?: readonly Family[];
  timers?: ProxyTimers;
  host?: ProxyHost;
  /** Deletes connections of UDP frontends that lead to endpoints which do not serve. */
  deleteStaleFlows?: (family: Family, frontends: readonly Frontend[]) => void | Promise<void>;
  /** Told once of each problem, and of failures of the proxy as a whole. */
  report?: (problem: { service?: string; message: string; cause?: unknown }) => void;
  observer?: ProxyObserver;
  /** Address that health check node ports listen on; absent: all. `false`: none are served. */
  healthAddress?: string | false;
}

export interface SyncResult {
  /** What is not as it should be: everything else is in force. */
  problems: ServiceProblem[];
}

const [firstRetryMs, longestRetryMs] = [1000, 60_000];

export class ServiceProxy {
  readonly #init: ServiceProxyInit;
  #tables: TableSync[];
  readonly #health?: HealthServers;
  #changed = new ChangedServices();
  /** UDP frontends whose stale flows are still to be deleted. */
  readonly #stale = new Map<Family, Map<string, Frontend>>();
  #options: ProxyOptions;
  /** Not in force yet. */
  #newOptions?: ProxyOptions;
  #wanted?: { services: readonly ProxyService[]; endpoints: EndpointMap };
  #waiting: { resolve: (result: SyncResult) => void; reject: (error: unknown) => void }[] = [];
  #running?: Promise<void>;
  #isStarted = false;
  #isStopped = false;
  #cancelRetry = () => {};
  #retryMs = firstRetryMs;
  #reported = new Set<string>();
  #hasNodePorts = false;
  #hasRouteLocalnet = false;
  #isRetry = false;
  /** When the oldest wish came that is not fulfilled yet. */
  #askedAt?: number;

  constructor(init: ServiceProxyInit) {
    this.#init = init;
    this.#options = init.options;
    this.#tables = this.#makeTables(init.options);
    if (init.healthAddress !== false) this.#health = new HealthServers(init.healthAddress);
  }

  /** Reads back what is there and begins to work; what is there stays in force until the first `sync`. */
  async start(): Promise<void> {
    const { options: { serviceCIDRs }, strayClusterIPs = [], host = thisHost } = this.#init;
    for (const table of this.#tables) {
      const own = [...serviceCIDRs, ...strayClusterIPs].filter((cidr) =>
        cidr.includes(":") === (table.family === "ip6")
      );
      await host.setRoutes(table.family, own)
        .catch((cause) => this.#report({ message: (cause as Error).message, cause }));
      await table.open().catch((cause) => this.#report({ message: (cause as Error).message, cause }));
    }
    this.#isStarted = true;
    if (this.#wanted) this.#kick();
  }

  /**
   * Makes these the services. Resolves when they are in force, or newer ones; rejects when nothing could be done, and goes on trying.
   * List and map may be changed afterwards, if this is called again then: they are looked at when the work begins.
   */
  sync(services: readonly ProxyService[], endpoints: EndpointMap): Promise<SyncResult> {
    if (this.#isStopped) return Promise.reject(new Error("Cannot change the service proxy: it is stopped"));
    this.#wanted = { services, endpoints };
    this.#askedAt ??= performance.now();
    const result = new Promise<SyncResult>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (this.#isStarted) this.#kick();
    return result;
  }

  /**
   * Other options, such as other addresses of the node: what is in the kernel is read back, and what differs written. Service
   * ranges and families stay as they are.
   */
  configure(options: ProxyOptions): void {
    if (JSON.stringify(options) === JSON.stringify(this.#options)) return;
    this.#options = this.#newOptions = options;
    if (this.#isStarted && !this.#isStopped) this.#kick();
  }

  /** Looks whether the tables are still there, and puts them back if somebody has taken them away. @returns whether they were. */
  async verify(): Promise<boolean> {
    await this.#running;
    let isWhole = true;
    for (const table of this.#tables) isWhole = await table.verify() && isWhole;
    if (isWhole) return true;
    this.#report({ message: `the table ${tableName} has gone: it is written anew` });
    this.#kick();
    await this.#running;
    return false;
  }

  /** Ends all work. The tables stay, and connections go on. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRetry();
    await this.#running;
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new Error("Cannot change the service proxy: it is stopped"));
    }
    await this.#health?.close();
  }

  /** Stops, and takes away all that is ours. */
  async remove(): Promise<void> {
    await this.stop();
    await removeProxy(this.#init.nft, this.#init.host);
  }

  #kick(): void {
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
      const isAsked = this.#waiting.length > 0 || (this.#newOptions && this.#wanted);
      if (isAsked && !this.#isStopped) this.#kick(); // as the work ended
    });
  }

  async #work(): Promise<void> {
    await Promise.resolve(); // what is wanted in the same turn is one piece of work
    let done: unknown;
    while (this.#wanted && (done !== this.#wanted || this.#newOptions) && !this.#isStopped) {
      const wanted = done = this.#wanted;
      this.#takeOptions();
      const waiting = this.#waiting.splice(0);
      this.#cancelRetry();
      const { problems, failure, isRefused } = await this.#round(wanted.services, wanted.endpoints);
      const texts = problems.map(({ service, message }) => `${service}: ${message}`);
      problems.forEach((problem, i) => this.#reported.has(texts[i]) || this.#report(problem));
      this.#reported = new Set(texts);
      if (failure !== undefined) this.#report({ message: (failure as Error).message, cause: failure });
      if (failure === undefined && !isRefused) this.#retryMs = firstRetryMs;
      else if (!this.#isStopped) this.#retryLater();
      for (const { resolve, reject } of waiting) failure === undefined ? resolve({ problems }) : reject(failure);
    }
  }

  #takeOptions(): void {
    if (!this.#newOptions) return;
    this.#tables = this.#makeTables(this.#newOptions);
    this.#changed = new ChangedServices();
    this.#newOptions = undefined;
  }

  #makeTables(options: ProxyOptions): TableSync[] {
    const { nft, families = ["ip", "ip6"] } = this.#init;
    return families.map((family) => new TableSync(family, nft, options));
  }

  async #round(services: readonly ProxyService[], endpoints: EndpointMap) {
    const problems: ServiceProblem[] = [];
    let failure: unknown, isRefused = false;
    const isRetry = this.#isRetry;
    this.#isRetry = false;
    const changed = this.#changed.next(services, endpoints);
    this.#init.observer?.changed(changed.length);
    const askedAt = this.#askedAt;
    this.#askedAt = undefined;
    for (const table of this.#tables) {
      table.update(changed, services);
      const began = performance.now();
      let round: Round | undefined;
      try {
        round = await table.apply(isRetry);
        problems.push(...round.problems);
        isRefused ||= round.refusals > 0;
        if (table.family === "ip") await this.#allowLocalhost(table, round.changes);
        await this.#deleteStaleFlows(table.family, round);
      } catch (error) {
        failure ??= error;
      }
      this.#observe(table.family, began, askedAt, round);
    }
    problems.push(...await this.#health?.update(changed) ?? []);
    return { problems, failure, isRefused };
  }

  #observe(family: Family, began: number, askedAt: number | undefined, round: Round | undefined): void {
    const now = performance.now();
    this.#init.observer?.synced({
      family,
      ms: now - began,
      ...(askedAt === undefined ? {} : { waitedMs: now - askedAt }),
      changes: round?.changes.length ?? 0,
      refusals: round?.refusals ?? 0,
      failed: round === undefined,
    });
  }

  async #deleteStaleFlows(family: Family, { isFirst, desired, changes }: Round): Promise<void> {
    if (!this.#init.deleteStaleFlows) return;
    let stale = this.#stale.get(family);
    if (!stale) this.#stale.set(family, stale = new Map());
    for (const frontend of isFirst ? udp(desired, changes) : touched(changes)) stale.set(frontend.id, frontend);
    if (stale.size === 0) return;
    await this.#init.deleteStaleFlows(family, [...stale.values()]);
    stale.clear();
  }

  /** Node ports on 127.0.0.1 need route_localnet; the guard against what it lets in is in the table by now. */
  async #allowLocalhost(table: TableSync, changes: readonly Change[]): Promise<void> {
    const { options: { localhostNodePorts = true }, host = thisHost, nft } = this.#init;
    this.#hasNodePorts ||= changes.some(({ to }) => to?.kind === "node");
    if (this.#hasRouteLocalnet || !localhostNodePorts || !this.#hasNodePorts) return;
    if (host.setRouteLocalnet(true)) {
      table.routeLocalnetWasOff = true;
      await nft.run(`add chain ip ${tableName} ${routeLocalnetMarker}\n`);
    }
    this.#hasRouteLocalnet = true;
  }

  #retryLater(): void {
    const { after } = this.#init.timers ?? systemTimers;
    this.#cancelRetry = after(this.#retryMs, () => this.#retry());
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }

  #retry(): void {
    if (this.#running) return; // it arms the next itself
    this.#isRetry = true;
    this.#kick();
  }

  #report(problem: { service?: string; message: string; cause?: unknown }): void {
    this.#init.report?.(problem);
  }
}

const systemTimers: ProxyTimers = {
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

const isUdp = ({ id }: Frontend) => id.includes("udp . ");

/** UDP frontends that changed, those without what they had before: of a deleted one nothing serves any more. */
function touched(changes: readonly Change[]): Frontend[] {
  return changes.flatMap(({ from, to }) => to ?? { ...from!, serving: [] }).filter(isUdp);
}

/** All UDP frontends, and those that were deleted. */
function udp(desired: Frontends, changes: readonly Change[]): Frontend[] {
  return [...desired.values().filter(isUdp), ...touched(changes).filter(({ id }) => !desired.has(id))];
}
