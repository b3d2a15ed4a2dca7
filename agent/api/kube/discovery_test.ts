import assert from "node:assert/strict";
import { client } from "./testing.ts";

const aggregated = (version: string) =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList,application/json`;

interface Entry {
  name: string;
  kind: string;
  verbs: string[];
  namespaced: boolean;
  shortNames?: string[];
}

Deno.test("groups and versions are listed, and each lists its resources and their parts", async () => {
  const node = client();
  const core = (await node.get("/api")).body;
  assert.deepEqual([core.kind, core.versions], ["APIVersions", ["v1"]]);
  const { groups } = (await node.get("/apis")).body;
  const names = groups.map(({ name }: { name: string }) => name);
  for (const name of ["events.k8s.io", "rbac.authorization.k8s.io", "coordination.k8s.io"]) {
    assert.ok(names.includes(name));
  }
  assert.ok(!names.includes(""));
  for (const group of groups) {
    assert.deepEqual((await node.get(`/apis/${group.name}`)).body.versions, group.versions);
    for (const { groupVersion } of group.versions) {
      const list = (await node.get(`/apis/${groupVersion}`)).body;
      assert.equal(list.groupVersion, groupVersion);
      assert.ok(list.resources.length > 0);
    }
  }
  const { resources } = (await node.get("/api/v1")).body as { resources: Entry[] };
  const pods = resources.find(({ name }) => name === "pods")!;
  assert.deepEqual([pods.kind, pods.namespaced, pods.shortNames], ["Pod", true, ["po"]]);
  assert.deepEqual(pods.verbs, ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]);
  assert.ok(resources.some(({ name }) => name === "pods/status"));
  assert.equal((await node.get("/apis/apps")).code, 404);
  assert.equal((await node.get("/apis/apps/v1")).code, 404);
  assert.equal((await node.get("/api/v2")).code, 404);
});

for (const version of ["v2", "v2beta1"]) {
  Deno.test(`aggregated discovery ${version} says in two answers what the lists say in many`, async () => {
    const node = client();
    for (const root of ["/api", "/apis"]) {
      const { body, headers } = await node.get(root, aggregated(version));
      assert.equal(body.kind, "APIGroupDiscoveryList");
      assert.equal(body.apiVersion, `apidiscovery.k8s.io/${version}`);
      assert.equal(
        headers.get("content-type"),
        `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      );
      assert.ok(body.items.length > 0);
      for (const { metadata: { name = "" }, versions } of body.items) {
        for (const { version, resources } of versions) {
          const path = name ? `/apis/${name}/${version}` : `/api/${version}`;
          const listed = (await node.get(path)).body.resources as Entry[];
          const here = resources.flatMap(({ resource, verbs, subresources = [] }: AggregatedEntry) => [
            `${resource} ${verbs}`,
            ...subresources.map(({ subresource, verbs }) => `${resource}/${subresource} ${verbs}`),
          ]);
          assert.deepEqual(here.sort(), listed.map(({ name, verbs }) => `${name} ${verbs}`).sort());
        }
      }
    }
  });
}

interface AggregatedEntry {
  resource: string;
  verbs: string[];
  subresources?: { subresource: string; verbs: string[] }[];
}

Deno.test("a client that does not know aggregated discovery gets the lists", async () => {
  const node = client();
  const { body } = await node.get("/apis", "application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList,*/*");
  assert.equal(body.kind, "APIGroupList");
  assert.equal((await node.get("/apis", `application/json,${aggregated("v2")}`)).body.kind, "APIGroupList");
});
