/**
 * Memory of registries that cannot be reached, so that twenty pods with pull policy Always and local images do not wait for
 * twenty time-outs. Before a pull that has a local image to fall back on, the registry is knocked at once, with a short
 * deadline, by one caller for all; what is found holds for a while, longer each time.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "../clock.ts";

/** Opens and closes a connection; rejects when there is none within the deadline. */
export type Knock = (host: string, port: number, signal: AbortSignal) => Promise<void>;

export interface RegistryHostsOptions {
  clock?: Clock;
  knock?: Knock;
  /** Deadline of a knock. */
  knockMs?: number;
  /** How long a registry counts as unreachable at first, and at most. */
  firstMs?: number;
  maxMs?: number;
}

export class RegistryHosts {
  readonly #options: Required<RegistryHostsOptions>;
  readonly #down = new Map<string, { until: number; delay: number }>();
  readonly #knocking = new Map<string, Promise<boolean>>();

  constructor(options: RegistryHostsOptions = {}) {
    this.#options = { clock: systemClock, knock: connect, knockMs: 1000, firstMs: 15_000, maxMs: 120_000, ...options };
  }

  /** Whether it was found out of reach not long ago. */
  isDown(registry: string): boolean {
    return (this.#down.get(registry)?.until ?? -Infinity) > this.#options.clock.mono();
  }

  /** Notes that a registry could not be reached. */
  failed(registry: string): void {
    if (this.isDown(registry)) return;
    const { clock, firstMs, maxMs } = this.#options;
    const delay = Math.min(maxMs, (this.#down.get(registry)?.delay ?? firstMs / 2) * 2);
    this.#down.set(registry, { until: clock.mono() + delay, delay });
  }

  /** Notes that a registry answered. */
  answered(registry: string): void {
    this.#down.delete(registry);
  }

  /** Whether the registry can be reached now: from memory, else by one knock shared by all who ask. */
  reachable(registry: string): Promise<boolean> {
    if (this.isDown(registry)) return Promise.resolve(false);
    let asked = this.#knocking.get(registry);
    if (!asked) {
      asked = this.#ask(registry).finally(() => this.#knocking.delete(registry));
      this.#knocking.set(registry, asked);
    }
    return asked;
  }

  async #ask(registry: string): Promise<boolean> {
    const { clock, knock, knockMs } = this.#options;
    const deadline = new AbortController();
    let expire = () => {};
    const expired = new Promise<false>((resolve) => {
      const cancel = clock.after(knockMs, () => {
        deadline.abort();
        resolve(false);
      });
      expire = cancel;
    });
    const knocked = Promise.any(
      registryPorts(registry).map(({ host, port }) => knock(host, port, deadline.signal)),
    ).then(() => true, () => false);
    const reached = await Promise.race([knocked, expired]);
    expire();
    deadline.abort();
    if (reached) this.answered(registry);
    else this.failed(registry);
    return reached;
  }
}

/**
 * Which registries may be knocked at: not those that the runtime reaches by another way, through a proxy or a mirror, for which
 * a closed door says nothing.
 */
export function directRegistries(
  registryConfigDir: string,
  env: Record<string, string>,
): (registry: string) => boolean {
  const proxied = Object.entries(env).some(([name, value]) => /^https?_proxy$/i.test(name) && value !== "");
  return (registry) =>
    !proxied && ![registry, "_default"].some((name) => existsSync(join(registryConfigDir, name, "hosts.toml")));
}

/** Where a registry listens: its port, else that of HTTPS, and HTTP's as runtimes use it for `localhost`. */
export function registryPorts(registry: string): { host: string; port: number }[] {
  const match = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(registry);
  const host = (match?.[1] ?? registry).replace(/^\[|\]$/g, "");
  if (match?.[2]) return [{ host, port: Number(match[2]) }];
  if (host === "docker.io") return [{ host: "registry-1.docker.io", port: 443 }];
  const isLocal = host === "localhost" || host === "::1" || host.startsWith("127.");
  return [{ host, port: 443 }, ...(isLocal ? [{ host, port: 80 }] : [])];
}

async function connect(hostname: string, port: number, signal: AbortSignal): Promise<void> {
  const opening = Deno.connect({ hostname, port });
  // A connection that opens after the deadline is of no use to anyone.
  opening.then((conn) => conn.close(), () => {});
  await Promise.race([
    opening,
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true })),
  ]);
}
