import assert from "node:assert/strict";
import { client, configMap, configMaps } from "./testing.ts";

const names = (list: { items: { metadata: { name: string } }[] }) => list.items.map(({ metadata }) => metadata.name);
const table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

async function five() {
  const node = client();
  for (const name of ["c", "a", "e", "b", "d"]) await node.create(configMaps, configMap(name));
  return node;
}

Deno.test("pages are in order, each goes on after the last, and say what is left", async () => {
  const node = await five();
  const first = (await node.get(`${configMaps}?limit=2`)).body;
  assert.deepEqual(names(first), ["a", "b"]);
  assert.equal(first.metadata.remainingItemCount, 3);
  const second = (await node.get(`${configMaps}?limit=2&continue=${first.metadata.continue}`)).body;
  assert.deepEqual(names(second), ["c", "d"]);
  assert.equal(second.metadata.remainingItemCount, 1);
  const last = (await node.get(`${configMaps}?limit=2&continue=${second.metadata.continue}`)).body;
  assert.deepEqual(names(last), ["e"]);
  assert.equal(last.metadata.continue, undefined);
  assert.equal(last.metadata.remainingItemCount, undefined);
});

Deno.test("every page shows what was there when the first was read", async () => {
  const node = await five();
  const first = (await node.get(`${configMaps}?limit=2`)).body;
  await node.remove(`${configMaps}/c`);
  await node.create(configMaps, configMap("cc"));
  await node.put(`${configMaps}/d`, configMap("d", { data: { a: "2" } }));
  const rest = (await node.get(`${configMaps}?continue=${first.metadata.continue}`)).body;
  assert.deepEqual(names(rest), ["c", "d", "e"]);
  assert.equal(rest.items[1].data.a, "1");
  assert.equal(rest.metadata.resourceVersion, first.metadata.resourceVersion);
  assert.deepEqual(names((await node.get(configMaps)).body), ["a", "b", "cc", "d", "e"]);
});

Deno.test("a token whose state is forgotten is 410 with one that goes on from the present", async () => {
  const node = await five();
  const first = (await node.get(`${configMaps}?limit=2`)).body;
  for (let count = 0; count < 1001; count++) {
    await node.put(`${configMaps}/e`, configMap("e", { data: { a: `${count}` } }));
  }
  await node.remove(`${configMaps}/c`);
  const { code, body } = await node.get(`${configMaps}?continue=${first.metadata.continue}`);
  assert.equal(code, 410);
  assert.equal(body.reason, "Expired");
  assert.match(body.message, /^The provided continue parameter is too old to display a consistent list result\./);
  const rest = await node.get(`${configMaps}?continue=${body.metadata.continue}`);
  assert.deepEqual(names(rest.body), ["d", "e"]);
});

Deno.test("a list can be asked for as of a version that is remembered, and not of one that is not", async () => {
  const node = await five();
  const then = (await node.get(configMaps)).body.metadata.resourceVersion;
  await node.remove(`${configMaps}/a`);
  const exact = await node.get(`${configMaps}?resourceVersion=${then}&resourceVersionMatch=Exact`);
  assert.deepEqual(names(exact.body), ["a", "b", "c", "d", "e"]);
  assert.equal(exact.body.metadata.resourceVersion, then);
  const newer = await node.get(`${configMaps}?resourceVersion=${then}&resourceVersionMatch=NotOlderThan`);
  assert.deepEqual(names(newer.body), ["b", "c", "d", "e"]);
  const old = await node.get(`${configMaps}?resourceVersion=1&resourceVersionMatch=Exact`);
  assert.deepEqual([old.code, old.body.reason], [410, "Expired"]);
});

const refusals: [query: string, code: number, message: RegExp][] = [
  ["resourceVersion=99999", 504, /^Timeout: Too large resource version: 99999, current: \d+$/],
  ["resourceVersion=x", 400, /^resourceVersion: Invalid value: "x": strconv\.ParseUint: parsing "x": invalid syntax$/],
  ["limit=many", 400, /parsing "many": invalid syntax/],
  ["continue=x", 400, /^continue key is not valid: /],
  [
    "resourceVersionMatch=Exact",
    422,
    /^ListOptions\.meta\.k8s\.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided$/,
  ],
  [
    "resourceVersion=1&resourceVersionMatch=Soon",
    422,
    /Unsupported value: "Soon": supported values: "Exact", "NotOlder/,
  ],
  [
    "resourceVersion=0&resourceVersionMatch=Exact",
    422,
    /resourceVersionMatch "exact" is forbidden for resourceVersion "0"/,
  ],
  ["sendInitialEvents=true", 422, /sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list$/],
  ["watch=1&sendInitialEvents=true", 422, /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan$/],
  [
    "watch=1&resourceVersion=1&resourceVersionMatch=NotOlderThan",
    422,
    /resourceVersionMatch is forbidden for watch unless sendInitialEvents is set$/,
  ],
  ["fieldSelector=data=1", 400, /^"data" is not a known field selector: only "metadata.name", "metadata.namespace"$/],
  ["labelSelector=a b", 400, /^unable to parse requirement: found 'b', expected: in, notin/],
];
for (const [query, code, message] of refusals) {
  Deno.test(`configmaps?${query} is ${code}`, async () => {
    const node = client();
    const answer = await node.get(`${configMaps}?${query}`);
    assert.equal(answer.code, code);
    assert.match(answer.body.message, message);
  });
}

