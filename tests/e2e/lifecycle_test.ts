/** How pods begin, run, are restarted and end, on a real containerd. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { nodeFile } from "../support/node_file.ts";
import { sleep } from "../support/node.ts";
import {
  ample,
  condition,
  container,
  finished,
  idle,
  isReady,
  manifest,
  type Pod,
  pod,
  statusOf,
} from "../support/pods.ts";

const { nodeTest } = nodeFile({ flags: ["--max-container-restart-period", "300s"] });

const shared = { name: "shared", emptyDir: {} };
const mount = { volumeMounts: [{ name: "shared", mountPath: "/shared" }] };
const note = (text: string) => `echo "${text}" >> /shared/order`;

/** Restarts so far, whichever container. */
const restarts = (pod: Pod, name?: string) => statusOf(pod, name)?.restartCount ?? 0;
const time = (stamp: string | undefined) => Date.parse(stamp ?? "");

nodeTest("the status of a running pod is what Kubernetes defines", pod("status"), async (node) => {
  const { status, metadata } = await node.ready("status");
  equal(status?.phase, "Running");
  deepEqual(
    status?.conditions?.map(({ type, status }) => `${type}=${status}`).sort(),
    ["ContainersReady=True", "Initialized=True", "PodReadyToStartContainers=True", "PodScheduled=True", "Ready=True"],
  );
  equal(status?.qosClass, "BestEffort");
  match(status?.podIP ?? "", /^10\.244\.0\.\d+$/);
  deepEqual(status?.podIPs, [{ ip: status?.podIP }]);
  equal(status?.hostIP, "192.0.2.1");
  ok(time(status?.startTime) > 0);
  const [main] = status?.containerStatuses ?? [];
  equal(main.name, "main");
  equal(main.image, "dev.islet/busybox:1");
  match(main.imageID, /sha256:[0-9a-f]{64}$/);
  match(main.containerID ?? "", /^containerd:\/\/[0-9a-f]{64}$/);
  ok(main.ready && main.started && main.restartCount === 0);
  ok(time(main.state?.running?.startedAt) >= time(status?.startTime));
  match(metadata.uid ?? "", /^[0-9a-f-]{36}$/);
});

nodeTest("events tell what happened to a pod with kubelet's reasons", pod("told"), async (node) => {
  await node.ready("told");
  await node.event("told", "Started");
  const events = await node.events("told");
  deepEqual(events.map(({ reason }) => reason), ["Pulled", "Created", "Started"]);
  for (const { type, involvedObject, source } of events) {
    equal(type, "Normal");
    equal(involvedObject.fieldPath, "spec.containers{main}");
    equal(source.host, node.name);
  }
});

nodeTest("names, labels and log paths in the runtime are kubelet's", pod("labelled"), async (node) => {
  const { metadata: { uid } } = await node.ready("labelled");
  const container = (await node.containers()).find(({ labels }) => labels["io.kubernetes.pod.name"] === "labelled");
  equal(container?.labels["io.kubernetes.pod.namespace"], "default");
  equal(container?.labels["io.kubernetes.pod.uid"], uid);
  equal(container?.labels["io.kubernetes.container.name"], "main");
  equal(container?.annotations["io.kubernetes.container.restartCount"], "0");
  ok(container?.annotations["io.kubernetes.container.hash"]);
  equal(container?.annotations["io.kubernetes.pod.terminationGracePeriod"], "1");
  const { status } = await node.cri.runtime.containerStatus({ containerId: container!.id });
  equal(status?.logPath, `${node.rootDir}/logs/pods/default_labelled_${uid}/main/0.log`);
  const sandbox = (await node.sandboxes()).find(({ metadata }) => metadata?.name === "labelled");
  equal(sandbox?.metadata?.uid, uid);
  equal(sandbox?.metadata?.namespace, "default");
});

