import assert from "node:assert/strict";
import { Hono } from "hono";
import type { AppEnv } from "../request.ts";
import { testPod } from "../testing.ts";
import { observedPod, testKubelet } from "./testing.ts";

const answers: [what: string, method: string, path: string, code: number, text: string | RegExp][] = [
  ["health", "GET", "/healthz", 200, "ok"],
  [
    "health in words",
    "GET",
    "/healthz?verbose",
    200,
    "[+]ping ok\n[+]log ok\n[+]syncloop ok\nhealthz check passed\n",
  ],
  ["a part of health", "GET", "/healthz/ping", 200, "ok"],
  ["an unknown part of health", "GET", "/healthz/heart", 404, "404: Page Not Found"],
  ["an unknown path", "GET", "/nope", 404, "404: Page Not Found"],
  ["the wrong method for pods", "POST", "/pods", 405, "405: Method Not Allowed"],
  ["the wrong method for an exec", "PUT", "/exec/default/web/web", 405, "405: Method Not Allowed"],
  ["a GET of a run", "GET", "/run/default/web/web?cmd=ls", 405, "405: Method Not Allowed"],
  ["the configuration", "GET", "/configz", 200, '{"kubeletconfig":{"maxPods":7}}'],
  ["an exec in an unknown pod", "POST", "/exec/x/web/web?command=ls&output=1", 404, "pod does not exist"],
  [
    "an exec in an unknown container",
    "POST",
    "/exec/default/web/db?command=ls&output=1",
    500,
    'container not found ("db")',
  ],
  [
    "an exec in a pod of another uid",
    "POST",
    "/exec/default/web/uid-other/web?command=ls&output=1",
    500,
    'container not found ("web")',
  ],
  [
    "an exec without streams",
    "POST",
    "/exec/default/web/web?command=ls",
    400,
    "you must specify at least 1 of stdin, stdout, stderr",
  ],
  [
    "an exec that does not upgrade",
    "POST",
    "/exec/default/web/uid-web/web?command=ls&output=1",
    400,
    "Upgrade request required",
  ],
  ["an attach that does not upgrade", "GET", "/attach/default/web/web?output=1", 400, "Upgrade request required"],
  ["a port-forward that does not upgrade", "GET", "/portForward/default/web", 400, "Upgrade request required"],
  ["a port-forward to a pod of another uid", "POST", "/portForward/default/web/uid-other", 404, "pod not found"],
  ["a log of an unknown pod", "GET", "/containerLogs/default/db/db", 404, 'pod "db" does not exist'],
  [
    "a log of an unknown container",
    "GET",
    "/containerLogs/default/web/db",
    404,
    'container "db" not found in pod "web"',
  ],
  [
    "a log with words for lines",
    "GET",
    "/containerLogs/default/web/web?tailLines=x",
    400,
    '{"message":"Unable to decode query."}',
  ],
  [
    "a log of fewer than no lines",
    "GET",
    "/containerLogs/default/web/web?tail=-1",
    422,
    '{"message":"Invalid request."}',
  ],
  [
    "the log of an earlier run that never was",
    "GET",
    "/containerLogs/default/web/web?previous=true",
    400,
    'previous terminated container "web" in pod "web" not found',
  ],
  ["a run", "POST", "/run/default/web/web?cmd=echo%20a%20b", 200, "out\nerr\n"],
  [
    "a run that fails",
    "POST",
    "/run/default/web/web?cmd=false",
    500,
    "command 'false' exited with 1: out\nerr\n",
  ],
  ["profiles", "GET", "/debug/pprof/heap", 405, "profiling endpoint is disabled.\n"],
  ["flags", "PUT", "/debug/flags/v", 405, "flags endpoint is disabled.\n"],
];
for (const [what, method, path, code, text] of answers) {
  Deno.test(`${what}: ${method} ${path} is answered with ${code}`, async () => {
    const { app, pods } = testKubelet();
    pods.push(testPod());
    const response = await app.request(path, { method }, { door: "kubelet" });
    const said = await response.text();
    assert.equal(response.status, code, said);
    if (typeof text === "string") assert.equal(said, text);
    else assert.match(said, text);
  });
}

