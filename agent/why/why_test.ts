import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { ContainerStatus, Pod } from "../objects/mod.ts";
import type { Event } from "../telemetry/events.ts";
import { exitCodeText } from "./exit_code.ts";
import { explain, explanationText } from "./mod.ts";
import type { WhyContext } from "./types.ts";

const now = Date.parse("2026-01-01T00:10:00Z");

function pod(parts: {
  spec?: Partial<Pod["spec"]>;
  container?: Partial<Pod["spec"]["containers"][number]>;
  state?: ContainerStatus["state"];
  containerStatus?: Partial<ContainerStatus>;
  status?: Partial<NonNullable<Pod["status"]>>;
  metadata?: Partial<Pod["metadata"]>;
} = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "web",
      namespace: "default",
      uid: "u",
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...parts.metadata,
    },
    spec: { nodeName: "edge", containers: [{ name: "main", image: "web:1", ...parts.container }], ...parts.spec },
    status: {
      phase: "Running",
      conditions: [
        { type: "PodReadyToStartContainers", status: "True" },
        { type: "Ready", status: "False" },
      ],
      containerStatuses: [{
        name: "main",
        image: "web:1",
        imageID: "",
        ready: false,
        started: false,
        restartCount: 0,
        state: parts.state ?? { waiting: { reason: "ContainerCreating" } },
        lastState: {},
        ...parts.containerStatus,
      }],
      ...parts.status,
    },
  } as Pod;
}

function event(reason: string, message: string, type: "Normal" | "Warning" = "Warning", container?: string): Event {
  return {
    reason,
    message,
    type,
    involvedObject: { kind: "Pod", name: "web", ...(container ? { fieldPath: `spec.containers{${container}}` } : {}) },
    lastTimestamp: "2026-01-01T00:09:00Z",
  } as Event;
}

function why(subject: Pod, context: Partial<WhyContext> = {}) {
  return explain(subject, { events: [], now, healthy: true, problems: [], ...context });
}

interface Case {
  name: string;
  pod: Pod;
  context?: Partial<WhyContext>;
  state: "fine" | "waiting" | "broken";
  says: RegExp[];
}

const backOff = 'back-off 40s restarting failed container="main" pod="web_default(u)"';
const crashed = (exitCode: number, reason = "Error", more = {}) => ({
  state: { waiting: { reason: "CrashLoopBackOff", message: backOff } },
  containerStatus: {
    restartCount: 3,
    lastState: { terminated: { exitCode, reason, finishedAt: "2026-01-01T00:09:30Z", ...more } },
  },
});
const terminated = (exitCode: number, reason = "Error") => ({ terminated: { exitCode, reason } });

