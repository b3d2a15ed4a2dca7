import assert from "node:assert/strict";
import { testNode, testPod } from "./testing.ts";

const json = { "content-type": "application/json" };

Deno.test("health follows the runtime, liveness does not", async () => {
  const node = testNode();
  const codes = async () => {
    const paths = ["/healthz", "/readyz", "/livez"];
    return await Promise.all(paths.map(async (path) => (await node.app.request(path)).status));
  };
  assert.deepEqual(await codes(), [200, 200, 200]);
  node.healthy = false;
  assert.deepEqual(await codes(), [500, 500, 200]);
  const text = async (path: string) => await (await node.app.request(path)).text();
  assert.equal(await text("/readyz"), "[+]ping ok\n[-]runtime failed: reason withheld\nreadyz check failed\n");
  assert.match(await text("/readyz/runtime"), /the container runtime does not answer/);
  assert.equal(await text("/livez?verbose"), "[+]ping ok\nlivez check passed\n");
});

Deno.test("the version names islet and the Kubernetes API that it follows", async () => {
  const info = await (await testNode().app.request("/version")).json();
  assert.match(info.gitVersion, /^v1\.36\.\d+\+islet-/);
});

Deno.test("a pod is answered as it is stored", async () => {
  const { app, store } = testNode();
  const stored = store.put(testPod());
  const response = await app.request("/api/v1/namespaces/default/pods/web");
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), JSON.parse(JSON.stringify(stored)));
});

Deno.test("lists are sorted, keep to their namespace and carry the store's version", async () => {
  const { app, store } = testNode();
  for (const name of ["b", "a"]) store.put(testPod({ name }));
  store.put(testPod({ name: "c", metadata: { namespace: "other" } }));
  const names = async (path: string) => {
    const list = await (await app.request(path)).json();
    assert.equal(list.kind, "PodList");
    assert.equal(list.metadata.resourceVersion, store.resourceVersion);
    return list.items.map((pod: { metadata: { name: string } }) => pod.metadata.name);
  };
  assert.deepEqual(await names("/api/v1/pods"), ["a", "b", "c"]);
  assert.deepEqual(await names("/api/v1/namespaces/default/pods"), ["a", "b"]);
});

Deno.test("a pod of the machine's own hides one of the same name from a control plane", async () => {
  const { app, store } = testNode();
  store.put(testPod({ metadata: { uid: "remote" } }), "control-plane");
  store.put(testPod({ metadata: { uid: "local" } }), "local");
  const list = await (await app.request("/api/v1/pods")).json();
  assert.deepEqual(list.items.map((pod: { metadata: { uid: string } }) => pod.metadata.uid), ["local"]);
  const one = await (await app.request("/api/v1/namespaces/default/pods/web")).json();
  assert.equal(one.metadata.uid, "local");
});

const selections: [query: string, names: string[]][] = [
  ["labelSelector=app=web", ["a"]],
  ["labelSelector=app!=web", ["b"]],
  ["labelSelector=app%20in%20(web,db)", ["a", "b"]],
  ["fieldSelector=metadata.name=b", ["b"]],
  ["fieldSelector=status.phase!=Running", ["b"]],
  ["fieldSelector=status.phase=Running,metadata.name=b", []],
];
for (const [query, names] of selections) {
  Deno.test(`pods?${decodeURIComponent(query)} selects ${names.join(" and ") || "nothing"}`, async () => {
    const { app, store } = testNode();
    store.put(testPod({ name: "a", metadata: { labels: { app: "web" } } }));
    store.put(testPod({ name: "b", metadata: { labels: { app: "db" } }, status: { phase: "Pending" } }));
    const { items } = await (await app.request(`/api/v1/pods?${query}`)).json();
    assert.deepEqual(items.map((pod: { metadata: { name: string } }) => pod.metadata.name), names);
  });
}

