/**
 * Addresses and node ports of Services: those that are asked for, if they are free, or any. As kube-apiserver has it the
 * lower part of each range is left to who asks by name, as long as there is room above it. Which ones a Service gets
 * follows from its name, so that a node that lost its store gives the same ones again.
 */
import type { Clock } from "../../clock.ts";
import { FieldErrors, fieldErrorText, FieldPath, type Service } from "../../objects/mod.ts";
import { type ObjectStore, sameValue } from "../../store/mod.ts";
import { GivenAddresses, keyOf } from "./given.ts";
import { dropOfOtherType, exposes, keepAssigned, needsHealthCheck } from "./inherit.ts";
import { AddressRange, type Family, familyOf, plainAddress } from "./range.ts";

export interface ServiceAddressOptions {
  /** Networks of cluster IPs, the first one's family being the node's. */
  serviceCIDRs: readonly string[];
  nodePorts?: { from: number; to: number };
  /** Where all Services are. */
  store: Pick<ObjectStore, "list" | "watch">;
  /** Addresses that belong to a Service (`namespace/name`), whether it is there or not. */
  reserved?: Readonly<Record<string, string>>;
  clock: Pick<Clock, "mono">;
}

type Spec = Service["spec"];

/** Node ports that are left to who asks for them, as long as there are others. */
const portsByName = 86;
const protocols = ["TCP", "UDP", "SCTP"];

const networkFields = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] as const;

const spec = FieldPath.of("spec");

/** What a Service asks for cannot be given. */
export class ServiceRefused extends Error {
  constructor(readonly errors: FieldErrors) {
    super(errors.errors.map(fieldErrorText).join("; "));
  }
}

export class ServiceAddresses {
  readonly #ranges: AddressRange[];
  readonly #ports: { from: number; to: number };
  readonly #given: GivenAddresses;

  constructor({ serviceCIDRs, nodePorts, store, reserved, clock }: ServiceAddressOptions) {
    this.#ranges = serviceCIDRs.map((cidr) => new AddressRange(cidr));
    this.#ports = nodePorts ?? { from: 30_000, to: 32_767 };
    this.#given = new GivenAddresses(store, clock, reserved);
  }

