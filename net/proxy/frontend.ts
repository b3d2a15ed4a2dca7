/** A frontend: one address and port that clients use, with the endpoints behind it and the elements and chains that it needs. */
import { endpointMap, type FrontendKind, type Part, protocolOf, type Scope } from "./chains.ts";
import { type ElementSet } from "./table.ts";

/** All that is behind an address and port. Endpoints are `10.244.0.5 . 8080`. */
export interface Frontend {
  /** `10.96.0.5 . tcp . 80`, or `tcp . 30080` for a node port: the key of its elements. */
  id: string;
  kind: FrontendKind;
  /** `namespace/name` of its Service; "" where it is not known, of one that was read back. */
  service: string;
  /** What `services` or `node-ports` says: `goto lb-3`. */
  verdict?: string;
  /** What is said in its place where no endpoint may answer. */
  refused?: string;
  /** By their index; the order is diff.ts's to choose. */
  endpoints: Readonly<Record<Scope, readonly string[]>>;
  /** Which chain learns affinity, by the endpoints' ports. */
  learn?: ReadonlyMap<string, string>;
  /** Who may use it, if not everybody. */
  allowed?: readonly string[];
  /** Endpoints that serve, also those that get nothing new: connections to them live on. */
  serving: readonly string[];
  /** Elements that several frontends may need. */
  shared: Readonly<Record<SharedSet, readonly string[]>>;
  /** Chains and maps that several frontends may need, each after those that it names. */
  parts: readonly Part[];
  /** Elements of it in the kernel that do not belong there. */
  stray?: readonly Element[];
}

/** Sets whose elements belong to several frontends. */
export const sharedSets = ["cluster-ips", "hairpin"] as const;
export type SharedSet = typeof sharedSets[number];

export interface Element {
  set: ElementSet;
  key: string;
  /** Absent in sets. */
  value?: string;
}

/** All frontends of a family, by id. */
export type Frontends = ReadonlyMap<string, Frontend>;

/** Something that a Service asks for and does not get. */
export interface ServiceProblem {
  service: string;
  message: string;
}

/** Shows the elements that are a frontend's own, in its order of endpoints. */
export function eachElement(frontend: Frontend, show: (set: ElementSet, key: string, value?: string) => void): void {
  const { id, kind, verdict, refused, endpoints, learn, allowed, stray } = frontend;
  const node = kind === "node";
  if (verdict) show(node ? "node-ports" : "services", id, verdict);
  if (refused) show(node ? "node-no-endpoints" : "no-endpoints", id, refused);
  for (const scope of scopes) {
    const list = endpoints[scope];
    if (list.length === 0) continue;
    const set = endpointMap(kind, scope, protocolOf(id)) as ElementSet, key = `${id} . `;
    for (let index = 0; index < list.length; index++) show(set, key + index, list[index]);
  }
  if (learn) {
    for (const endpoint of new Set([...endpoints.cluster, ...endpoints.local])) {
      show(node ? "node-live" : "live", `${id} . ${endpoint}`, `jump ${learn.get(portOf(endpoint))}`);
    }
  }
  if (allowed) {
    show("restricted", id);
    for (const range of allowed) show("allowed", `${id} . ${range}`);
  }
  if (stray) { for (const { set, key, value } of stray) show(set, key, value); }
}

const scopes = ["cluster", "local"] as const;

/** The same as a list. */
export function elementsOf(frontend: Frontend): Element[] {
  const elements: Element[] = [];
  eachElement(frontend, (set, key, value) => elements.push(value === undefined ? { set, key } : { set, key, value }));
  return elements;
}

/** The port of `10.244.0.5 . 8080`. */
export function portOf(endpoint: string): string {
  return endpoint.slice(endpoint.lastIndexOf(" ") + 1);
}

/** A frontend in words. */
export function named({ id, kind }: { id: string; kind: FrontendKind }): string {
  const parts = id.split(" . ");
  return kind === "node" ? `node port ${parts[1]}/${parts[0]}` : `${parts[0]} port ${parts[2]}/${parts[1]}`;
}
