/**
 * The node's API, wired: at once on its socket, from the store alone; later, when the node works, with TLS, and with the
 * objects that every cluster has.
 */
import { kubeletConfiguration } from "../api/kubelet/configuration.ts";
import { type Api, type ApiDeps, startApi } from "../api/mod.ts";
import type { NodeConfig } from "../config/mod.ts";
import type { Pod } from "../objects/mod.ts";
import type { PodObserver } from "../observed/observer.ts";
import type { Pki } from "../pki/mod.ts";
import type { Store } from "../store/mod.ts";
import { ApiObjects } from "./api_objects.ts";
import { Doors } from "./doors.ts";

export interface NodeApiOptions extends Omit<ApiDeps, "config" | "store" | "observer" | "kubelet" | "healthy"> {
  config: NodeConfig;
  store: Store;
  observer: PodObserver;
  pki: () => Promise<Pki>;
  /** Service addresses of the API, and when the node holds them. */
  apiAddresses: readonly string[];
  held: Promise<void>;
}

export class NodeApi {
  readonly #options: NodeApiOptions;
  readonly #objects: ApiObjects;
  readonly #doors: Doors;
  #api?: Api;
  #isWorking = false;

  constructor(options: NodeApiOptions) {
    this.#options = options;
    const { config, apiAddresses } = options;
    const { api, dnsAddresses, serviceCIDRs, nodeName } = config;
    this.#objects = new ApiObjects({
      ...options,
      api: { addresses: apiAddresses, port: api.port },
      dns: { addresses: dnsAddresses, serviceCIDRs, nodeName },
    });
    this.#doors = new Doors({
      ...options,
      serviceAddresses: apiAddresses,
      api: { listen: (...asked) => this.#api!.listen(...asked) },
    });
  }

  /** When the certificate that is shown ends, in wall-clock milliseconds. */
  get certificateEnds(): number | undefined {
    return this.#doors.certificateEnds;
  }

  /** Resolves when it answers on the socket; the runtime may still be waited for. */
  async start(): Promise<void> {
    this.#api = await startApi(this.#deps());
  }

  /** The node works. Nobody waits for the keys and certificates to be there. */
  open(): void {
    this.#isWorking = true;
    this.#objects.start().catch((err) => this.#options.log.warn("Cannot write the API's own objects", { err }));
    void this.#doors.open();
  }

  /** The node's addresses or the clock may be others: certificates are looked at. */
  check(): void {
    void this.#doors.check();
  }

  async stop(): Promise<void> {
    this.#doors.stop();
    await this.#objects.stop();
    await this.#api?.stop();
  }

  #deps(): ApiDeps {
    const { config, store, observer } = this.#options;
    const { nodeName, kubelet } = config;
    const healthy = () => this.#isWorking && observer.available;
    return {
      ...this.#options,
      kubelet: {
        pods: () => store.list<Pod>("Pod").map(({ object }) => object).filter(({ spec }) => spec.nodeName === nodeName),
        observed: () => observer.uids().flatMap((uid) => observer.get(uid) ?? []),
        configuration: () => kubeletConfiguration(config),
        unhealthy: () => healthy() ? undefined : "the container runtime does not answer",
        debuggingHandlers: kubelet.debuggingHandlers,
        systemLogHandler: kubelet.systemLogHandler,
        access: kubelet,
      },
      healthy,
    };
  }
}
