/**
 * A node with pods on routed links, a host outside, and a pod on another node far away, where they know the way to this node's own
 * address and to its pods, but not to the outside. Each host says who it is and who asked, over TCP and UDP.
 *
 *     outside 192.0.2.254 ── 192.0.2.1 node 198.51.100.1 ── 198.51.100.77 far
 *                                  │ 10.244.0.1 on each link
 *                        pods a 10.244.0.11, b .12, c .13
 */
import { createSocket, type Socket } from "node:dgram";
import { type Family } from "../../net/addr.ts";
import { Host, ip, removeNamespaces } from "./namespace.ts";

/** Addresses of the hosts by family. */
export const addresses = {
  ip: {
    node: "192.0.2.1",
    outside: "192.0.2.254",
    far: "198.51.100.77",
    nodeToFar: "198.51.100.1",
    gateway: "10.244.0.1",
    a: "10.244.0.11",
    b: "10.244.0.12",
    c: "10.244.0.13",
  },
  ip6: {
    node: "2001:db8:1::1",
    outside: "2001:db8:1::254",
    far: "2001:db8:2::77",
    nodeToFar: "2001:db8:2::1",
    gateway: "fd00:244::1",
    a: "fd00:244::11",
    b: "fd00:244::12",
    c: "fd00:244::13",
  },
} as const;

export type HostName = "node" | "outside" | "far" | "a" | "b" | "c";
export const pods = ["a", "b", "c"] as const;
/** Settings of IPv4 as the kernel makes them (net/ipv4/devinet.c). */
const kernelDefaults = {
  ...{ forwarding: 0, route_localnet: 0, rp_filter: 0, accept_local: 0, arp_ignore: 0, arp_announce: 0, arp_filter: 0 },
  ...{ src_valid_mark: 0, log_martians: 0, proxy_arp: 0, accept_redirects: 1, send_redirects: 1 },
};
/** On which port every pod and the far host answer. */
export const serverPort = 8080;

/** An answer as `who asked-from`, or how it was denied. */
export type Answer = string;

const decoder = new TextDecoder();

export class PacketNetwork implements AsyncDisposable {
  readonly #hosts = new Map<HostName, Host>();
  readonly #closers: (() => void)[] = [];

  private constructor(readonly prefix: string) {}