nodeTest(
  "init containers run to their end one after the other before the containers start",
  pod("init", [container("main", `${note("main")}; cat /shared/order; ${idle}`, mount)], {
    initContainers: [
      container("first", `sleep 1; ${note("first")}`, mount),
      container("second", note("second"), mount),
    ],
    volumes: [shared],
  }),
  async (node) => {
    const pod = await node.ready("init");
    equal(await node.output(pod, "cat /shared/order"), "first\nsecond\nmain");
    equal(statusOf(pod, "first")?.state?.terminated?.reason, "Completed");
    const end = (name: string) => time(statusOf(pod, name)?.state?.terminated?.finishedAt);
    ok(end("first") <= end("second"));
    ok(end("second") <= time(statusOf(pod, "main")?.state?.running?.startedAt));
    ok(statusOf(pod, "first")?.ready);
  },
);

nodeTest(
  "a failing init container is run again until it succeeds, and the pod is Pending meanwhile",
  pod("init-retry", [container("main")], {
    initContainers: [
      container("picky", "test -e /shared/tried && exit 0; touch /shared/tried; sleep 1; exit 4", mount),
    ],
    volumes: [shared],
  }),
  async (node) => {
    const pod = await node.ready("init-retry");
    equal(restarts(pod, "picky"), 1);
    equal(statusOf(pod, "picky")?.lastState?.terminated?.exitCode, 4);
  },
);

nodeTest(
  "a failing init container fails a pod with restartPolicy Never without starting its containers",
  pod("init-fatal", [container("main")], {
    restartPolicy: "Never",
    initContainers: [container("fatal", "exit 5")],
  }),
  async (node) => {
    const pod = await node.podUntil("init-fatal", "has ended", finished);
    equal(pod.status?.phase, "Failed");
    equal(statusOf(pod, "fatal")?.state?.terminated?.exitCode, 5);
    equal(statusOf(pod, "main")?.containerID, undefined);
    equal(statusOf(pod, "main")?.state?.waiting?.reason, "PodInitializing");
    equal(condition(pod, "Initialized")?.status, "False");
  },
);

const sidecar = (name: string, script: string, more = {}) =>
  container(name, script, { restartPolicy: "Always", ...mount, ...more });
const noting = (name: string) =>
  `trap '${note(`${name} ends`)}; exit 0' TERM; ${
    note(`${name} starts`)
  }; echo begun; while :; do sleep 3600 & wait $!; done`;

nodeTest(
  "sidecars start in order, each after the startup probe of the one before, and end in reverse order after the containers",
  {},
  async (node) => {
    const path = `${node.dir}/order`;
    Deno.mkdirSync(path);
    const sidecars = pod("sidecars", [container("main", noting("main"), mount)], {
      ...ample,
      initContainers: [
        sidecar("one", `sleep 1; ${note("one is up")}; touch /tmp/up; ${noting("one")}`, {
          startupProbe: { exec: { command: ["test", "-e", "/tmp/up"] }, periodSeconds: 1, failureThreshold: 30 },
        }),
        container("between", note("between"), mount),
        sidecar("two", noting("two")),
      ],
      volumes: [{ name: "shared", hostPath: { path, type: "Directory" } }],
    });
    node.write("sidecars.yaml", manifest(sidecars));
    await node.ready("sidecars");
    await node.logged("sidecars", "begun");
    node.remove("sidecars.yaml");
    await node.gone("sidecars");
    const order = Deno.readTextFileSync(`${path}/order`).trim().split("\n");
    deepEqual(order.filter((line) => !line.endsWith("starts") || line === "main starts"), [
      "one is up",
      "between",
      "main starts",
      "main ends",
      "two ends",
      "one ends",
    ]);
  },
);

nodeTest(
  "a job with a sidecar succeeds when its container has ended, and the sidecar ends with it",
  pod("sidecar-job", [container("main", "sleep 1")], {
    restartPolicy: "Never",
    initContainers: [container("helper", idle, { restartPolicy: "Always" })],
  }),
  async (node) => {
    const pod = await node.podUntil("sidecar-job", "has ended", finished);
    equal(pod.status?.phase, "Succeeded");
    ok(statusOf(pod, "helper")?.state?.terminated);
  },
);

