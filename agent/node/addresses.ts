/**
 * The node's addresses. Per family the one that outgoing packets have (the first of the interface with the default
 * route), else the first global one; a machine with only `lo` has none and works with 127.0.0.1.
 *
 * They change under a running agent (DHCP, a cable put in). A poll every 30 s finds that: one getifaddrs and two small
 * /proc files cost a millisecond or two with 50 pods, less than a child process that listens to netlink costs in memory.
 */
import { type Clock, systemClock } from "../clock.ts";
import { type Machine, thisMachine } from "./facts.ts";

/** One address of an interface, as Deno.networkInterfaces() has it. */
export interface InterfaceAddress {
  name: string;
  family: "IPv4" | "IPv6";
  address: string;
}

export interface AddressInput {
  interfaces: readonly InterfaceAddress[];
  /** Interface of the default route, best metric first, by family. */
  defaultRoutes: { IPv4: readonly string[]; IPv6: readonly string[] };
  /** Fixed by configuration (`--node-ip`); replaces what is found of its family. */
  nodeIPs?: readonly string[];
  /** Addresses that are ours but not the node's: service addresses, the pods' gateway. */
  not?: (address: string) => boolean;
}

/** Interfaces that containers and their networks make; never the node's own. */
const containerInterface = /^(cni|veth|docker|br-|virbr|flannel|cali|cilium|kube-|nodelocaldns|islet|lxc|podman|tunl)/;

/** The node's addresses, primary first: IPv4 before IPv6 unless nodeIPs says otherwise. Empty with only `lo`. */
export function nodeAddresses(input: AddressInput): string[] {
  const fixed = input.nodeIPs ?? [];
  const found = (["IPv4", "IPv6"] as const)
    .filter((family) => !fixed.some((address) => familyOf(address) === family))
    .map((family) => primary(input, family))
    .filter((address) => address !== undefined);
  return [...fixed, ...found];
}

/** Addresses for `status.hostIPs`: a pod always has one. */
export function hostIPs(addresses: readonly string[]): string[] {
  return addresses.length > 0 ? [...addresses] : ["127.0.0.1"];
}

/** `status.addresses` of the Node. */
export function nodeStatusAddresses(
  addresses: readonly string[],
  hostname: string,
): { type: string; address: string }[] {
  return [...addresses.map((address) => ({ type: "InternalIP", address })), { type: "Hostname", address: hostname }];
}

function primary({ interfaces, defaultRoutes, not }: AddressInput, family: "IPv4" | "IPv6"): string | undefined {
  const usable = interfaces.filter((each) => each.family === family && isGlobal(each.address) && !not?.(each.address));
  for (const name of defaultRoutes[family]) {
    const found = usable.find((each) => each.name === name);
    if (found) return found.address;
  }
  return usable.find((each) => each.name !== "lo" && !containerInterface.test(each.name))?.address;
}

/** Neither loopback, link-local, multicast nor unspecified. */
export function isGlobal(address: string): boolean {
  if (familyOf(address) === "IPv4") return !/^(127\.|169\.254\.|0\.|22[4-9]\.|23\d\.|255\.)/.test(address);
  return !/^(::1?$|fe[89ab]|ff|::ffff:)/i.test(address);
}

function familyOf(address: string): "IPv4" | "IPv6" {
  return address.includes(":") ? "IPv6" : "IPv4";
}

/** `::` in /proc: a default route's destination. */
const noAddress = "0".repeat(32);

/** Interfaces with a default route in /proc/net/route, best metric first. */
export function parseRoutes4(text: string): string[] {
  return text.split("\n").slice(1).filter((line) => /^\S+\s+0{8}\s/.test(line)).map((line) => line.split(/\s+/))
    .filter(([, destination, , flags, , , , mask]) =>
      destination === "00000000" && mask === "00000000" && (parseInt(flags, 16) & 1) === 1
    )
    .sort((a, b) => Number(a[6]) - Number(b[6]))
    .map(([name]) => name);
}

/** Interfaces with a default route in /proc/net/ipv6_route, best metric first; reject routes (on `lo`) left out. */
export function parseRoutes6(text: string): string[] {
  return text.split("\n").filter((line) => line.startsWith(noAddress)).map((line) => line.trim().split(/\s+/))
    .filter(([destination, length, , , , , , , flags, name]) =>
      destination === noAddress && length === "00" && name !== "lo" && (parseInt(flags, 16) & 0x201) === 1
    )
    .sort((a, b) => parseInt(a[5], 16) - parseInt(b[5], 16))
    .map((fields) => fields[9]);
}

/** This machine's addresses now. */
export function readAddresses(
  options: Pick<AddressInput, "nodeIPs" | "not"> & { machine?: Machine; interfaces?: () => InterfaceAddress[] } = {},
): string[] {
  const { machine = thisMachine, interfaces = () => Deno.networkInterfaces() } = options;
  return nodeAddresses({
    ...options,
    interfaces: interfaces(),
    defaultRoutes: {
      IPv4: parseRoutes4(machine.read("/proc/net/route") ?? ""),
      IPv6: parseRoutes6(machine.read("/proc/net/ipv6_route") ?? ""),
    },
  });
}

export interface AddressWatchOptions {
  read: () => string[];
  onChange: (addresses: string[], before: string[]) => void;
  intervalMs?: number;
  clock?: Clock;
}

/** Calls `onChange` when the addresses are others than before. */
export class AddressWatcher {
  #addresses: string[];
  #cancel?: () => void;

  constructor(private readonly options: AddressWatchOptions) {
    this.#addresses = options.read();
  }

  /** As last read. */
  get addresses(): string[] {
    return this.#addresses;
  }

  start(): void {
    const { clock = systemClock, intervalMs = 30_000 } = this.options;
    this.#cancel ??= clock.after(intervalMs, () => {
      this.#cancel = undefined;
      this.check();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Reads now. */
  check(): void {
    const before = this.#addresses;
    const now = this.options.read();
    if (now.join() === before.join()) return;
    this.#addresses = now;
    this.options.onChange(now, before);
  }
}
