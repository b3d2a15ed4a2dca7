/**
 * Addresses and node ports of Services: those that are asked for, if they are free, or any. As kube-apiserver has it the
 * lower part of each range is left to who asks by name, as long as there is room above it.
 */
import { FieldErrors, FieldPath, type Service } from "../../../objects/mod.ts";
import type { Clock } from "../../../clock.ts";
import { internalError } from "../../status.ts";
import { invalidObject } from "../errors.ts";
import { AddressRange, type Family, familyOf, plainAddress } from "../../../network/addresses/range.ts";

export interface ServiceAddressOptions {
  /** Networks of cluster IPs, the first one's family being the node's. */
  serviceCIDRs: readonly string[];
  nodePorts?: { from: number; to: number };
  /** All Services that there are. */
  services: () => Service[];
  clock: Clock;
  /** A number from 0 to below `limit`. */
  random?: (limit: number) => number;
}

type Spec = Service["spec"];

/** How long what was given out is held for a write that is under way. */
const heldMs = 10_000;

/** Node ports that are left to who asks for them, as long as there are others. */
const portsByName = 86;
const protocols = ["TCP", "UDP", "SCTP"];

const spec = FieldPath.of("spec");

export class ServiceAddresses {
  readonly #ranges: AddressRange[];
  readonly #ports: { from: number; to: number };
  readonly #held = new Map<string, number>();
  readonly #random: (limit: number) => number;

  constructor(private readonly options: ServiceAddressOptions) {
    this.#ranges = options.serviceCIDRs.map((cidr) => new AddressRange(cidr));
    this.#ports = options.nodePorts ?? { from: 30_000, to: 32_767 };
    this.#random = options.random ?? ((limit) => Math.floor(Math.random() * limit));
  }