nodeTest(
  "a dead sidecar is restarted alone, in a pod with restartPolicy Never, too",
  pod("sidecar-dies", [container("main")], {
    restartPolicy: "Never",
    initContainers: [
      container("flaky", "sleep 1; test $(cat /proc/1/cgroup | wc -l) = 0; exit 1", { restartPolicy: "Always" }),
    ],
  }),
  async (node) => {
    const pod = await node.podUntil("sidecar-dies", "has a restarted sidecar", (pod) => restarts(pod, "flaky") >= 1);
    equal(restarts(pod, "main"), 0);
    ok(statusOf(pod, "main")?.state?.running);
    equal(pod.status?.phase, "Running");
  },
);

nodeTest(
  "containers of a pod start in parallel and each is restarted alone",
  pod("many", [container("a"), container("b", "sleep 1; exit 1"), container("c")]),
  async (node) => {
    const pod = await node.podUntil("many", "has restarted b", (pod) => restarts(pod, "b") >= 1);
    deepEqual([restarts(pod, "a"), restarts(pod, "c")], [0, 0]);
    ok(statusOf(pod, "a")?.ready && statusOf(pod, "c")?.ready);
  },
);

nodeTest(
  "restartPolicy Never runs a container once and keeps its exit code",
  [
    pod("never-fails", "exit 3", { restartPolicy: "Never" }),
    pod("never-succeeds", "true", { restartPolicy: "Never" }),
  ],
  async (node) => {
    const failed = await node.podUntil("never-fails", "has ended", finished);
    equal(failed.status?.phase, "Failed");
    const { exitCode, reason, startedAt, finishedAt } = statusOf(failed)!.state!.terminated!;
    deepEqual([exitCode, reason], [3, "Error"]);
    ok(time(startedAt) <= time(finishedAt));
    const succeeded = await node.podUntil("never-succeeds", "has ended", finished);
    equal(succeeded.status?.phase, "Succeeded");
    equal(statusOf(succeeded)?.state?.terminated?.reason, "Completed");
    equal(condition(succeeded, "Ready")?.reason, "PodCompleted");
    deepEqual([restarts(failed), restarts(succeeded)], [0, 0]);
  },
);

nodeTest(
  "restartPolicy OnFailure restarts a container that failed and not one that succeeded",
  pod("on-failure", [
    container("main", "test -e /shared/tried && exit 0; touch /shared/tried; exit 7", mount),
    container("good", "exit 0"),
  ], { restartPolicy: "OnFailure", volumes: [shared] }),
  async (node) => {
    const pod = await node.podUntil("on-failure", "has ended", finished);
    equal(pod.status?.phase, "Succeeded");
    deepEqual([restarts(pod, "main"), restarts(pod, "good")], [1, 0]);
    equal(statusOf(pod, "main")?.lastState?.terminated?.exitCode, 7);
  },
);

nodeTest(
  "restartPolicy Always restarts a container that succeeded",
  pod("always", "sleep 1; exit 0"),
  async (node) => {
    const pod = await node.podUntil("always", "is restarted", (pod) => restarts(pod) >= 1);
    equal(pod.status?.phase, "Running");
    const last = statusOf(pod)?.lastState?.terminated ?? statusOf(pod)?.state?.terminated;
    equal(last?.exitCode, 0);
  },
);