  static async create(): Promise<PacketNetwork> {
    const network = new PacketNetwork(`islet-p${Deno.pid}-${++created}`);
    try {
      await network.#setUp();
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  host(name: HostName): Host {
    return this.#hosts.get(name)!;
  }

  /** Opens a connection from a host and reads what the server says first. */
  async connect(from: HostName, address: string, port: number): Promise<{ answer: Answer; connection: Deno.TcpConn }> {
    // the socket is made inside at once; connecting may last
    let connecting!: Promise<Deno.TcpConn>;
    await this.host(from).enter(() => {
      connecting = Deno.connect({ hostname: address, port });
    });
    const connection = await connecting;
    const buffer = new Uint8Array(200);
    const size = await connection.read(buffer);
    return { answer: decoder.decode(buffer.subarray(0, size ?? 0)).trim(), connection };
  }

  /** Who answers a new TCP connection and whom it sees: `a 192.0.2.254`, `refused` or `dropped`. */
  async ask(from: HostName, address: string, port: number): Promise<Answer> {
    const asked = this.connect(from, address, port).then(({ answer, connection }) => {
      connection.close();
      return answer;
    }, (error) => error instanceof Deno.errors.ConnectionRefused ? "refused" : `failed: ${error.message}`);
    return await inTime(asked, "dropped");
  }

  /** The different answers to so many connections. */
  async askMany(times: number, from: HostName, address: string, port: number): Promise<string[]> {
    const answers = new Set<string>();
    for (let i = 0; i < times; i++) answers.add(await this.ask(from, address, port));
    return [...answers].sort();
  }

  /** The different answers to connections until there are two; chance alone does not take sixty. */
  async askForTwo(from: HostName, address: string, port: number): Promise<string[]> {
    const answers = new Set<string>();
    for (let i = 0; i < 60 && answers.size < 2; i++) answers.add(await this.ask(from, address, port));
    return [...answers].sort();
  }

  /** A UDP client that keeps its port. */
  async udp(from: HostName, family: Family = "ip"): Promise<UdpClient> {
    const socket = createSocket(family === "ip" ? "udp4" : "udp6");
    await this.host(from).enter(() =>
      new Promise<void>((resolve) => socket.bind(0, family === "ip" ? "0.0.0.0" : "::", resolve))
    );
    const client = new UdpClient(socket);
    this.#closers.push(() => client.close());
    return client;
  }

  /**
   * IPv4 packets that some host has sent and none has got, since the network was made. Those under way count: ask when nobody
   * sends. One that was sent again because it was late changes nothing: both have come.
   */
  async lost(): Promise<number> {
    let lost = 0;
    for (const host of this.#hosts.values()) {
      const [names, values] = await host.enter(() =>
        Deno.readTextFileSync("/proc/thread-self/net/snmp").split("\n").filter((line) => line.startsWith("Ip:"))
          .map((line) => line.split(" "))
      );
      lost += Number(values[names.indexOf("OutRequests")]) - Number(values[names.indexOf("InDelivers")]);
    }
    return lost;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers) {
      try {
        close();
      } catch { /* closed already */ }
    }
    await removeNamespaces([...this.#hosts.values()].map(({ namespace }) => namespace));
  }

  async #setUp(): Promise<void> {
    for (const name of ["node", "outside", "far", ...pods] as const) {
      const host = await Host.create(name, `${this.prefix}-${name}`);
      this.#hosts.set(name, host);
      await host.enter(forgetMachine);
      // link-local addresses are else unusable for a second
      await host.enter(() => Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/default/accept_dad", "0"));
    }
    await this.host("node").enter(() => {
      for (const name of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]) {
        Deno.writeTextFileSync(`/proc/sys/net/${name}`, "1");
      }
      // a pod that reaches itself through the node would be shown a shorter way, which there is not
      for (const name of ["all", "default"]) {
        Deno.writeTextFileSync(`/proc/sys/net/ipv4/conf/${name}/send_redirects`, "0");
      }
    });
    const plain = [["outside", "node", 24, 64], ["far", "nodeToFar", 24, 64]] as const;
    for (const [name, side, prefix4, prefix6] of plain) {
      await this.#link(name);
      for (const [family, prefix] of [["ip", prefix4], ["ip6", prefix6]] as const) {
        await this.#address("node", `to-${name}`, `${addresses[family][side]}/${prefix}`);
        await this.#address(name, "eth0", `${addresses[family][name]}/${prefix}`);
      }
    }
    for (const [pods, via] of [["10.244.0.0/24", addresses.ip.nodeToFar], ["fd00:244::/64", addresses.ip6.nodeToFar]]) {
      await this.ip("far", "route", "add", pods, "via", via);
    }
    // the outside knows the way to pods, services and the node's other address; the far host does not
    for (
      const [to, via] of [
        ["10.0.0.0/8", addresses.ip.node],
        ["fd00::/16", addresses.ip6.node],
        [addresses.ip.nodeToFar, addresses.ip.node],
        [addresses.ip6.nodeToFar, addresses.ip6.node],
      ]
    ) {
      await this.ip("outside", "route", "add", to, "via", via);
    }
    for (const pod of pods) {
      await this.#link(pod);
      for (const family of ["ip", "ip6"] as const) {
        const bits = family === "ip" ? 32 : 128, { gateway, [pod]: own } = addresses[family];
        const version = family === "ip" ? "-4" : "-6";
        await this.#address("node", `to-${pod}`, `${gateway}/${bits}`);
        await this.ip("node", version, "route", "add", `${own}/${bits}`, "dev", `to-${pod}`);
        await this.#address(pod, "eth0", `${own}/${bits}`);
        await this.ip(pod, version, "route", "add", `${gateway}/${bits}`, "dev", "eth0");
        await this.ip(
          pod,
          version,
          "route",
          "add",
          "default",
          "via",
          gateway,
          "dev",
          "eth0",
          ...(family === "ip" ? ["onlink"] : []),
        );
      }
      await this.#serve(pod);
    }
    await this.#serve("far");
  }

  /** A link between the node, where it is to-<name>, and a host, where it is eth0. */
  async #link(name: HostName): Promise<void> {
    const peer = ["peer", "name", "eth0", "netns", this.host(name).namespace];
    await ip(["-netns", this.host("node").namespace, "link", "add", "name", `to-${name}`, "type", "veth", ...peer]);
    await this.ip("node", "link", "set", `to-${name}`, "up");
    await this.ip(name, "link", "set", "eth0", "up");
  }

  #address(host: HostName, device: string, address: string): Promise<void> {
    return this.ip(host, "address", "add", address, "dev", device, ...(address.includes(":") ? ["nodad"] : []));
  }