  /** The service with all addresses and ports that its type has; throws a 422 for those that it cannot have. */
  assign(service: Service, current?: Service): Service {
    const errors = new FieldErrors();
    const next: Service = { ...service, spec: { ...service.spec } };
    if (current) {
      dropOfOtherType(next.spec, current.spec);
      keepAssigned(next.spec, current.spec);
    }
    const taken = this.#taken(current ?? service);
    if (next.spec.type === "ExternalName") {
      for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] as const) delete next.spec[field];
    } else this.#assignFamilies(next.spec, current?.spec, taken.addresses, errors);
    next.spec.ports = this.#assignPorts(next.spec, taken.ports, errors);
    if (errors.errors.length > 0) throw invalidObject("", "Service", service.metadata.name, errors);
    return next;
  }

  #assignFamilies(wanted: Spec, current: Spec | undefined, taken: Set<string>, errors: FieldErrors): void {
    const asked = wanted.clusterIPs?.length ? wanted.clusterIPs : wanted.clusterIP ? [wanted.clusterIP] : [];
    const headless = asked[0] === "None";
    const known = this.#ranges.map(({ family }) => family);
    const given: Family[] = wanted.ipFamilies?.length
      ? wanted.ipFamilies
      : headless
      ? []
      : asked.map((address) => familyOf(address));
    for (const [at, family] of given.entries()) {
      if (!known.includes(family)) {
        errors.invalid(spec.child("ipFamilies").index(at), family, "not configured on this cluster");
      }
    }
    const policy = wanted.ipFamilyPolicy ?? (given.length > 1 ? "RequireDualStack" : "SingleStack");
    if (policy === "RequireDualStack" && known.length < 2) {
      errors.invalid(spec.child("ipFamilyPolicy"), policy, "this cluster is not configured for dual-stack services");
    }
    if (errors.errors.length > 0) return;
    const families = [...new Set([...given, ...known])].slice(0, policy === "SingleStack" ? 1 : 2);
    wanted.ipFamilyPolicy = policy;
    wanted.ipFamilies = families;
    if (headless) wanted.clusterIPs = ["None"];
    else {
      const had = new Set(current?.clusterIPs ?? []);
      wanted.clusterIPs = families.map((family, at) => {
        const address = asked[at];
        if (address !== undefined && had.has(address)) return address;
        const range = this.#ranges.find((each) => each.family === family)!;
        return address === undefined ? this.#anyAddress(range, taken) : this.#address(range, address, taken, errors);
      });
    }
    wanted.clusterIP = wanted.clusterIPs[0];
  }

  #address(range: AddressRange, given: string, taken: Set<string>, errors: FieldErrors): string {
    const address = plainAddress(given);
    const why = !range.has(address)
      ? `the provided IP (${given}) is not in the valid range. The range of valid IPs is ${range.cidr}`
      : taken.has(address)
      ? "provided IP is already allocated"
      : undefined;
    if (why) errors.invalid(spec.child("clusterIPs"), [given], `failed to allocate IP ${given}: ${why}`);
    else this.#hold(address);
    return address;
  }

  #anyAddress(range: AddressRange, taken: Set<string>): string {
    const named = Math.min(Math.max(16, Math.floor(range.size / 16)), 256, range.size);
    for (const [from, to] of [[named, range.size], [0, named]]) {
      const offset = this.#free(to - from, (at) => taken.has(range.at(from + at)));
      if (offset !== undefined) {
        const address = range.at(from + offset);
        this.#hold(address);
        taken.add(address);
        return address;
      }
    }
    throw internalError("Internal error occurred: failed to allocate a serviceIP: range is full");
  }

  #assignPorts({ type, ports = [], allocateLoadBalancerNodePorts }: Spec, taken: Set<string>, errors: FieldErrors) {
    if (!exposes(type)) return ports;
    const { from, to } = this.#ports;
    const own = new Map<number, Set<string>>();
    const use = (port: number, protocol: string) => {
      if (!own.has(port)) own.set(port, new Set());
      own.get(port)!.add(protocol);
      this.#hold(`${protocol}/${port}`);
    };
    const given = ports.map((port, at) => {
      const { nodePort, protocol = "TCP" } = port;
      if (!nodePort) return port;
      const path = spec.child("ports").index(at).child("nodePort");
      if (nodePort < from || nodePort > to) {
        errors.invalid(
          path,
          nodePort,
          `provided port is not in the valid range. The range of valid ports is ${from}-${to}`,
        );
      } else if (taken.has(`${protocol}/${nodePort}`)) {
        errors.invalid(path, nodePort, "provided port is already allocated");
      } else use(nodePort, protocol);
      return port;
    });
    if (type === "LoadBalancer" && allocateLoadBalancerNodePorts === false) return given;
    for (const [at, port] of given.entries()) {
      if (port.nodePort) continue;
      const { protocol = "TCP" } = port;
      // The same port twice, for two protocols, is one node port.
      const twin = given.find((other) => other.port === port.port && other.nodePort)?.nodePort;
      const nodePort = twin && !own.get(twin)?.has(protocol) && !taken.has(`${protocol}/${twin}`)
        ? twin
        : this.#anyPort((number) => own.has(number) || protocols.some((each) => taken.has(`${each}/${number}`)));
      use(nodePort, protocol);
      given[at] = { ...port, nodePort };
    }
    return given;
  }

  #anyPort(busy: (port: number) => boolean): number {
    const { from, to } = this.#ports;
    const above = Math.min(from + portsByName, to + 1);
    for (const [low, high] of [[above, to + 1], [from, above]]) {
      const offset = this.#free(high - low, (at) => busy(low + at));
      if (offset !== undefined) return low + offset;
    }
    throw internalError("Internal error occurred: failed to allocate a nodePort: range is full");
  }

  /** Some offset below `size` that is not busy, or none. */
  #free(size: number, busy: (offset: number) => boolean): number | undefined {
    if (size <= 0) return undefined;
    const start = this.#random(size);
    for (let step = 0; step < size; step++) {
      const offset = (start + step) % size;
      if (!busy(offset)) return offset;
    }
    return undefined;
  }

  /** What other Services have, and what was given out a moment ago. */
  #taken({ metadata: { namespace, name } }: Service): { addresses: Set<string>; ports: Set<string> } {
    const now = this.options.clock.mono();
    for (const [what, until] of this.#held) if (until <= now) this.#held.delete(what);
    const [addresses, ports] = [new Set<string>(), new Set<string>()];
    const own = new Set<string>();
    for (const other of this.options.services()) {
      const same = other.metadata.namespace === namespace && other.metadata.name === name;
      const [theirs, theirPorts] = same ? [own, own] : [addresses, ports];
      for (const address of other.spec.clusterIPs ?? [other.spec.clusterIP ?? ""]) theirs.add(plainAddress(address));
      for (const { nodePort, protocol = "TCP" } of other.spec.ports ?? []) {
        if (nodePort) theirPorts.add(`${protocol}/${nodePort}`);
      }
    }
    for (const what of this.#held.keys()) if (!own.has(what)) (what.includes("/") ? ports : addresses).add(what);
    return { addresses, ports };
  }

  #hold(what: string): void {
    this.#held.set(what, this.options.clock.mono() + heldMs);
  }
}

