import { deepEqual, equal, throws } from "node:assert/strict";
import { type ApiResource, ApiResources, resourcePath, shownName, targetsOf } from "./api_resources.ts";

function resource(parts: Partial<ApiResource>): ApiResource {
  return {
    group: "",
    version: "v1",
    kind: "Pod",
    plural: "pods",
    singular: "pod",
    shortNames: ["po"],
    categories: ["all"],
    namespaced: true,
    verbs: ["get", "list"],
    ...parts,
  };
}

const pods = resource({});
const services = resource({ kind: "Service", plural: "services", singular: "service", shortNames: ["svc"] });
const nodes = resource({
  kind: "Node",
  plural: "nodes",
  singular: "node",
  shortNames: ["no"],
  categories: [],
  namespaced: false,
});
const slices = resource({
  group: "discovery.k8s.io",
  kind: "EndpointSlice",
  plural: "endpointslices",
  singular: "endpointslice",
  shortNames: [],
  categories: [],
});
const metrics = resource({
  group: "metrics.k8s.io",
  version: "v1beta1",
  kind: "PodMetrics",
  singular: "",
  shortNames: [],
  categories: [],
});
const known = new ApiResources([pods, services, nodes, slices, metrics]);

const found: [word: string, resource: ApiResource][] = [
  ["pods", pods],
  ["Pod", pods],
  ["po", pods],
  ["endpointslices.discovery.k8s.io", slices],
  ["EndpointSlice", slices],
  ["pods.metrics.k8s.io", metrics],
  ["endpointslices.v1.discovery.k8s.io", slices],
];
for (const [word, wanted] of found) {
  Deno.test(`${word} names ${wanted.plural} of group ${JSON.stringify(wanted.group)}`, () => {
    equal(known.find(word), wanted);
  });
}

Deno.test("a type that is not there is told with the nearest one", () => {
  throws(() => known.find("servces"), /no resource type "servces" \(did you mean services\?\)/);
});

Deno.test("words are taken for types with names, pairs, lists and categories", () => {
  const names = (words: string[]) =>
    targetsOf(words, known, "x").map(({ resource, name }) => name ? `${resource.plural}/${name}` : resource.plural);
  deepEqual(names(["pods"]), ["pods"]);
  deepEqual(names(["po", "a", "b"]), ["pods/a", "pods/b"]);
  deepEqual(names(["pod/a", "svc/b"]), ["pods/a", "services/b"]);
  deepEqual(names(["pods,svc"]), ["pods", "services"]);
  deepEqual(names(["all"]), ["pods", "services"]);
  throws(() => names([]), /say what is meant/);
  throws(() => names(["pods", "svc/b"]), /no need to name a type and then TYPE\/NAME/);
  throws(() => names(["pod/a/b"]), /"pod\/a\/b" is not TYPE\/NAME/);
});

Deno.test("paths are of the core API or of a group, in a namespace or not", () => {
  equal(resourcePath(pods, "default", "a b"), "/api/v1/namespaces/default/pods/a%20b");
  equal(resourcePath(pods, undefined), "/api/v1/pods");
  equal(resourcePath(nodes, "default", "edge"), "/api/v1/nodes/edge");
  equal(resourcePath(slices, "x"), "/apis/discovery.k8s.io/v1/namespaces/x/endpointslices");
});

Deno.test("names are shown with their group", () => {
  equal(shownName(pods, "a"), "pod/a");
  equal(shownName(slices, "a"), "endpointslice.discovery.k8s.io/a");
});
