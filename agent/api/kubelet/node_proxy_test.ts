import assert from "node:assert/strict";
import type { AppDeps } from "../deps.ts";
import { testNode, testPod } from "../testing.ts";

const kubelet = {
  pods: () => [testPod()],
  observed: () => [],
  configuration: () => ({ maxPods: 7 }),
  unhealthy: () => undefined,
} as unknown as AppDeps["kubelet"];

const answers: [what: string, method: string, path: string, code: number, text: RegExp][] = [
  ["kubelet's health", "GET", "edge-1/proxy/healthz?verbose", 200, /^\[\+\]ping ok\n/],
  ["kubelet's configuration", "GET", "edge-1/proxy/configz", 200, /"maxPods":7/],
  ["a node with a port", "GET", "edge-1:10250/proxy/pods", 200, /"kind":"PodList"/],
  ["a node with a scheme and a port", "GET", "https:edge-1:10250/proxy/healthz", 200, /^ok$/],
  ["kubelet's own words of a wrong method", "POST", "edge-1/proxy/pods", 405, /^405: Method Not Allowed$/],
  ["a path that kubelet has not", "DELETE", "edge-1/proxy/nope", 404, /^404: Page Not Found$/],
  ["another node", "GET", "edge-2/proxy/healthz", 404, /nodes \\"edge-2\\" not found/],
  ["no node's name", "GET", "a:b:c:d/proxy/healthz", 400, /invalid node request/],
];
for (const [what, method, path, code, text] of answers) {
  Deno.test(`nodes/proxy answers for ${what}`, async () => {
    const { app } = testNode({ kubelet });
    const response = await app.request(`/api/v1/nodes/${path}`, { method });
    const said = await response.text();
    assert.equal(response.status, code, said);
    assert.match(said, text);
  });
}

Deno.test("nodes/proxy without a path leads to the one with a slash", async () => {
  const { app } = testNode({ kubelet });
  const response = await app.request("/api/v1/nodes/edge-1/proxy?a=b");
  assert.equal(response.status, 301);
  assert.equal(response.headers.get("location"), "/api/v1/nodes/edge-1/proxy/?a=b");
});

Deno.test("a command runs through nodes/proxy with the request's own method and query", async () => {
  const ran: unknown[] = [];
  const execSync = (request: unknown) => {
    ran.push(request);
    return Promise.resolve({ exitCode: 0, stdout: new TextEncoder().encode("out"), stderr: new Uint8Array() });
  };
  const { app, store } = testNode({ kubelet, cri: { runtime: { execSync } } as unknown as AppDeps["cri"] });
  store.put(testPod());
  const path = "/api/v1/nodes/edge-1/proxy/run/default/web/web?cmd=ls%20-l";
  const response = await app.request(path, { method: "POST" });
  assert.equal(await response.text(), "out");
  assert.deepEqual(ran, [{ containerId: "web-0", cmd: ["ls", "-l"], timeout: 0n }]);
});
