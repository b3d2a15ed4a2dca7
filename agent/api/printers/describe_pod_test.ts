import assert from "node:assert/strict";
import { running, testPod } from "../testing.ts";
import type { Event } from "../../telemetry/events.ts";
import { describePod } from "./describe_pod.ts";

const now = Date.UTC(2026, 0, 1);

Deno.test("describe shows containers with states, resources, probes, environment and mounts", () => {
  const text = describePod(
    testPod({
      metadata: { labels: { app: "web" }, annotations: { note: "two\nlines" } },
      spec: {
        serviceAccountName: "",
        containers: [{
          name: "web",
          image: "web:1",
          command: ["httpd", "-f"],
          ports: [{ containerPort: 80, name: "http", hostPort: 8080 }],
          resources: { limits: { memory: "32Mi" } },
          readinessProbe: { httpGet: { path: "/ok", port: "http" }, periodSeconds: 5 },
          env: [
            { name: "PLAIN", value: "v" },
            { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "creds", key: "pw" } } },
          ],
          volumeMounts: [{ name: "data", mountPath: "/data", readOnly: true, subPath: "a" }],
        }],
        volumes: [{ name: "data", configMap: { name: "page" } }],
      },
      status: {
        qosClass: "Burstable",
        containerStatuses: [running("web", {
          restartCount: 1,
          lastState: { terminated: { exitCode: 3, reason: "Error", finishedAt: "2025-12-31T23:59:00Z" } },
        })],
      },
    }),
    [],
    now,
  );
  for (
    const line of [
      "Name:         web",
      "Node:         edge-1",
      "Labels:       app=web",
      "Annotations:  note: two\\nlines",
      "Status:       Running",
      "    Port:           80/TCP (http)",
      "    Host Port:      8080/TCP",
      "      httpd",
      "    State:          Running",
      "    Last State:     Terminated",
      "      Exit Code:    3",
      "    Restart Count:  1",
      "      memory:  32Mi",
      "    Readiness:      http-get http://:http/ok delay=0s timeout=1s period=5s #success=1 #failure=3",
      "      PLAIN:     v",
      "      PASSWORD:  <set to the key 'pw' of secret 'creds'>  Optional: false",
      '      /data from data (ro,path="a")',
      "  Ready         True",
      "    Type:      ConfigMap (a volume populated by a ConfigMap)",
      "QoS Class:       Burstable",
      "Events:  <none>",
    ]
  ) assert.ok(text.split("\n").includes(line), `no line ${JSON.stringify(line)} in\n${text}`);
});

Deno.test("describe shows a pod that ends, and events with how often they came", () => {
  const event = {
    type: "Warning",
    reason: "BackOff",
    count: 3,
    firstTimestamp: "2025-12-31T23:58:00Z",
    lastTimestamp: "2025-12-31T23:59:50Z",
    source: { component: "kubelet", host: "edge-1" },
    message: "Back-off restarting",
  } as Event;
  const pod = testPod({ metadata: { deletionTimestamp: "2026-01-01T00:00:20Z", deletionGracePeriodSeconds: 30 } });
  const lines = describePod(pod, [event], now).split("\n");
  assert.ok(lines.some((line) => /^Status: +Terminating \(lasts 10s\)$/.test(line)));
  assert.ok(lines.some((line) => /^Termination Grace Period: +30s$/.test(line)));
  assert.ok(lines.includes("  Warning   BackOff   10s (x3 over 2m)   kubelet   Back-off restarting"), lines.join("\n"));
});

Deno.test("describe without events has no section of them", () => {
  assert.doesNotMatch(describePod(testPod(), undefined, now), /Events:/);
});
