/**
 * The node's doors with TLS: keys and certificates are made or read after the node works, so that starting does not wait
 * for them, and looked after from then on.
 */
import { join } from "node:path";
import type { Api, Door } from "../api/mod.ts";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import type { Pki } from "../pki/mod.ts";
import type { Logger } from "../telemetry/log.ts";

export interface DoorsOptions {
  config: Pick<NodeConfig, "api" | "rootDir">;
  api: Pick<Api, "listen">;
  pki: () => Promise<Pki>;
  clock: Clock;
  log: Logger;
}

/** Certificates are looked at this often; a change of addresses is told. */
const checkMs = 3600_000;
const firstRetryMs = 1000;
const lastRetryMs = 30_000;

export class Doors {
  readonly #options: DoorsOptions;
  #doors: Door[] = [];
  #pki?: Pki;
  #cancel?: () => void;
  #stopped = false;
  #retryMs = firstRetryMs;

  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  /** Opens what is configured; what fails is told and tried again. */
  async open(): Promise<void> {
    const { config: { api: { address, port }, rootDir }, api, pki, log } = this.#options;
    if (this.#stopped || port === 0) return;
    try {
      this.#pki ??= await pki();
      const door = await api.listen({ host: address, port }, this.#material());
      this.#doors.push(door);
      log.info("The API is served with TLS", { address, port, kubeconfig: join(rootDir, "admin.kubeconfig") });
      this.#watch();
    } catch (err) {
      log.error("Cannot serve the API with TLS; it is tried again", { address, port, err });
      this.#after(this.#retryMs, () => void this.open());
      this.#retryMs = Math.min(lastRetryMs, this.#retryMs * 2);
    }
  }

  /** Looks whether certificates are due or the node's names have changed. */
  async check(): Promise<void> {
    const pki = this.#pki;
    if (!pki?.isDue || this.#stopped) return;
    try {
      if (await pki.renew()) { for (const door of this.#doors) await door.renew(this.#material()); }
    } catch (err) {
      this.#options.log.error("Cannot renew certificates", { err });
    }
  }

  /** The doors themselves are the API's to close. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #material() {
    const { serving: { certificate, key }, caCertificate } = this.#pki!;
    return { certificate, key, clientCA: caCertificate };
  }

  #watch(): void {
    this.#after(checkMs, () => void this.check().then(() => this.#watch()));
  }

  #after(ms: number, run: () => void): void {
    if (!this.#stopped) this.#cancel = this.#options.clock.after(ms, run);
  }
}
