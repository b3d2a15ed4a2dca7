/** The kinds that the node serves, as its discovery tells: names that people type become paths. */
import { nearest } from "../nearest.ts";
import type { Client } from "./client.ts";
import { UsageError } from "./usage.ts";

export interface ApiResource {
  group: string;
  version: string;
  kind: string;
  plural: string;
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  verbs: readonly string[];
}

/** The parts that are read of apidiscovery.k8s.io/v2. */
interface GroupDiscoveryList {
  items: {
    metadata?: { name?: string };
    versions: {
      version: string;
      resources?: {
        resource: string;
        responseKind?: { kind: string };
        scope: "Cluster" | "Namespaced";
        singularResource?: string;
        shortNames?: string[];
        categories?: string[];
        verbs: string[];
      }[];
    }[];
  }[];
}

const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

export class ApiResources {
  constructor(readonly all: readonly ApiResource[]) {}

  /** Asks the node. */
  static async load(client: Client): Promise<ApiResources> {
    const lists = await Promise.all(
      ["/api", "/apis"].map((path) => client.json<GroupDiscoveryList>(path, { accept })),
    );
    const all: ApiResource[] = [];
    for (const { metadata, versions } of lists.flatMap(({ items }) => items)) {
      for (const { version, resources = [] } of versions) {
        for (const each of resources) {
          all.push({
            group: metadata?.name ?? "",
            version,
            kind: each.responseKind?.kind ?? "",
            plural: each.resource,
            singular: each.singularResource ?? "",
            shortNames: each.shortNames ?? [],
            categories: each.categories ?? [],
            namespaced: each.scope === "Namespaced",
            verbs: each.verbs,
          });
        }
      }
    }
    return new ApiResources(all);
  }

  /** What a word names: `pods`, `pod`, `po`, `Pod`, `endpointslices.discovery.k8s.io`. Throws a UsageError. */
  find(word: string): ApiResource {
    const [name, ...rest] = word.toLowerCase().split(".");
    const group = rest.join(".");
    // metrics.k8s.io has pods and nodes of its own: the first ones are meant
    const found = this.all.find((each) =>
      (group === "" || each.group === group || `${each.version}.${each.group}` === group) &&
      [each.plural, each.singular, each.kind.toLowerCase(), ...each.shortNames].includes(name)
    );
    if (found) return found;
    const near = nearest(
      name,
      this.all.flatMap(({ plural, singular, shortNames }) => [plural, singular, ...shortNames]),
    );
    throw new UsageError(
      `the node has no resource type ${JSON.stringify(word)}${near ? ` (did you mean ${near}?)` : ""}`,
    );
  }

  /** `pods,svc`, `all`. */
  findAll(words: string): ApiResource[] {
    return words.split(",").flatMap((word) => {
      const members = this.all.filter(({ categories }) => categories.includes(word.toLowerCase()));
      return members.length > 0 ? members : [this.find(word)];
    });
  }
}

/** The path of a collection, or of one object of it. */
export function resourcePath(
  { group, version, plural, namespaced }: ApiResource,
  namespace: string | undefined,
  name?: string,
): string {
  const base = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${base}${scope}/${plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}

/** `pod/web`, `endpointslice.discovery.k8s.io/web`: how objects are named in what verbs say. */
export function shownName({ group, kind }: Pick<ApiResource, "group" | "kind">, name: string): string {
  return `${kind.toLowerCase()}${group === "" ? "" : `.${group}`}/${name}`;
}

/** Objects that a verb is about. */
export interface Target {
  resource: ApiResource;
  /** undefined: all of them, or those that a selector takes. */
  name?: string;
}

/** `pod web db`, `pod/web svc/db`, `pods`, `pods,svc`, `all`. Throws a UsageError. */
export function targetsOf(words: readonly string[], resources: ApiResources, usage: string): Target[] {
  const [first, ...names] = words;
  if (first === undefined) throw new UsageError(`say what is meant: ${usage}`);
  if (!first.includes("/")) {
    const kinds = resources.findAll(first);
    if (names.length === 0) return kinds.map((resource) => ({ resource }));
    if (names.some((name) => name.includes("/"))) {
      throw new UsageError(`there is no need to name a type and then TYPE/NAME: ${usage}`);
    }
    return kinds.flatMap((resource) => names.filter((name) => name !== "").map((name) => ({ resource, name })));
  }
  return words.map((word) => {
    const [kind, name, ...more] = word.split("/");
    if (!name || more.length > 0) throw new UsageError(`${JSON.stringify(word)} is not TYPE/NAME: ${usage}`);
    return { resource: resources.find(kind), name };
  });
}