/** What an update leaves out of what was assigned before stays. */
function keepAssigned(wanted: Spec, current: Spec): void {
  if (wanted.type === "ExternalName" || current.type === "ExternalName") return;
  if (!wanted.clusterIP && !wanted.clusterIPs?.length) {
    wanted.clusterIP = current.clusterIP;
    wanted.clusterIPs = current.clusterIPs;
  } else if (wanted.clusterIP && wanted.clusterIP === current.clusterIP && !wanted.clusterIPs?.length) {
    wanted.clusterIPs = current.clusterIPs;
  } else if (wanted.clusterIP !== current.clusterIP && wanted.clusterIPs?.[0] === current.clusterIP) {
    // Clients that know one address only change that one.
    if (wanted.clusterIP) wanted.clusterIPs = [wanted.clusterIP];
  }
  wanted.ipFamilies ??= current.ipFamilies;
  wanted.ipFamilyPolicy ??= current.ipFamilyPolicy;
  if (!exposes(wanted.type)) return;
  const used = new Set((wanted.ports ?? []).map(({ nodePort }) => nodePort));
  wanted.ports = (wanted.ports ?? []).map((port) => {
    if (port.nodePort) return port;
    const before = current.ports?.find((other) =>
      other.port === port.port && (other.protocol ?? "TCP") === (port.protocol ?? "TCP")
    );
    return before?.nodePort && !used.has(before.nodePort) ? { ...port, nodePort: before.nodePort } : port;
  });
}

const exposes = (type: Spec["type"]) => type === "NodePort" || type === "LoadBalancer";

/**
 * A client that changes the type and leaves what belonged to the old one does not mean that: it goes, as in
 * kube-apiserver. What the client changed besides is left for validation to refuse.
 */
function dropOfOtherType(wanted: Spec, current: Spec): void {
  const same = (field: keyof Spec) => JSON.stringify(wanted[field]) === JSON.stringify(current[field]);
  const external = ({ type, externalIPs }: Spec) => exposes(type) || Boolean(externalIPs?.length);
  if (wanted.type === "ExternalName" && current.type !== "ExternalName") {
    for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] as const) {
      if (same(field)) delete wanted[field];
    }
  }
  if (exposes(current.type) && !exposes(wanted.type)) {
    const before = new Set((current.ports ?? []).map(({ nodePort }) => nodePort));
    wanted.ports = wanted.ports?.map((port) => {
      const { nodePort, ...rest } = port;
      return before.has(nodePort) ? rest : port;
    });
  }
  if (external(current) && !external(wanted) && same("externalTrafficPolicy")) delete wanted.externalTrafficPolicy;
  if (current.type === "LoadBalancer" && wanted.type !== "LoadBalancer") {
    for (const field of ["allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort"] as const) {
      if (same(field)) delete wanted[field];
    }
  }
}