  /**
   * The Service with all addresses and ports that its type has; what `current` was given stays its own. Throws
   * ServiceRefused for what it cannot have, and an Error where there is nothing left.
   */
  assign(service: Service, current?: Service): Service {
    const errors = new FieldErrors();
    const next: Service = { ...service, spec: { ...service.spec } };
    if (current) {
      dropOfOtherType(next.spec, current.spec);
      keepAssigned(next.spec, current.spec);
    }
    const key = keyOf(service);
    if (next.spec.type === "ExternalName") {
      for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] as const) delete next.spec[field];
    } else this.#assignFamilies(next.spec, current?.spec, key, errors);
    this.#assignPorts(next.spec, key, errors);
    if (errors.errors.length > 0) throw new ServiceRefused(errors);
    return next;
  }

  /** Whether a Service has all that its type has: one that was stored by an earlier version may lack it. */
  isAssigned({ spec }: Service): boolean {
    if (spec.type === "ExternalName") return true;
    if (!spec.clusterIPs?.length || !spec.ipFamilies?.length) return false;
    if (needsHealthCheck(spec) && !spec.healthCheckNodePort) return false;
    return !givesPorts(spec) || (spec.ports ?? []).every(({ nodePort }) => nodePort);
  }

  #assignFamilies(wanted: Spec, current: Spec | undefined, key: string, errors: FieldErrors): void {
    const asked = wanted.clusterIPs?.length ? wanted.clusterIPs : wanted.clusterIP ? [wanted.clusterIP] : [];
    if (current && sameNetworks(wanted, current)) return; // given by whichever ranges there were
    const headless = asked[0] === "None";
    const known = this.#ranges.map(({ family }) => family);
    if (headless && Object.keys(wanted.selector ?? {}).length === 0) return withoutNetworks(wanted, known[0]);
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
        return address === undefined ? this.#anyAddress(range, key) : this.#address(range, address, key, errors);
      });
    }
    wanted.clusterIP = wanted.clusterIPs[0];
  }

  #address(range: AddressRange, asked: string, key: string, errors: FieldErrors): string {
    const address = plainAddress(asked);
    const why = !range.has(address)
      ? `the provided IP (${asked}) is not in the valid range. The range of valid IPs is ${range.cidr}`
      : this.#given.isTaken(address, key)
      ? "provided IP is already allocated"
      : undefined;
    if (why) errors.invalid(spec.child("clusterIPs"), [asked], `failed to allocate IP ${asked}: ${why}`);
    else this.#given.hold(address, key);
    return address;
  }

  #anyAddress(range: AddressRange, key: string): string {
    const named = Math.min(Math.max(16, Math.floor(range.size / 16)), 256, range.size);
    for (const [from, to] of [[named, range.size], [0, named]]) {
      const offset = free(to - from, key, (at) => this.#given.isTaken(range.at(from + at), key));
      if (offset !== undefined) {
        const address = range.at(from + offset);
        this.#given.hold(address, key);
        return address;
      }
    }
    throw new Error("failed to allocate a serviceIP: range is full");
  }

  #assignPorts(wanted: Spec, key: string, errors: FieldErrors): void {
    if (!exposes(wanted.type)) return;
    const own = new Map<number, Set<string>>();
    const use = (port: number, protocol: string) => {
      own.set(port, (own.get(port) ?? new Set()).add(protocol));
      this.#given.hold(`${protocol}/${port}`, key);
    };
    const path = spec.child("ports");
    for (const [at, { nodePort, protocol = "TCP" }] of (wanted.ports ?? []).entries()) {
      if (nodePort) this.#port(nodePort, protocol, key, path.index(at).child("nodePort"), errors, use);
    }
    const health = needsHealthCheck(wanted) ? wanted.healthCheckNodePort : undefined;
    if (health) this.#port(health, "TCP", key, spec.child("healthCheckNodePort"), errors, use);
    const any = (purpose: string) =>
      this.#anyPort(
        `${key}/${purpose}`,
        (port) => own.has(port) || protocols.some((each) => this.#given.isTaken(`${each}/${port}`, key)),
      );
    if (givesPorts(wanted)) {
      const ports = [...wanted.ports ?? []];
      for (const [at, port] of ports.entries()) {
        if (port.nodePort) continue;
        const { protocol = "TCP" } = port;
        // The same port twice, for two protocols, is one node port.
        const twin = ports.find((other) => other.port === port.port && other.nodePort)?.nodePort;
        const nodePort = twin && !own.get(twin)?.has(protocol) && !this.#given.isTaken(`${protocol}/${twin}`, key)
          ? twin
          : any(String(port.port));
        use(nodePort, protocol);
        ports[at] = { ...port, nodePort };
      }
      wanted.ports = ports;
    }
    if (needsHealthCheck(wanted) && !health) {
      wanted.healthCheckNodePort = any("health");
      use(wanted.healthCheckNodePort, "TCP");
    }
  }

  #port(
    port: number,
    protocol: string,
    key: string,
    path: FieldPath,
    errors: FieldErrors,
    use: (port: number, protocol: string) => void,
  ): void {
    const { from, to } = this.#ports;
    if (port < from || port > to) {
      const why = `provided port is not in the valid range. The range of valid ports is ${from}-${to}`;
      errors.invalid(path, port, why);
    } else if (this.#given.isTaken(`${protocol}/${port}`, key)) {
      errors.invalid(path, port, "provided port is already allocated");
    } else use(port, protocol);
  }

  #anyPort(purpose: string, busy: (port: number) => boolean): number {
    const { from, to } = this.#ports;
    const above = Math.min(from + portsByName, to + 1);
    for (const [low, high] of [[above, to + 1], [from, above]]) {
      const offset = free(high - low, purpose, (at) => busy(low + at));
      if (offset !== undefined) return low + offset;
    }
    throw new Error("failed to allocate a nodePort: range is full");
  }
}

function givesPorts({ type, allocateLoadBalancerNodePorts = true }: Spec): boolean {
  return type === "NodePort" || type === "LoadBalancer" && allocateLoadBalancerNodePorts;
}

/** Whether an update leaves addresses and families as they are. */
function sameNetworks(wanted: Spec, current: Spec): boolean {
  return Boolean(current.clusterIPs?.length && current.ipFamilies?.length) &&
    networkFields.every((field) => sameValue(wanted[field], current[field]));
}

/** Without an address and without a selector it is nobody's business here which families its endpoints are of. */
function withoutNetworks(wanted: Spec, first: Family): void {
  const families = wanted.ipFamilies?.length ? wanted.ipFamilies : [first];
  const both = families.length < 2 && wanted.ipFamilyPolicy !== "SingleStack";
  wanted.ipFamilies = both ? [families[0], families[0] === "IPv4" ? "IPv6" : "IPv4"] : families;
  wanted.ipFamilyPolicy ??= "RequireDualStack";
  wanted.clusterIP = "None";
  wanted.clusterIPs = ["None"];
}

/** Some offset below `size` that is not busy, or none: the first one from where the name leads to. */
function free(size: number, name: string, busy: (offset: number) => boolean): number | undefined {
  if (size <= 0) return undefined;
  const start = hash(name) % size;
  for (let step = 0; step < size; step++) {
    const offset = (start + step) % size;
    if (!busy(offset)) return offset;
  }
  return undefined;
}

/** FNV-1a, 32 bits, with its bits mixed: names that differ in their last letter lie far apart. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  return (value ^ value >>> 13) >>> 0;
}
