/** Which addresses and node ports are given out, and to which Service: those that are stored, and those of a moment ago. */
import type { Clock } from "../../clock.ts";
import type { Service } from "../../objects/mod.ts";
import type { ObjectStore } from "../../store/mod.ts";
import { plainAddress } from "./range.ts";

/** How long what was given out is held for a write that is under way. */
const heldMs = 10_000;

export class GivenAddresses {
  readonly #store: Pick<ObjectStore, "list" | "watch">;
  readonly #clock: Pick<Clock, "mono">;
  /** An address, or `TCP/30080` → the Services that have it. */
  #owners?: Map<string, Set<string>>;
  readonly #held = new Map<string, { key: string; until: number }>();

  /** `reserved`: addresses that belong to a Service (`namespace/name`) whether it is there or not. */
  constructor(
    store: Pick<ObjectStore, "list" | "watch">,
    clock: Pick<Clock, "mono">,
    private readonly reserved: Readonly<Record<string, string>> = {},
  ) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Whether a Service other than `key` has it. */
  isTaken(what: string, key: string): boolean {
    if (Object.hasOwn(this.reserved, what) && this.reserved[what] !== key) return true;
    for (const owner of this.#known().get(what) ?? []) if (owner !== key) return true;
    const held = this.#held.get(what);
    return held !== undefined && held.key !== key && held.until > this.#clock.mono();
  }

  /** Gives it to a Service that is about to be written. */
  hold(what: string, key: string): void {
    const now = this.#clock.mono();
    for (const [each, { until }] of this.#held) if (until <= now) this.#held.delete(each);
    this.#held.set(what, { key, until: now + heldMs });
  }

  /** Looked up once, when the first one is asked for, and followed from then on. */
  #known(): Map<string, Set<string>> {
    if (this.#owners) return this.#owners;
    const owners = this.#owners = new Map<string, Set<string>>();
    for (const { object } of this.#store.list<Service>("Service")) this.#add(owners, object);
    this.#store.watch<Service>(({ type, object, previous }) => {
      if (previous) this.#remove(owners, previous);
      if (type !== "DELETED") this.#add(owners, object);
    }, { kind: "Service" });
    return owners;
  }

  #add(owners: Map<string, Set<string>>, service: Service): void {
    const key = keyOf(service);
    for (const what of assignedTo(service)) {
      const own = owners.get(what);
      if (own) own.add(key);
      else owners.set(what, new Set([key]));
      if (this.#held.get(what)?.key === key) this.#held.delete(what);
    }
  }

  #remove(owners: Map<string, Set<string>>, service: Service): void {
    for (const what of assignedTo(service)) {
      const own = owners.get(what);
      own?.delete(keyOf(service));
      if (own?.size === 0) owners.delete(what);
    }
  }
}

export function keyOf({ metadata: { namespace = "default", name } }: Pick<Service, "metadata">): string {
  return `${namespace}/${name}`;
}

function assignedTo({ spec }: Service): string[] {
  const addresses = (spec.clusterIPs ?? [spec.clusterIP ?? ""]).filter((address) => address && address !== "None");
  const ports = (spec.ports ?? []).flatMap(({ nodePort, protocol = "TCP" }) =>
    nodePort ? [`${protocol}/${nodePort}`] : []
  );
  const health = spec.healthCheckNodePort ? [`TCP/${spec.healthCheckNodePort}`] : [];
  return [...addresses.map(plainAddress), ...ports, ...health];
}
