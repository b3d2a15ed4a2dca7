/**
 * The node's own name servers, as its resolv.conf says: whom cluster DNS asks for names outside the cluster. The file changes
 * with the network (DHCP, a modem that dials): it is looked at now and then, and read when it is another.
 */
import { type ForwardConfig, parseResolvConf, parseServer } from "../../net/dns/mod.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../telemetry/log.ts";

export interface NodeResolversOptions {
  /** Path; "": the node has none. */
  resolvConf: string;
  stubDomains: Readonly<Record<string, readonly string[]>>;
  /** Takes the servers into use; returns those that are this very DNS. */
  configure(config: ForwardConfig): { refused: readonly unknown[] };
  clock: Clock;
  log: Logger;
}

/** One stat(2) so often: what it costs cannot be measured, and a device that gets its network waits no longer. */
const lookMs = 5000;

/** What a resolv.conf and the stub domains mean for forwarding. Pure. */
export function forwardConfig(text: string, stubDomains: NodeResolversOptions["stubDomains"]): ForwardConfig {
  const { servers, timeout, attempts, rotate } = parseResolvConf(text);
  return {
    servers,
    ...(timeout === undefined ? {} : { timeout }),
    ...(attempts === undefined ? {} : { attempts }),
    rotate,
    stubDomains: Object.fromEntries(
      Object.entries(stubDomains).map((
        [domain, texts],
      ) => [domain, texts.flatMap((each) => parseServer(each) ?? [])]),
    ),
  };
}

export class NodeResolvers {
  readonly #options: NodeResolversOptions;
  #seen = "never";
  #cancel = () => {};

  constructor(options: NodeResolversOptions) {
    this.#options = options;
  }

  start(): void {
    this.look();
    this.#cancel = this.#options.clock.after(lookMs, () => this.start());
  }

  stop(): void {
    this.#cancel();
  }

  /** Reads the file if it is another than the last time. */
  look(): void {
    const { resolvConf, stubDomains, configure, log } = this.#options;
    const state = stateOf(resolvConf);
    if (state === this.#seen) return;
    this.#seen = state;
    let text = "";
    try {
      if (resolvConf !== "") text = Deno.readTextFileSync(resolvConf);
    } catch (err) {
      if (!(err instanceof Deno.errors.NotFound)) log.warn("Cannot read the node's name servers", { resolvConf, err });
    }
    const config = forwardConfig(text, stubDomains);
    const { refused } = configure(config);
    const servers = config.servers.map(({ address }) => address);
    if (refused.length > 0) log.warn("The node's resolv.conf names the cluster's DNS itself, which cannot ask itself");
    log.debug("Names outside the cluster are asked of the node's servers", { servers });
  }
}

/** What changes when somebody writes or replaces the file. */
function stateOf(path: string): string {
  try {
    const { mtime, ino, size } = Deno.statSync(path);
    return `${ino} ${size} ${mtime?.getTime()}`;
  } catch {
    return "none";
  }
}
