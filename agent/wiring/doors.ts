/**
 * The node's doors with TLS: keys and certificates are made or read after the node works, so that starting does not wait
 * for them, and looked after from then on.
 *
 *     api.address:port          for clients on the machine or, where configured, outside
 *     10.96.0.1:443 ─► :port    for clients in pods: the service range's first address, held on `lo`
 *     kubelet's address:10250   kubelet's own API
 */
import { join } from "node:path";
import type { Api, Door } from "../api/mod.ts";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import type { Pki } from "../pki/mod.ts";
import type { Logger } from "../telemetry/log.ts";
import { isInUse } from "./in_use.ts";

export interface DoorsOptions {
  config: Pick<NodeConfig, "api" | "kubelet" | "rootDir">;
  api: Pick<Api, "listen">;
  /** Service addresses of the API, and when the node holds them. */
  serviceAddresses: readonly string[];
  held: Promise<void>;
  pki: () => Promise<Pki>;
  clock: Clock;
  log: Logger;
}

/** Certificates are looked at this often; a change of addresses or of the clock is told. */
const checkMs = 3600_000;
const firstRetryMs = 1000;
const lastRetryMs = 30_000;

interface Place {
  host: string;
  port: number;
  which: "tls" | "kubelet";
  door?: Door;
}

export class Doors {
  readonly #options: DoorsOptions;
  /** The API's, where clients outside come to first; then those for pods. */
  readonly #places: Place[];
  readonly #kubelet: Place | undefined;
  #pki?: Pki;
  #cancels = new Set<() => void>();
  #stopped = false;

  constructor(options: DoorsOptions) {
    this.#options = options;
    const { config: { api: { address, port }, kubelet }, serviceAddresses } = options;
    const wildcard = (service: string) => address === (service.includes(":") ? "::" : "0.0.0.0");
    const hosts = [address, ...serviceAddresses.filter((each) => !wildcard(each))];
    this.#places = port === 0 ? [] : [...new Set(hosts)].map((host) => ({ host, port, which: "tls" }));
    this.#kubelet = kubelet.enabled ? { host: kubelet.address, port: kubelet.port, which: "kubelet" } : undefined;
  }

  /** Opens what is configured; resolves after the first try. What fails is told and tried again. */
  async open(): Promise<void> {
    const { log } = this.#options;
    if (this.#places.length === 0 && !this.#kubelet) return;
    await this.#retried(
      async () => void (this.#pki ??= await this.#options.pki()),
      (err) => log.error("Cannot read or make the node's keys; it is tried again", { err }),
      async () => {
        this.#every(checkMs, () => void this.check());
        const [first] = this.#places;
        if (first) await Promise.all([this.#openAt(first), this.#openToPods()]);
        if (this.#kubelet) await this.#openAt(this.#kubelet);
      },
    );
  }

  /** When the certificate that is shown ends, in wall-clock milliseconds. */
  get certificateEnds(): number | undefined {
    return this.#pki?.serving.notAfter;
  }

  /** Looks whether certificates are due or the node's names have changed. */
  async check(): Promise<void> {
    const pki = this.#pki;
    if (!pki || this.#stopped) return;
    try {
      if (!pki.isDue || !await pki.renew()) return;
      for (const { door, which } of [...this.#places, ...this.#kubelet ? [this.#kubelet] : []]) {
        await door?.renew(await this.#material(pki, which));
      }
      this.#options.log.info("The API shows another certificate");
    } catch (err) {
      this.#options.log.error("Cannot renew certificates", { err });
    }
  }

  /** The doors themselves are the API's to close. */
  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#cancels) cancel();
  }

  async #openToPods(): Promise<void> {
    const places = this.#places.slice(1);
    if (places.length === 0) return;
    await this.#options.held;
    await Promise.all(places.map((place) => this.#openAt(place)));
  }

  async #openAt(place: Place): Promise<void> {
    const { config: { rootDir }, api, log } = this.#options;
    const { host: address, port, which } = place;
    const what = which === "kubelet" ? "Kubelet's API" : "The API";
    await this.#retried(
      async () => {
        place.door = await api.listen({ host: address, port }, await this.#material(this.#pki!, which), which);
        const kubeconfig = which === "tls" ? { kubeconfig: join(rootDir, "admin.kubeconfig") } : {};
        log.info(`${what} is served with TLS`, { address, port, ...kubeconfig });
      },
      (err) => {
        const hint = `another program listens there; ${
          which === "kubelet" ? "--port" : "--api-port"
        } is where to change it`;
        log.error(`${what} cannot be served; it is tried again`, { address, port, ...(isInUse(err) && { hint }), err });
      },
    );
  }

  /** Resolves after the first try of `work`, and of what comes after it. */
  async #retried(
    work: () => Promise<void>,
    failed: (err: unknown) => void,
    then: () => Promise<void> = () => Promise.resolve(),
    delayMs = firstRetryMs,
  ): Promise<void> {
    if (this.#stopped) return;
    try {
      await work();
    } catch (err) {
      if (this.#stopped) return;
      failed(err);
      this.#after(delayMs, () => void this.#retried(work, failed, then, Math.min(lastRetryMs, delayMs * 2)));
      return;
    }
    await then();
  }

  async #material({ serving: { certificate, key }, caCertificate }: Pki, which: Place["which"]) {
    const { clientCAFile } = this.#options.config.kubelet;
    const others = which === "kubelet" && clientCAFile !== "" ? await Deno.readTextFile(clientCAFile) : "";
    return { certificate, key, clientCA: caCertificate + others };
  }

  #every(ms: number, run: () => void): void {
    this.#after(ms, () => {
      run();
      this.#every(ms, run);
    });
  }

  #after(ms: number, run: () => void): void {
    if (this.#stopped) return;
    const cancel = this.#options.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      run();
    });
    this.#cancels.add(cancel);
  }
}