Deno.test("a client that asks for a Table gets rows and columns", async () => {
  const { app, store } = testNode();
  store.put(testPod());
  const headers = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
  for (const path of ["/api/v1/pods", "/api/v1/namespaces/default/pods/web"]) {
    const table = await (await app.request(path, { headers })).json();
    assert.equal(table.kind, "Table");
    assert.equal(table.columnDefinitions.length, table.rows[0].cells.length);
    assert.deepEqual(table.rows[0].cells.slice(0, 5), ["web", "1/1", "Running", "0", "5m"]);
    assert.equal(table.rows[0].object.metadata.name, "web");
  }
});

Deno.test("events are selected by the object that they are about", async () => {
  const { app, events } = testNode();
  events.event(
    { kind: "Pod", namespace: "default", name: "web", uid: "u" },
    "Normal",
    "Started",
    "Container started",
  );
  events.event({ kind: "Pod", namespace: "other", name: "db", uid: "v" }, "Warning", "BackOff", "Back-off");
  const reasons = async (path: string) =>
    (await (await app.request(path)).json()).items.map((event: { reason: string }) => event.reason);
  assert.deepEqual(await reasons("/api/v1/events"), ["Started", "BackOff"]);
  assert.deepEqual(await reasons("/api/v1/namespaces/other/events"), ["BackOff"]);
  assert.deepEqual(await reasons("/api/v1/events?fieldSelector=involvedObject.kind=Pod,involvedObject.name=web"), [
    "Started",
  ]);
});

Deno.test("problems of manifests are told with their place in one line", async () => {
  const node = testNode();
  node.problems.push({
    file: "/m/bad.yaml",
    severity: "error",
    line: 7,
    column: 11,
    path: "spec.containers[0].name",
    message: "Required value",
  });
  const { problems } = await (await node.app.request("/islet/v1/manifests/problems")).json();
  assert.equal(problems[0].text, "bad.yaml:7:11: spec.containers[0].name: Required value");
  assert.equal(problems[0].severity, "error");
});

const refusals: [what: string, method: string, path: string, code: number, reason: string, message: RegExp][] = [
  ["an unknown path", "GET", "/api/v1/gizmos", 404, "NotFound", /could not find the requested resource/],
  ["an unknown pod", "GET", "/api/v1/namespaces/default/pods/nope", 404, "NotFound", /^pods "nope" not found$/],
  ["a create without a body", "POST", "/api/v1/namespaces/default/pods", 400, "BadRequest", /body .* is empty/],
  [
    "a patch of no known type",
    "PATCH",
    "/api/v1/namespaces/default/pods/web/status",
    415,
    "UnsupportedMediaType",
    /merge-patch/,
  ],
  [
    "a field that is none",
    "GET",
    "/api/v1/pods?fieldSelector=a.b=c",
    400,
    "BadRequest",
    /^field label not supported: a\.b$/,
  ],
  ["a broken selector", "GET", "/api/v1/pods?labelSelector=a===b", 400, "BadRequest", /^unable to parse requirement/],
  [
    "a watch from the past",
    "GET",
    "/api/v1/pods?watch=1&resourceVersion=3",
    410,
    "Expired",
    /^too old resource version: 3/,
  ],
];
for (const [what, method, path, code, reason, message] of refusals) {
  Deno.test(`${what} is refused with ${code} ${reason}`, async () => {
    const { app, store } = testNode();
    store.put(testPod());
    const response = await app.request(path, { method, headers: json });
    assert.equal(response.status, code);
    const status = await response.json();
    assert.equal(status.kind, "Status");
    assert.equal(status.status, "Failure");
    assert.equal(status.code, code);
    assert.equal(status.reason, reason);
    assert.match(status.message, message);
  });
}

Deno.test("an unexpected failure is a 500 Status", async () => {
  const { app } = testNode({
    problems: () => {
      throw new Error("broken");
    },
  });
  const response = await app.request("/islet/v1/manifests/problems");
  assert.equal(response.status, 500);
  assert.equal((await response.json()).reason, "InternalError");
});
