/** A service proxy on the node of a test's network, as the product has it: by the library, with the real conntrack. */
import { NftLibrary, type NftRunner } from "../../net/nft/mod.ts";
import { deleteStaleFlows } from "../../net/conntrack/mod.ts";
import {
  type EndpointMap,
  type ProxyEndpoint,
  type ProxyOptions,
  type ProxyService,
  ServiceProxy,
} from "../../net/proxy/mod.ts";
import { type Family } from "../../net/addr.ts";
import { addresses, PacketNetwork, serverPort } from "./network.ts";

export const proxyOptions: ProxyOptions = {
  serviceCIDRs: ["10.96.0.0/16", "fd00:96::/108"],
  podCIDRs: ["10.244.0.0/24", "fd00:244::/64"],
};

export class ProxyNode implements AsyncDisposable {
  #proxy?: ServiceProxy;
  #nft?: NftRunner;
  readonly problems: string[] = [];

  /** `options` may be changed between `stop` and `start`. */
  constructor(readonly network: PacketNetwork, public options: Partial<ProxyOptions> = {}) {}

  /** Starts islet's proxy; after `stop` it is a restart. */
  start(): Promise<void> {
    return this.#inside(async () => {
      this.#nft = new NftLibrary();
      this.#proxy = new ServiceProxy({
        nft: this.#nft,
        options: { ...proxyOptions, ...this.options },
        deleteStaleFlows: async (family, frontends) => void await deleteStaleFlows(family, frontends),
        report: ({ service, message }) => this.problems.push(service ? `${service}: ${message}` : message),
      });
      await this.#proxy.start();
    });
  }

  async sync(services: readonly ProxyService[], endpoints: EndpointMap): Promise<void> {
    await this.#inside(() => this.#proxy!.sync(services, endpoints));
    if (this.problems.length > 0) throw new Error(this.problems.join("\n"));
  }

  /** Ends it as a crash would, tables and all left as they are. */
  stop(): Promise<void> {
    return this.#inside(async () => {
      await this.#proxy?.stop();
      this.#nft?.close();
      this.#proxy = undefined;
    });
  }

  verify(): Promise<boolean> {
    return this.#inside(() => this.#proxy!.verify());
  }

  remove(): Promise<void> {
    return this.#inside(async () => {
      await this.#proxy!.remove();
      this.#nft?.close();
      this.#proxy = undefined;
    });
  }

  /** Runs a command on the node. */
  run(program: string, ...args: string[]): Promise<string> {
    return this.#inside(async () => {
      const { stdout, stderr } = await new Deno.Command(program, { args }).output();
      return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#proxy) await this.stop();
  }

  #inside<T>(fn: () => Promise<T>): Promise<T> {
    return this.network.host("node").enter(fn);
  }
}

/** A test on a node with a proxy of its own. */
export function packetTest(
  name: string,
  test: (network: PacketNetwork, node: ProxyNode) => Promise<void>,
  options: Partial<ProxyOptions> = {},
): void {
  Deno.test(name, async () => {
    await using network = await PacketNetwork.create();
    await using node = new ProxyNode(network, options);
    await node.start();
    await test(network, node);
  });
}

/** A Service `default/<name>` with one port 80. */
export function service(name: string, clusterIPs: string | string[], more: Partial<ProxyService> = {}): ProxyService {
  const ports = [{ name: "", protocol: "TCP" as const, port: 80 }];
  return { namespace: "default", name, ports, clusterIPs: [clusterIPs].flat(), ...more };
}

/** Endpoints by their hosts' names; `far` is not on the node. */
export function at(
  names: string,
  { family = "ip", ...more }: Partial<ProxyEndpoint> & { family?: Family } = {},
): ProxyEndpoint[] {
  return names.split(" ").filter(Boolean).map((name) => ({
    portName: "",
    protocol: "TCP",
    address: addresses[family][name as "a"],
    port: serverPort,
    ready: true,
    serving: true,
    terminating: false,
    local: name !== "far",
    ...more,
  }));
}

export function behind(endpoints: Record<string, ProxyEndpoint[]>): Map<string, ProxyEndpoint[]> {
  return new Map(Object.entries(endpoints).map(([name, list]) => [`default/${name}`, list]));
}
