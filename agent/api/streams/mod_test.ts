import assert from "node:assert/strict";
import { testNode, testPod } from "../testing.ts";

const pod = "/api/v1/namespaces/default/pods/web";
const time = "2026-01-01T00:00:00Z";
const refusals: [what: string, path: string, code: number, reason: string, message: string][] = [
  ["a log of an unknown pod", "/api/v1/namespaces/x/pods/web/log", 404, "NotFound", 'pods "web" not found'],
  ["a container that is not there", "log?container=db", 400, "BadRequest", "container db is not valid for pod web"],
  [
    "a log of fewer than no lines",
    "log?tailLines=-1",
    422,
    "Invalid",
    'PodLogOptions "web" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
  ],
  [
    "a log of no bytes",
    "log?limitBytes=0",
    422,
    "Invalid",
    'PodLogOptions "web" is invalid: limitBytes: Invalid value: 0: must be greater than 0',
  ],
  [
    "a log since no time",
    "log?sinceSeconds=0",
    422,
    "Invalid",
    'PodLogOptions "web" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0',
  ],
  [
    "words for lines",
    "log?tailLines=all",
    400,
    "BadRequest",
    'strconv.ParseInt: parsing "all": invalid syntax',
  ],
  [
    "a number that no 64 bits hold",
    "log?limitBytes=99999999999999999999",
    400,
    "BadRequest",
    'strconv.ParseInt: parsing "99999999999999999999": value out of range',
  ],
  [
    "a time that is none",
    "log?sinceTime=noon",
    400,
    "BadRequest",
    'parsing time "noon" as "2006-01-02T15:04:05Z07:00": it is no such time',
  ],
  [
    "two beginnings of a log",
    `log?sinceSeconds=1&sinceTime=${time}`,
    422,
    "Invalid",
    'PodLogOptions "web" is invalid: : Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
  ],
  [
    "an unknown stream of a log",
    "log?stream=Both",
    422,
    "Invalid",
    'PodLogOptions "web" is invalid: stream: Unsupported value: "Both": supported values: "All", "Stderr", "Stdout"',
  ],
  [
    "the log of an earlier run that never was",
    "log?previous=true",
    400,
    "BadRequest",
    'previous terminated container "web" in pod "web" not found',
  ],
  [
    "an exec without streams",
    "exec?command=ls",
    400,
    "BadRequest",
    "you must specify at least 1 of stdin, stdout, stderr",
  ],
  [
    "an exec without a command",
    "exec?stdout=1",
    422,
    "Invalid",
    'PodExecOptions "web" is invalid: command: Invalid value: []: a command is required',
  ],
  ["an exec without an upgrade", "exec?stdout=1&command=ls", 400, "BadRequest", "Upgrade request required"],
  ["an attach without an upgrade", "attach?stdout=1", 400, "BadRequest", "Upgrade request required"],
  ["a port-forward without an upgrade", "portforward?ports=80", 400, "BadRequest", "Upgrade request required"],
];
for (const [what, path, code, reason, message] of refusals) {
  Deno.test(`${what} is refused with ${code} ${reason}`, async () => {
    const { app, store } = testNode();
    store.put(testPod());
    const response = await app.request(path.startsWith("/") ? path : `${pod}/${path}`);
    const status = await response.json();
    assert.deepEqual(
      [response.status, status.kind, status.code, status.reason, status.message],
      [code, "Status", code, reason, message],
    );
  });
}

Deno.test("a pod of several containers must be told which one of them all", async () => {
  const { app, store } = testNode();
  const containers = [{ name: "web", image: "i" }, { name: "db", image: "i" }];
  store.put(testPod({ spec: { containers, initContainers: [{ name: "setup", image: "i" }] } }));
  for (const path of ["log", "exec?stdout=1&command=ls", "attach?stdout=1"]) {
    const { message } = await (await app.request(`${pod}/${path}`)).json();
    assert.equal(message, "a container name must be specified for pod web, choose one of: [setup web db]");
  }
});

Deno.test("a pod that no node has is an empty log, and nothing that could be joined", async () => {
  const { app, store } = testNode();
  store.put(testPod({ spec: { nodeName: undefined }, status: { phase: "Pending", containerStatuses: [] } }));
  assert.equal((await app.request(`${pod}/log`)).status, 204);
  for (const path of ["exec?stdout=1&command=ls", "attach?stdout=1", "portforward"]) {
    const response = await app.request(`${pod}/${path}`);
    assert.equal(response.status, 400);
    assert.equal((await response.json()).message, "pod web does not have a host assigned");
  }
});

Deno.test("a delete of a stream is refused", async () => {
  const { app, store } = testNode();
  store.put(testPod());
  for (const path of ["log", "exec", "attach", "portforward"]) {
    assert.equal((await app.request(`${pod}/${path}`, { method: "DELETE" })).status, 405);
  }
});