Deno.test("a Table has a row an object, with the object's metadata, all of it, or nothing", async () => {
  const node = await five();
  const one = (await node.get(`${configMaps}/a`, table)).body;
  assert.deepEqual(one.columnDefinitions.map(({ name }: { name: string }) => name), ["Name", "Data", "Age"]);
  assert.deepEqual(one.rows[0].cells, ["a", 1, "0s"]);
  assert.equal(one.rows[0].object.kind, "PartialObjectMetadata");
  assert.equal(one.rows[0].object.data, undefined);
  const all = (await node.get(`${configMaps}?includeObject=Object`, table)).body;
  assert.equal(all.rows.length, 5);
  assert.equal(all.rows[0].object.data.a, "1");
  assert.equal(all.metadata.resourceVersion, node.store.resourceVersion);
  const none = (await node.get(`${configMaps}?includeObject=None`, table)).body;
  assert.equal(none.rows[0].object, undefined);
});

Deno.test("metadata alone can be had, of one and of many", async () => {
  const node = await five();
  const as = (kind: string) => `application/json;as=${kind};g=meta.k8s.io;v=v1`;
  const one = (await node.get(`${configMaps}/a`, as("PartialObjectMetadata"))).body;
  assert.deepEqual([one.kind, one.metadata.name, one.data], ["PartialObjectMetadata", "a", undefined]);
  const list = (await node.get(configMaps, as("PartialObjectMetadataList"))).body;
  assert.equal(list.kind, "PartialObjectMetadataList");
  assert.equal(list.items[4].kind, "PartialObjectMetadata");
});

const accepts: [accept: string | undefined, code: number, type: string][] = [
  [undefined, 200, "application/json"],
  ["*/*", 200, "application/json"],
  ["application/vnd.kubernetes.protobuf,application/json", 200, "application/json"],
  ["application/yaml", 200, "application/yaml"],
  ["application/json;q=0.1,application/yaml", 200, "application/yaml"],
  ["text/html", 406, "application/json"],
  ["application/vnd.kubernetes.protobuf", 406, "application/json"],
  ["application/json;as=Sandwich;g=meta.k8s.io;v=v1", 406, "application/json"],
  ["application/json;as=Table;g=other;v=v1,application/json", 200, "application/json"],
];
for (const [accept, code, type] of accepts) {
  Deno.test(`Accept: ${accept ?? "nothing"} is answered ${code} as ${type}`, async () => {
    const node = await five();
    const answer = await node.get(`${configMaps}/a`, accept);
    assert.equal(answer.code, code);
    assert.equal(answer.headers.get("content-type")?.split(";")[0], type);
    if (code === 406) {
      assert.equal(answer.body.reason, "NotAcceptable");
      assert.match(answer.body.message, /^only the following media types are accepted: application\/json, /);
    }
  });
}

Deno.test("JSON is indented for people, and where it is asked for", async () => {
  const node = await five();
  const text = async (path: string, agent: string) => {
    const response = await node.app.request(path, { headers: { "user-agent": agent } });
    return await response.text();
  };
  assert.match(await text(`${configMaps}/a`, "curl/8.0"), /^\{\n {2}"apiVersion"/);
  assert.match(await text(`${configMaps}/a?pretty=true`, "client"), /^\{\n {2}"apiVersion"/);
  assert.match(await text(`${configMaps}/a?pretty=false`, "curl/8.0"), /^\{"apiVersion"/);
  assert.match(await text(`${configMaps}/a`, "kubectl/v1.32.0"), /^\{"apiVersion"/);
});

const paths: [method: string, path: string, code: number, message: RegExp][] = [
  ["GET", "/api/v1/gizmos", 404, /^the server could not find the requested resource$/],
  ["GET", "/api/v1/configmaps/a", 404, /^the server could not find the requested resource$/],
  ["GET", "/api/v1/namespaces/default/nodes", 404, /^the server could not find the requested resource$/],
  ["GET", `${configMaps}/a/status`, 404, /^the server could not find the requested resource$/],
  ["GET", `${configMaps}/nope`, 404, /^configmaps "nope" not found$/],
  [
    "GET",
    "/apis/coordination.k8s.io/v1/namespaces/default/leases/x",
    404,
    /^leases\.coordination\.k8s\.io "x" not found$/,
  ],
  ["PUT", configMaps, 405, /^the server does not allow this method on the requested resource$/],
  ["POST", `${configMaps}/a`, 405, /^the server does not allow this method on the requested resource$/],
  ["POST", "/api/v1/configmaps", 405, /^the server does not allow this method on the requested resource$/],
  ["DELETE", "/api/v1/configmaps", 405, /^the server does not allow this method on the requested resource$/],
  ["DELETE", "/api/v1/namespaces", 405, /^deletecollection is not supported on resources of kind "namespaces"$/],
];
for (const [method, path, code, message] of paths) {
  Deno.test(`${method} ${path} is ${code}`, async () => {
    const answer = await client().ask(method, path, method === "GET" ? {} : { body: {} });
    assert.equal(answer.code, code);
    assert.equal(answer.body.kind, "Status");
    assert.match(answer.body.message, message);
  });
}