Deno.test("a method that is not allowed is told with those that are", async () => {
  const { app } = testKubelet();
  const allowed = async (path: string) => (await app.request(path, { method: "DELETE" })).headers.get("allow");
  assert.deepEqual(
    [await allowed("/pods"), await allowed("/attach/a/b/c"), await allowed("/run/a/b/c"), await allowed("/logs/x")],
    ["GET", "GET, POST", "POST", "GET"],
  );
});

Deno.test("a node that does not do its work is unhealthy, and says so to those who ask for that part", async () => {
  const { app } = testKubelet({ unhealthy: () => "the container runtime does not answer" });
  const whole = await app.request("/healthz");
  assert.equal(whole.status, 500);
  assert.equal(
    await whole.text(),
    "[+]ping ok\n[+]log ok\n[-]syncloop failed: reason withheld\nhealthz check failed\n",
  );
  const part = await app.request("/healthz/syncloop");
  assert.equal(part.status, 500);
  assert.equal(await part.text(), "internal server error: the container runtime does not answer\n");
  assert.equal((await app.request("/healthz?exclude=syncloop")).status, 200);
});

Deno.test("pods are listed as they are wanted, running pods as the runtime has them", async () => {
  const { app, pods, observed } = testKubelet();
  pods.push(testPod());
  observed.push(observedPod("web", ["web", "sidecar"]), observedPod("done", ["main"], "exited"));
  const wanted = await (await app.request("/pods")).json();
  assert.equal(wanted.kind, "PodList");
  assert.deepEqual(wanted.items, JSON.parse(JSON.stringify(pods)));
  const running = await (await app.request("/runningpods/")).json();
  assert.deepEqual(running.items, [{
    metadata: { name: "web", namespace: "default", uid: "uid-web", creationTimestamp: null },
    spec: {
      containers: [{ name: "web", image: "web:1", resources: {} }, { name: "sidecar", image: "web:1", resources: {} }],
    },
    status: {},
  }]);
});

Deno.test("a run's command is cut at its spaces and runs in the container that the runtime has now", async () => {
  const { app, pods, observed, ran } = testKubelet();
  pods.push(testPod());
  observed.push(observedPod("web", ["web"]));
  await app.request("/run/default/web/web?cmd=echo%20a%20b", { method: "POST" });
  assert.deepEqual(ran, [{ containerId: "web-1", cmd: ["echo", "a", "b"], timeout: 0n }]);
});

Deno.test("without debugging handlers nothing of pods can be reached", async () => {
  const { app, pods } = testKubelet({ debuggingHandlers: false });
  pods.push(testPod());
  for (
    const path of [
      "/run/default/web/web",
      "/exec/default/web/web",
      "/attach/default/web/web",
      "/portForward/default/web",
      "/containerLogs/default/web/web",
      "/runningpods/",
      "/logs/",
    ]
  ) {
    const response = await app.request(path, { method: "POST" });
    assert.deepEqual([response.status, await response.text()], [405, "Debug endpoints are disabled.\n"], path);
  }
  assert.equal((await app.request("/configz")).status, 404);
  assert.equal((await app.request("/pods")).status, 200);
});

Deno.test("the machine's logs can be closed alone", async () => {
  const { app } = testKubelet({ systemLogHandler: false });
  const response = await app.request("/logs/syslog");
  assert.deepEqual([response.status, await response.text()], [405, "logs endpoint is disabled.\n"]);
});

Deno.test("metrics are the routes that are given", async () => {
  const usage = new Hono<AppEnv>().get("/metrics", (c) => c.text("up 1\n"));
  const { app } = testKubelet({ usage });
  assert.equal(await (await app.request("/metrics")).text(), "up 1\n");
  assert.equal((await testKubelet().app.request("/metrics")).status, 404);
});