nodeTest(
  "a container that crashes again and again waits in CrashLoopBackOff, 10 seconds after the first restart",
  pod("crash", "exit 9"),
  async (node) => {
    const pod = await node.podUntil(
      "crash",
      "waits in CrashLoopBackOff",
      (pod) => statusOf(pod)?.state?.waiting?.reason === "CrashLoopBackOff",
    );
    equal(restarts(pod), 1);
    match(
      statusOf(pod)?.state?.waiting?.message ?? "",
      /^back-off 10s restarting failed container=main pod=crash_default/,
    );
    equal(statusOf(pod)?.lastState?.terminated?.exitCode, 9);
    ok(!isReady(pod));
    equal(pod.status?.phase, "Running");
    await node.event("crash", "BackOff", "Back-off restarting failed container main in pod crash_default");
    const again = await node.podUntil("crash", "is restarted again", (pod) => restarts(pod) >= 2);
    const before = time(statusOf(pod)?.lastState?.terminated?.finishedAt);
    const { state, lastState } = statusOf(again)!;
    const started = time((state?.terminated ?? state?.running ?? lastState?.terminated)?.startedAt);
    ok(started - before >= 9_000 && started - before < 19_000, `restarted after ${started - before} ms`);
  },
);

nodeTest(
  "activeDeadlineSeconds fails the pod and ends its containers",
  pod("deadline", idle, { activeDeadlineSeconds: 12 }),
  async (node) => {
    const pod = await node.podUntil("deadline", "has ended", finished);
    deepEqual([pod.status?.phase, pod.status?.reason], ["Failed", "DeadlineExceeded"]);
    ok(statusOf(pod)?.state?.terminated);
    const containers = (await node.containers()).filter(({ labels }) =>
      labels["io.kubernetes.pod.name"] === "deadline"
    );
    equal(containers.filter(({ state }) => state === 1).length, 0);
  },
);

nodeTest(
  "postStart runs in the container before it counts as started, and a failing one kills it",
  [
    pod(
      "post-start",
      container("main", idle, {
        lifecycle: { postStart: { exec: { command: ["sh", "-c", "sleep 1; echo done > /tmp/post"] } } },
      }),
    ),
    pod(
      "post-start-fails",
      container("main", idle, {
        lifecycle: { postStart: { exec: { command: ["sh", "-c", "exit 8"] } } },
      }),
    ),
  ],
  async (node) => {
    const pod = await node.ready("post-start");
    equal(await node.output(pod, ["cat", "/tmp/post"]), "done");
    await node.event("post-start-fails", "FailedPostStartHook");
    await node.event("post-start-fails", "Killing");
    await node.podUntil("post-start-fails", "is restarted", (pod) => restarts(pod) >= 1);
  },
);

nodeTest(
  "a sandbox that died is replaced, with the attempt counted up and the init containers run again",
  pod("replaced", container("main", idle, mount), {
    initContainers: [container("count", "echo x >> /shared/count", mount)],
    volumes: [shared],
  }),
  async (node) => {
    const before = await node.ready("replaced");
    const sandbox = (await node.sandboxes()).find(({ metadata }) => metadata?.name === "replaced")!;
    const { info } = await node.cri.runtime.podSandboxStatus({ podSandboxId: sandbox.id, verbose: true });
    Deno.kill(JSON.parse(info.info).pid, "SIGKILL");
    const after = await node.podUntil(
      "replaced",
      "runs in another sandbox",
      (pod) => isReady(pod) && statusOf(pod)?.containerID !== statusOf(before)?.containerID,
    );
    equal(after.metadata.uid, before.metadata.uid);
    equal(await node.output(after, "cat /shared/count"), "x\nx");
    const sandboxes = (await node.sandboxes()).filter(({ metadata }) => metadata?.name === "replaced");
    deepEqual(sandboxes.map(({ metadata, state }) => [metadata?.attempt, state]).filter(([, state]) => state === 0), [[
      1,
      0,
    ]]);
    await node.event("replaced", "SandboxChanged");
  },
);

nodeTest(
  "a pod that has ended does not run again when islet is restarted",
  pod("once", container("main", "echo ran; echo x >> /shared/count", mount), {
    restartPolicy: "Never",
    volumes: [{ name: "shared", emptyDir: {} }],
  }),
  async (node) => {
    const before = await node.podUntil(
      "once",
      "has ended and its sandbox, too",
      (pod) => finished(pod) && condition(pod, "PodReadyToStartContainers")?.status === "False",
    );
    await node.restart();
    await sleep(1000);
    deepEqual((await node.pod("once"))?.status, before.status);
  },
);
