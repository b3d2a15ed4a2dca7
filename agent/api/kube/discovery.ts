/**
 * What the API serves: a list a group and version, and, for clients that ask for it, everything in one document
 * (aggregated discovery).
 */
import type { Context } from "hono";
import type { AppEnv } from "../request.ts";
import { acceptClauses, negotiate } from "./negotiate.ts";
import { noSuchResource } from "./errors.ts";
import type { GroupVersion, Registry } from "./registry.ts";
import { respond } from "./respond.ts";
import type { Resource } from "./types.ts";

type Answer = (c: Context<AppEnv>) => Promise<Response>;

const partVerbs = ["get", "patch", "update"];
const groupVersion = (group: string, version: string) => group ? `${group}/${version}` : version;

/** `/api`. */
export function coreVersions(registry: Registry): Answer {
  return async (c) => {
    const all = await aggregated(c, registry, (name) => name === "");
    if (all) return all;
    const versions = registry.groups().find(({ name }) => name === "")?.versions ?? [];
    return await respond(c, negotiate(c.req.header("accept")), {
      kind: "APIVersions",
      versions: versions.map(({ version }) => version),
      serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: new URL(c.req.url).host }],
    });
  };
}

/** `/apis`. */
export function groupList(registry: Registry): Answer {
  return async (c) => {
    const all = await aggregated(c, registry, (name) => name !== "");
    if (all) return all;
    const groups = registry.groups().filter(({ name }) => name !== "").map(groupOf);
    return await respond(c, negotiate(c.req.header("accept")), { kind: "APIGroupList", apiVersion: "v1", groups });
  };
}

/** `/apis/GROUP`. */
export function oneGroup(registry: Registry): Answer {
  return async (c) => {
    const found = registry.groups().find(({ name }) => name !== "" && name === c.req.param("group"));
    if (!found) throw noSuchResource();
    const group = { kind: "APIGroup", apiVersion: "v1", ...groupOf(found) };
    return await respond(c, negotiate(c.req.header("accept")), group);
  };
}

function groupOf({ name, versions }: { name: string; versions: GroupVersion[] }) {
  const all = versions.map(({ version }) => ({ groupVersion: groupVersion(name, version), version }));
  return { name, versions: all, preferredVersion: all[0] };
}

/** `/api/v1`, `/apis/GROUP/VERSION`. */
export function resourceList(registry: Registry): Answer {
  return async (c) => {
    const found = registry.version(c.req.param("group") ?? "", c.req.param("version")!);
    if (!found) throw noSuchResource();
    return await respond(c, negotiate(c.req.header("accept")), {
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion: groupVersion(found.group, found.version),
      resources: found.resources.flatMap(entries).sort((a, b) => a.name < b.name ? -1 : 1),
    });
  };
}

function entries(resource: Resource) {
  const { plural, singular, namespaced, kind, shortNames, categories } = resource;
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: verbsOf(resource),
      ...(shortNames?.length ? { shortNames } : {}),
      ...(categories?.length ? { categories } : {}),
    },
    ...subresourcesOf(resource).map(({ name, group, version, kind, verbs }) => ({
      name: `${plural}/${name}`,
      singularName: "",
      namespaced,
      ...(group || version ? { group, version } : {}),
      kind,
      verbs,
    })),
  ];
}

function verbsOf({ verbs }: Resource): string[] {
  return [...verbs].sort();
}

function subresourcesOf(resource: Resource) {
  const { kind, hasStatus, parts = {}, subresources = {} } = resource;
  const all = Object.entries(subresources).map(([name, { kind: taken, verbs }]) => ({
    name,
    ...taken,
    verbs: [...verbs].sort() as string[],
  }));
  if (hasStatus && !subresources.status) all.push({ name: "status", kind, verbs: partVerbs });
  for (const name of Object.keys(parts)) all.push({ name, kind, verbs: partVerbs });
  return all.sort((a, b) => a.name < b.name ? -1 : 1) as {
    name: string;
    group?: string;
    version?: string;
    kind: string;
    verbs: string[];
  }[];
}

/** Everything at once, in the version of apidiscovery.k8s.io that the client likes best; undefined when it does not. */
async function aggregated(
  c: Context<AppEnv>,
  registry: Registry,
  chosen: (group: string) => boolean,
): Promise<Response | undefined> {
  const [first] = acceptClauses(c.req.header("accept")).filter(({ type, parameters: { as, g, v } }) =>
    type === "application/json" &&
    (as === undefined ||
      (as === "APIGroupDiscoveryList" && g === "apidiscovery.k8s.io" && (v === "v2" || v === "v2beta1")))
  );
  if (!first?.parameters.as) return undefined;
  const { v } = first.parameters;
  const items = registry.groups().filter(({ name }) => chosen(name)).map(({ name, versions }) => ({
    metadata: { ...(name && { name }), creationTimestamp: null },
    versions: versions.map(({ version, resources }) => ({
      version,
      resources: resources.map(aggregatedEntry).sort((a, b) => a.resource < b.resource ? -1 : 1),
      freshness: "Current",
    })),
  }));
  const response = await respond(c, { media: "application/json" }, {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${v}`,
    metadata: {},
    items,
  });
  response.headers.set("content-type", `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`);
  response.headers.append("vary", "Accept");
  return response;
}

function aggregatedEntry(resource: Resource) {
  const { plural, singular, namespaced, kind, group, version, shortNames, categories } = resource;
  const subresources = subresourcesOf(resource).map((sub) => ({
    subresource: sub.name,
    responseKind: { group: sub.group ?? group, version: sub.version ?? version, kind: sub.kind },
    verbs: sub.verbs,
  }));
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: verbsOf(resource),
    ...(shortNames?.length ? { shortNames } : {}),
    ...(categories?.length ? { categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
