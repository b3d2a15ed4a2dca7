import assert from "node:assert/strict";
import { KubeletMetrics } from "../../../stats/mod.ts";
import {
  observedContainer,
  observedWeb,
  podCgroupPath,
  type UsageNode,
  usageNode,
  usageTexts,
} from "../../../stats/testing.ts";
import { testNode } from "../../testing.ts";

const api = "/apis/metrics.k8s.io/v1beta1";
const table = { headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" } };

/** A node whose one pod uses a quarter of a core in the second that the first question takes. */
function setUp() {
  const measured = usageNode();
  const none = () => {};
  const scrapes = { kubelet: none, cadvisor: none, resource: none, probes: none, objects: none };
  const node = testNode({ stats: { usage: measured.usage, scrapes, kubelet: new KubeletMetrics() } });
  node.store.put(measured.pods[0] as never);
  /** Asks, letting the sampler's first second pass. */
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = node.app.request(path, init, { door: "socket" });
    if (!measured.usage.sampler.active) await firstSecond(measured);
    const response = await answer;
    // deno-lint-ignore no-explicit-any -- answers are looked at field by field
    return { status: response.status, body: await response.json() as any };
  };
  return { ...measured, node, ask };
}

async function firstSecond({ clock, texts }: UsageNode): Promise<void> {
  await clock.advance(500);
  Object.assign(texts[`${podCgroupPath}/c1`] ?? {}, usageTexts(1, { cpuNs: 1.25e9, usage: 200_000, inactive: 40_000 }));
  Object.assign(texts["/"], { "cpuacct.usage": String(60e9 + 1.5e9) });
  await clock.advance(500);
}

Deno.test("PodMetrics of a running pod tell each container's rate and working set", async () => {
  const { ask } = setUp();
  const { status, body } = await ask(`${api}/namespaces/default/pods/web`);
  assert.equal(status, 200);
  assert.deepEqual(body, {
    kind: "PodMetrics",
    apiVersion: "metrics.k8s.io/v1beta1",
    metadata: {
      name: "web",
      namespace: "default",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { app: "web" },
    },
    timestamp: "2026-01-01T00:00:01Z",
    window: "1s",
    containers: [{ name: "main", usage: { cpu: "250m", memory: "160000" } }],
  });
});

Deno.test("a list takes label selectors and namespaces, and prints as metrics-server does", async () => {
  const { ask } = setUp();
  const names = async (path: string) =>
    (await ask(`${api}${path}`)).body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
  assert.deepEqual(await names("/pods"), ["web"]);
  assert.deepEqual(await names("/pods?labelSelector=app%3Dweb"), ["web"]);
  assert.deepEqual(await names("/pods?labelSelector=app%3Dother"), []);
  assert.deepEqual(await names("/namespaces/other/pods"), []);
  const { body } = await ask(`${api}/pods`, table);
  assert.deepEqual(body.columnDefinitions.map(({ name }: { name: string }) => name), [
    "Name",
    "cpu",
    "memory",
    "Window",
  ]);
  assert.deepEqual(body.rows.map(({ cells }: { cells: string[] }) => cells), [["web", "250m", "160000", "1s"]]);
});

Deno.test("NodeMetrics tell of the whole machine, under the node's name and labels", async () => {
  const { ask, node } = setUp();
  node.store.put({ apiVersion: "v1", kind: "Node", metadata: { name: "edge-1", labels: { zone: "a" } } } as never);
  const { body } = await ask(`${api}/nodes/edge-1`);
  assert.deepEqual([body.kind, body.metadata.name, body.metadata.labels], ["NodeMetrics", "edge-1", { zone: "a" }]);
  assert.deepEqual(body.usage, { cpu: "1500m", memory: "900000" });
  assert.equal((await ask(`${api}/nodes`)).body.items.length, 1);
  assert.equal((await ask(`${api}/nodes?labelSelector=zone%3Db`)).body.items.length, 0);
});

Deno.test("a pod that is missing, one that does not run, and one that was not looked at twice are not found", async () => {
  const { ask, observed, pods } = setUp();
  const message = async (path: string) => {
    const { status, body } = await ask(`${api}${path}`);
    assert.equal(status, 404, JSON.stringify(body));
    assert.equal(body.reason, "NotFound");
    return body.message;
  };
  assert.equal(await message("/namespaces/default/pods/nobody"), 'pods "nobody" not found');
  assert.equal(await message("/nodes/other"), 'nodes "other" not found');
  const notMeasured = 'podmetrics.metrics.k8s.io "default/web" not found';
  // a container beside that the sampler has not seen yet
  observed.set(
    "uid-web",
    observedWeb({ containers: [observedContainer({}), observedContainer({ id: "c2", name: "new" })] }),
  );
  assert.equal(await message("/namespaces/default/pods/web"), notMeasured);
  observed.set("uid-web", observedWeb());
  pods[0] = { ...pods[0], status: { phase: "Pending" } } as typeof pods[0];
  assert.equal(await message("/namespaces/default/pods/web"), notMeasured);
  assert.deepEqual((await ask(`${api}/pods`)).body.items, []);
});

Deno.test("metrics can be read and nothing else; discovery says so", async () => {
  const { ask } = setUp();
  const { body } = await ask(api);
  assert.deepEqual(
    body.resources.map(({ name, kind, namespaced, verbs }: Record<string, unknown>) => [name, kind, namespaced, verbs]),
    [["nodes", "NodeMetrics", false, ["get", "list"]], ["pods", "PodMetrics", true, ["get", "list"]]],
  );
  assert.equal((await ask(`${api}/namespaces/default/pods/web`, { method: "DELETE" })).status, 405);
  assert.equal((await ask(`${api}/pods?watch=true`)).status, 405);
});