const cases: Case[] = [
  {
    name: "a pod that is ready is fine",
    pod: pod({
      state: { running: {} },
      containerStatus: { ready: true, started: true },
      status: { conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:05:00Z" }] },
    }),
    state: "fine",
    says: [/^Pod default\/web runs and is ready, for 5m\.$/],
  },
  {
    name: "a ready pod that was restarted says how its container ended",
    pod: pod({
      state: { running: {} },
      containerStatus: {
        ready: true,
        started: true,
        restartCount: 2,
        lastState: { terminated: { exitCode: 139, finishedAt: "2026-01-01T00:08:00Z" } },
      },
      status: { conditions: [{ type: "Ready", status: "True" }] },
    }),
    state: "fine",
    says: [/restarted 2 times, the last time 2m ago: container main ended with exit code 139 \(SIGSEGV/],
  },
  {
    name: "an image that is not there is named with the registry's words and the way to preload it",
    pod: pod({
      status: { phase: "Pending" },
      state: { waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "web:1"' } },
    }),
    context: {
      events: [event("Failed", 'Failed to pull image "web:1": web:1: not found', "Warning", "main")],
      imagesDir: "/var/lib/islet/images",
    },
    state: "broken",
    says: [
      /does not run yet: the image web:1 of container main cannot be pulled/,
      /web:1: not found/,
      /→ check the image's name and tag/,
      /→ put an archive of web:1 into \/var\/lib\/islet\/images/,
    ],
  },
  {
    name: "a registry that cannot be reached is told apart from one that refuses",
    pod: pod({
      status: { phase: "Pending" },
      state: { waiting: { reason: "ErrImagePull", message: "dial tcp: lookup registry.example: no such host" } },
    }),
    state: "broken",
    says: [/the registry cannot be reached; it is tried again by itself/],
  },
  {
    name: "a registry that wants credentials",
    pod: pod({
      status: { phase: "Pending" },
      state: { waiting: { reason: "ErrImagePull", message: "pull access denied, 401 Unauthorized" } },
    }),
    state: "broken",
    says: [/give credentials by imagePullSecrets/, /this pod has no imagePullSecrets/],
  },
  {
    name: "a crash loop says the exit code, the count and when it is tried again",
    pod: pod(crashed(1)),
    state: "broken",
    says: [
      /ended with exit code 1\. It has been started 4 times and is tried again in 10 s\./,
      /→ islet logs web -c main --previous/,
    ],
  },
  {
    name: "a program that is not in the image",
    pod: pod(crashed(127)),
    state: "broken",
    says: [/127 \(the command was not found\)/, /is the program in the image/],
  },
  {
    name: "a container that ran out of memory names its limit",
    pod: pod({ ...crashed(137, "OOMKilled"), container: { resources: { limits: { memory: "64Mi" } } } }),
    state: "broken",
    says: [/its limit of 64Mi and was killed \(OOMKilled\)/, /→ raise .*limits\.memory above 64Mi/],
  },
  {
    name: "a program that just ends in a pod that restarts it",
    pod: pod(crashed(0, "Completed")),
    state: "broken",
    says: [/ended by itself, successfully/, /restartPolicy OnFailure or Never/],
  },
  {
    name: "a liveness probe that ends the container is named",
    pod: pod(crashed(137)),
    context: {
      events: [
        event("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500", "Warning", "main"),
        event("Killing", "Container main failed liveness probe, will be restarted", "Normal", "main"),
      ],
    },
    state: "broken",
    says: [/failed liveness probe, will be restarted/, /statuscode: 500/],
  },
  {
    name: "events of another container are not taken for this one's",
    pod: pod(crashed(137)),
    context: { events: [event("Killing", "Container other failed liveness probe", "Normal", "other")] },
    state: "broken",
    says: [/^(?!.*other failed)/s],
  },
  {
    name: "a failing readiness probe is shown with what it asks",
    pod: pod({
      state: { running: {} },
      container: { readinessProbe: { httpGet: { path: "/ready", port: 8080 } } },
    }),
    context: { events: [event("Unhealthy", "Readiness probe failed: connection refused", "Warning", "main")] },
    state: "broken",
    says: [
      /runs, but is not ready: container main runs, but its readiness probe fails/,
      /HTTP GET \/ready on port 8080/,
    ],
  },
  {
    name: "a startup probe that has not passed is waited for",
    pod: pod({
      state: { running: {} },
      container: { startupProbe: { tcpSocket: { port: 1 }, failureThreshold: 30, periodSeconds: 2 } },
    }),
    state: "waiting",
    says: [/its startup probe has not succeeded yet/, /after 30 failures in a row, one every 2 s/],
  },
  {
    name: "a missing ConfigMap of a volume",
    pod: pod({
      status: { phase: "Pending", conditions: [{ type: "PodReadyToStartContainers", status: "False" }] },
    }),
    context: { events: [event("FailedMount", 'MountVolume.SetUp failed for volume "c" : configmap "web" not found')] },
    state: "broken",
    says: [/does not run yet: a volume cannot be set up/, /→ make the configmap "web" in namespace default/],
  },
  {
    name: "a volume that could be set up at last is no reason any more",
    pod: pod({ state: { running: {} }, containerStatus: { ready: true, started: true } }),
    context: { events: [event("FailedMount", 'configmap "web" not found')] },
    state: "waiting",
    says: [/is being started \(for 10m\)\.$/],
  },
  {
    name: "a missing Secret of the environment",
    pod: pod({ state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "db" not found' } } }),
    state: "broken",
    says: [/container main cannot be configured/, /→ make the secret "db" in namespace default/],
  },
  {
    name: "a pod that the node has no room for",
    pod: pod({
      status: { phase: "Failed", reason: "OutOfmemory", message: "Node didn't have enough resource: memory" },
      state: { waiting: {} },
    }),
    state: "broken",
    says: [/has failed: OutOfmemory: Node didn't have enough/, /→ ask for less memory/],
  },
  {
    name: "a pod that no node takes",
    pod: pod({
      spec: { nodeName: undefined },
      status: {
        phase: "Pending",
        conditions: [{
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
        }],
      },
    }),
    state: "broken",
    says: [/does not run: this node may not run it/, /node affinity\/selector/, /give the node the label/],
  },
  {
    name: "a pod whose claim has no volume",
    pod: pod({
      spec: { nodeName: undefined, volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }] },
      status: {
        phase: "Pending",
        conditions: [{
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        }],
      },
    }),
    state: "broken",
    says: [
      /does not run: it waits for the volume of a claim/,
      /→ make a PersistentVolume /,
      /→ islet describe pvc data$/m,
    ],
  },
  {
    name: "a pod whose claim is not there",
    pod: pod({
      spec: { nodeName: undefined, volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }] },
      status: {
        phase: "Pending",
        conditions: [{
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: '0/1 nodes are available: persistentvolumeclaim "data" not found.',
        }],
      },
    }),
    state: "broken",
    says: [/→ make the persistentvolumeclaim "data"$/m],
  },
  {
    name: "an init container that failed stands before the containers that wait for it",
    pod: pod({
      spec: { initContainers: [{ name: "setup", image: "setup:1" }] },
      status: {
        phase: "Pending",
        initContainerStatuses: [{
          name: "setup",
          image: "setup:1",
          imageID: "",
          ready: false,
          restartCount: 1,
          state: { waiting: { reason: "CrashLoopBackOff", message: backOff } },
          lastState: terminated(3),
        }],
        containerStatuses: [],
      } as Partial<NonNullable<Pod["status"]>>,
    }),
    state: "broken",
    says: [/init container setup ended with exit code 3/, /^(?!.*container main)/s],
  },
  {
    name: "a finished pod",
    pod: pod({ status: { phase: "Succeeded" }, state: terminated(0, "Completed") }),
    state: "fine",
    says: [/has done its work and ended/],
  },
  {
    name: "a pod that is ending says what still runs",
    pod: pod({
      metadata: { deletionTimestamp: "2026-01-01T00:10:20Z", deletionGracePeriodSeconds: 30 },
      state: { running: {} },
    }),
    state: "waiting",
    says: [/is being ended/, /Still running: main; 20 s of the grace of 30 s are left/],
  },
  {
    name: "a pod that finalizers keep",
    pod: pod({
      metadata: { deletionTimestamp: "2026-01-01T00:09:20Z", deletionGracePeriodSeconds: 0, finalizers: ["x.io/y"] },
      state: terminated(0),
    }),
    state: "broken",
    says: [/kept by its finalizers: x\.io\/y/],
  },
  {
    name: "a runtime that does not answer comes first",
    pod: pod(crashed(1)),
    context: { healthy: false },
    state: "broken",
    says: [/the container runtime does not answer/, /→ islet check/],
  },
  {
    name: "readiness gates that nobody has opened",
    pod: pod({
      spec: { readinessGates: [{ conditionType: "x.io/ready" }] },
      state: { running: {} },
      containerStatus: { ready: true, started: true },
    }),
    state: "waiting",
    says: [/readiness gates: x\.io\/ready/],
  },
];

for (const { name, pod, context, state, says } of cases) {
  Deno.test(`why: ${name}`, () => {
    const explanation = why(pod, context);
    const text = explanationText(explanation);
    for (const pattern of says) match(text, pattern);
    equal(explanation.state, state, text);
  });
}

Deno.test("why: errors of the manifest are added whatever the pod does", () => {
  const explanation = why(pod({ status: { phase: "Succeeded" } }), { problems: ["web.yaml:3:1: spec: wrong"] });
  equal(explanation.state, "broken");
  match(explanationText(explanation), /has done its work[\s\S]*web\.yaml:3:1: spec: wrong/);
});

Deno.test("why: a message is not repeated", () => {
  const message = 'Failed to pull image "web:1": not found';
  const { findings } = why(
    pod({ status: { phase: "Pending" }, state: { waiting: { reason: "ErrImagePull", message } } }),
    { events: [event("Failed", message, "Warning", "main")] },
  );
  deepEqual(findings[0].because, [message]);
});

Deno.test("exit codes are told by name where they have one", () => {
  equal(exitCodeText(2), "with exit code 2");
  ok(exitCodeText(143).includes("SIGTERM"));
  equal(exitCodeText(128 + 35), "with exit code 163 (ended by signal 35)");
});
