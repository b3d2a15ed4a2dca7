/**
 * How long a new connection to a Service takes, the first packet of which has to find its endpoint among so many services: a client
 * and a server with the node between them, each in a namespace. A program of its own that says its figures as one line of JSON.
 *
 *     deno run -A first_packet.ts '{"services":[10,1000],"connections":2000}'
 */
import { NftLibrary } from "../../../net/nft/mod.ts";
import { ServiceProxy } from "../../../net/proxy/mod.ts";
import { Host, ip, removeNamespaces } from "../../packets/namespace.ts";
import { wholeTable } from "./kube_proxy_table.ts";
import { runNft } from "./nft.ts";
import { options, serviceOf, type World } from "./world.ts";

export interface FirstPacketSize {
  services: number[];
  connections: number;
}

/** Microseconds, by number of services; `direct` goes past all services. */
export interface FirstPacket {
  services: number;
  direct: number[];
  islet: number[];
  kubeProxy: number[];
}

const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  accept: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
}).symbols;
const [afInet, sockStream, solSocket, soLinger] = [2, 1, 1, 13];
const reset = new Int32Array([1, 0]); // closing leaves nothing behind

function address(text: string, port: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([afInet, 0, port >> 8, port & 255, ...text.split(".").map(Number), ...Array(8).fill(0)]);
}

const endpoints = Array.from({ length: 10 }, (_, n) => `10.128.0.${n + 1}`), port = 8080;

/** So many services, each with the same ten endpoints. */
function worldOf(count: number): World {
  const services = Array.from({ length: count }, (_, i) => serviceOf(i));
  const state = { ready: true, serving: true, terminating: false, local: true };
  const behind = endpoints.map((address) => ({ portName: "http", protocol: "TCP" as const, address, port, ...state }));
  return { services, endpoints: new Map(services.map(({ name }) => [`default/${name}`, behind])) };
}

class Triangle {
  #listener = -1;

  private constructor(readonly client: Host, readonly node: Host, readonly server: Host) {}

  static async create(prefix: string): Promise<Triangle> {
    const [client, node, server] = await Promise.all(
      ["client", "node", "server"].map((name) => Host.create(name, `${prefix}-${name}`)),
    );
    const made = new Triangle(client, node, server);
    await made.#link(client, "192.0.2.1", ["192.0.2.2"], 30);
    await made.#link(server, "10.128.255.1", endpoints, 16);
    await node.enter(() => Deno.writeTextFileSync("/proc/sys/net/ipv4/ip_forward", "1"));
    await server.enter(() => {
      made.#listener = libc.socket(afInet, sockStream, 0);
      libc.bind(made.#listener, address("0.0.0.0", port), 16);
      if (libc.listen(made.#listener, 128) !== 0) throw new Error("Cannot listen");
    });
    return made;
  }

  async #link(host: Host, gateway: string, own: readonly string[], bits: number): Promise<void> {
    const device = `to-${host.name}`, peer = ["peer", "name", "eth0", "netns", host.namespace];
    await ip(["-netns", this.node.namespace, "link", "add", "name", device, "type", "veth", ...peer]);
    await ip(["-netns", this.node.namespace, "address", "add", `${gateway}/${bits}`, "dev", device]);
    await ip(["-netns", this.node.namespace, "link", "set", device, "up"]);
    for (const each of own) await ip(["-netns", host.namespace, "address", "add", `${each}/${bits}`, "dev", "eth0"]);
    await ip(["-netns", host.namespace, "link", "set", "eth0", "up"]);
    await ip(["-netns", host.namespace, "route", "add", "default", "via", gateway]);
  }

  /** Microseconds of so many connections, each to the next of the addresses. */
  connect(times: number, to: (i: number) => Uint8Array<ArrayBuffer>): Promise<number[]> {
    return this.client.enter(() => {
      const took: number[] = [];
      for (let i = 0; i < times; i++) {
        const socket = libc.socket(afInet, sockStream, 0), target = to(i);
        const began = performance.now();
        if (libc.connect(socket, target, 16) !== 0) throw new Error(`Cannot connect to ${target}`);
        took.push((performance.now() - began) * 1000);
        const accepted = libc.accept(this.#listener, null, null);
        libc.setsockopt(socket, solSocket, soLinger, reset, 8);
        libc.close(socket);
        libc.close(accepted);
      }
      return took;
    });
  }
}

async function measure({ services, connections }: FirstPacketSize): Promise<FirstPacket[]> {
  const prefix = `islet-fp${Deno.pid}`, found: FirstPacket[] = [];
  try {
    const triangle = await Triangle.create(prefix);
    const nft = await triangle.node.enter(() => new NftLibrary()); // its socket stays where it was opened
    for (const count of services) {
      const world = worldOf(count);
      const vip = (i: number) => address(world.services[(i * 7919) % count].clusterIPs[0], 80);
      const ask = async (to: typeof vip) => {
        await triangle.connect(connections / 10, to); // neighbours and caches
        return await triangle.connect(connections, to);
      };
      const direct = await ask((i) => address(endpoints[i % 10], port));
      const proxy = new ServiceProxy({ nft, options, healthAddress: false });
      await triangle.node.enter(async () => {
        await proxy.start();
        await proxy.sync(world.services, world.endpoints);
      });
      const islet = await ask(vip);
      await triangle.node.enter(async () => {
        await proxy.remove();
        await runNft([], wholeTable(world));
      });
      const kubeProxy = await ask(vip);
      await triangle.node.enter(() => runNft(["flush", "ruleset"]));
      found.push({ services: count, direct, islet, kubeProxy });
    }
    nft.close();
  } finally {
    await removeNamespaces(["client", "node", "server"].map((name) => `${prefix}-${name}`));
  }
  return found;
}

if (import.meta.main) console.log(JSON.stringify(await measure(JSON.parse(Deno.args[0]))));
