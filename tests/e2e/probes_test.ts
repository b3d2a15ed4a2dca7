/** Startup, readiness and liveness probes of every kind on running containers. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { nodeFile } from "../support/node_file.ts";
import { sleep } from "../support/node.ts";
import { condition, container, idle, isReady, pod, statusOf } from "../support/pods.ts";

const { nodeTest } = nodeFile();

const fast = { periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 20 };
const restarted = (pod: Parameters<typeof statusOf>[0]) => (statusOf(pod)?.restartCount ?? 0) >= 1;

nodeTest(
  "httpGet asks the named port and path with headers, and 200 to 399 is a success",
  [
    pod(
      "http",
      container(
        "main",
        'mkdir -p /www/cgi-bin; printf \'#!/bin/sh\\ntest "$HTTP_X_PROBE" = yes || { printf "Status: 500\\\\r\\\\n"; }\\n' +
          'printf "\\\\r\\\\nok"\' > /www/cgi-bin/healthy; chmod +x /www/cgi-bin/healthy; exec httpd -f -p 8080 -h /www',
        {
          ports: [{ name: "web", containerPort: 8080 }],
          readinessProbe: {
            httpGet: { port: "web", path: "/cgi-bin/healthy", httpHeaders: [{ name: "X-Probe", value: "yes" }] },
            periodSeconds: 1,
          },
        },
      ),
    ),
    pod(
      "http-404",
      container("main", "mkdir /www; exec httpd -f -p 8080 -h /www", {
        readinessProbe: { httpGet: { port: 8080, path: "/nothing" }, periodSeconds: 1 },
      }),
    ),
  ],
  async (node) => {
    await node.ready("http");
    await node.event("http-404", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404");
    const pod = await node.pod("http-404");
    ok(!isReady(pod!));
    equal(condition(pod!, "Ready")?.reason, "ContainersNotReady");
    equal(pod!.status?.phase, "Running");
    equal(statusOf(pod!)?.restartCount, 0);
  },
);

nodeTest(
  "a container becomes ready and unready as its readiness probe says, without a restart",
  pod(
    "flapping",
    container("main", `touch /tmp/ok; ${idle}`, {
      readinessProbe: { exec: { command: ["cat", "/tmp/ok"] }, ...fast },
    }),
  ),
  async (node) => {
    const first = await node.ready("flapping");
    await node.exec(first, ["rm", "/tmp/ok"]);
    const unready = await node.podUntil("flapping", "is unready", (pod) => !isReady(pod));
    deepEqual(
      ["Ready", "ContainersReady"].map((type) => condition(unready, type)?.status),
      ["False", "False"],
    );
    await node.event("flapping", "Unhealthy", "Readiness probe failed");
    await node.exec(first, ["touch", "/tmp/ok"]);
    const again = await node.ready("flapping");
    equal(statusOf(again)?.containerID, statusOf(first)?.containerID);
  },
);

nodeTest(
  "tcpSocket connects to the pod",
  [
    pod(
      "tcp",
      container("main", "exec httpd -f -p 7000 -h /tmp", { readinessProbe: { tcpSocket: { port: 7000 }, ...fast } }),
    ),
    pod("tcp-closed", container("main", idle, { readinessProbe: { tcpSocket: { port: 7000 }, ...fast } })),
  ],
  async (node) => {
    await node.ready("tcp");
    await node.event("tcp-closed", "Unhealthy", "connection refused");
    ok(!isReady((await node.pod("tcp-closed"))!));
  },
);

nodeTest(
  "a failing liveness probe restarts the container",
  pod(
    "liveness",
    container("main", `touch /tmp/ok; sleep 2; rm -f /tmp/ok; ${idle}`, {
      livenessProbe: { exec: { command: ["cat", "/tmp/ok"] }, periodSeconds: 1, failureThreshold: 2 },
    }),
  ),
  async (node) => {
    await node.podUntil("liveness", "is restarted", restarted);
    await node.event("liveness", "Unhealthy", "Liveness probe failed");
    await node.event("liveness", "Killing", "Container main failed liveness probe, will be restarted");
  },
);

nodeTest(
  "the probe's own grace period is shorter than the pod's when its failure kills the container",
  pod(
    "own-grace",
    container(
      "main",
      `test -e /tries/1 && { touch /tries/2; ${idle}; }; touch /tries/1; trap '' TERM; while :; do sleep 1; done`,
      {
        livenessProbe: { exec: { command: ["test", "-e", "/tries/2"] }, ...fast, terminationGracePeriodSeconds: 1 },
        volumeMounts: [{ name: "tries", mountPath: "/tries" }],
      },
    ),
    { terminationGracePeriodSeconds: 3600, volumes: [{ name: "tries", emptyDir: {} }] },
  ),
  async (node) => {
    await node.podUntil("own-grace", "is restarted", restarted);
  },
);

nodeTest(
  "other probes wait for the startup probe, which kills the container when it fails too often",
  [
    pod(
      "startup",
      container("main", `sleep 3; touch /tmp/started; ${idle}`, {
        startupProbe: { exec: { command: ["cat", "/tmp/started"] }, periodSeconds: 1, failureThreshold: 30 },
        livenessProbe: { exec: { command: ["cat", "/tmp/started"] }, ...fast },
      }),
    ),
    pod("startup-fails", container("main", idle, { startupProbe: { exec: { command: ["false"] }, ...fast } })),
  ],
  async (node) => {
    const pod = await node.ready("startup");
    equal(statusOf(pod)?.restartCount, 0);
    equal(statusOf(pod)?.started, true);
    await node.podUntil("startup-fails", "is restarted", restarted);
    await node.event("startup-fails", "Killing", "Container main failed startup probe, will be restarted");
  },
);

nodeTest(
  "initialDelaySeconds and successThreshold hold readiness back",
  pod(
    "delayed",
    container("main", idle, {
      readinessProbe: { exec: { command: ["true"] }, periodSeconds: 1, initialDelaySeconds: 2, successThreshold: 3 },
    }),
  ),
  async (node) => {
    const pod = await node.ready("delayed");
    const started = Date.parse(statusOf(pod)?.state?.running?.startedAt ?? "");
    const ready = Date.parse(condition(pod, "Ready")?.lastTransitionTime ?? "");
    ok(ready - started >= 3_000, `ready after ${ready - started} ms`);
  },
);

nodeTest(
  "an exec probe that hangs fails at its timeout",
  pod(
    "hangs",
    container("main", idle, {
      readinessProbe: { exec: { command: ["sleep", "30"] }, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1 },
    }),
  ),
  async (node) => {
    const event = await node.event("hangs", "Unhealthy", "Readiness probe failed");
    match(event.message, /timed out/);
  },
);

nodeTest(
  "a readiness gate that nobody has set keeps the pod unready although its containers are ready",
  pod("gated", idle, { readinessGates: [{ conditionType: "example.com/gate" }] }),
  async (node) => {
    const pod = await node.podUntil(
      "gated",
      "has ready containers",
      (pod) => condition(pod, "ContainersReady")?.status === "True",
    );
    equal(condition(pod, "Ready")?.status, "False");
    equal(condition(pod, "Ready")?.reason, "ReadinessGatesNotReady");
  },
);

nodeTest(
  "probes of a restarted islet keep readiness, and a passed startup probe is not run again",
  pod(
    "kept",
    container("main", `touch /tmp/ok; ${idle}`, {
      startupProbe: { exec: { command: ["sh", "-c", "echo x >> /tmp/startups"] }, periodSeconds: 1 },
      readinessProbe: { exec: { command: ["cat", "/tmp/ok"] }, periodSeconds: 1 },
    }),
  ),
  async (node) => {
    const before = await node.ready("kept");
    const startups = await node.output(before, "wc -l < /tmp/startups");
    await node.restart();
    await sleep(2500);
    const after = (await node.pod("kept"))!;
    deepEqual(after.status?.conditions, before.status?.conditions);
    equal(await node.output(after, "wc -l < /tmp/startups"), startups);
  },
);