  /** Runs `ip` in a host. */
  ip(host: HostName, ...args: string[]): Promise<void> {
    return ip(["-netns", this.host(host).namespace, ...args]);
  }

  /** Answers on `serverPort`: first who asked, then what is sent comes back. */
  async #serve(name: HostName): Promise<void> {
    const encoder = new TextEncoder();
    const listener = await this.host(name).enter(() => Deno.listen({ hostname: "::", port: serverPort }));
    this.#closers.push(() => listener.close());
    (async () => {
      for await (const connection of listener) {
        const { hostname } = connection.remoteAddr as Deno.NetAddr;
        connection.write(encoder.encode(`${name} ${plainAddress(hostname)}\n`))
          .then(() => connection.readable.pipeTo(connection.writable)).catch(() => {});
      }
    })().catch(() => {});
    const socket = createSocket("udp6");
    socket.on("message", (_, { address, port }) => socket.send(`${name} ${plainAddress(address)}`, port, address));
    socket.on("error", () => {});
    await this.host(name).enter(() => new Promise<void>((resolve) => socket.bind(serverPort, "::", resolve)));
    this.#closers.push(() => socket.close());
  }
}

/**
 * What is answered, or `otherwise` when nothing is in half a second. Both ends are in this process: where the machine lets it
 * run late, each of these turns passes on what has come meanwhile.
 */
export async function inTime(answer: Promise<Answer>, otherwise: Answer): Promise<Answer> {
  for (let turn = 0; turn < 20; turn++) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pause = new Promise<undefined>((resolve) => timer = setTimeout(() => resolve(undefined), 25));
    const found = await Promise.race([answer, pause]);
    clearTimeout(timer);
    if (found !== undefined) return found;
  }
  return otherwise;
}

let created = 0;

export class UdpClient {
  #waiting: ((answer: Answer) => void)[] = [];

  constructor(readonly socket: Socket) {
    socket.on("message", (data) => this.#waiting.shift()?.(data.toString()));
    socket.on("error", () => {});
  }

  /** Sends one packet: who answers, or `nobody` within half a second. */
  async ask(address: string, port: number): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => this.#waiting.push(resolve));
    this.socket.send("?", port, address);
    try {
      return await inTime(answer, "nobody");
    } finally {
      this.#waiting = [];
    }
  }

  close(): void {
    this.socket.close();
  }
}

/** An IPv4 address as such where the socket is one for both. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}

/** A new namespace has the IPv4 settings of the machine (Documentation/admin-guide/sysctl/net.rst, devconf_inherit_init_net). */
function forgetMachine(): void {
  for (const name of ["all", "default", "lo"]) {
    for (const [setting, value] of Object.entries(kernelDefaults)) {
      Deno.writeTextFileSync(`/proc/sys/net/ipv4/conf/${name}/${setting}`, `${value}`);
    }
  }
}
