/** Islet ends, in whatever way and at whatever moment, and comes back: containers run on and are taken over as they are. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { nodeFile } from "../support/node_file.ts";
import { sleep, type TestNode } from "../support/node.ts";
import { ample, container, finished, idle, isReady, manifest, type Pod, pod, statusOf } from "../support/pods.ts";
import { onDisk, probed, probeTimes, watchSteady } from "../support/steady.ts";

const { nodeTest } = nodeFile({ prepare: (node) => Deno.mkdirSync(join(node.dir, "shared")) });

const running = 1; // CRI's CONTAINER_RUNNING

const volume = { volumes: [{ name: "data", emptyDir: {} }] };
const mounted = { volumeMounts: [{ name: "data", mountPath: "/data" }] };

/** Pods of many kinds that run on whatever happens to islet. */
const steadyPods = [
  pod("plain"),
  probed("probed"),
  pod("sidecar", [container("main", idle, mounted)], {
    ...volume,
    initContainers: [
      container("setup", "echo run >> /data/setups", mounted),
      container("helper", idle, { restartPolicy: "Always" }),
    ],
  }),
  pod(
    "live",
    container("main", idle, {
      startupProbe: { exec: { command: ["sh", "-c", "echo x >> /tmp/startups"] }, periodSeconds: 1 },
      livenessProbe: { tcpSocket: { port: 9 }, initialDelaySeconds: 600 },
    }),
  ),
];
const steadyNames = steadyPods.map(({ metadata }) => metadata.name);

/** A container without a sandbox in it that somebody else made through the runtime's own interface. */
async function foreignSandbox(node: TestNode, labels: Record<string, string>): Promise<string> {
  const config = { metadata: { name: "foreign", namespace: "elsewhere", uid: crypto.randomUUID() }, labels };
  const { podSandboxId } = await node.cri.runtime.runPodSandbox({ config });
  return podSandboxId;
}

nodeTest("kill -9 of islet and a start change nothing of the pods that run", steadyPods, async (node) => {
  const steady = await watchSteady(node, steadyNames);
  for (let round = 0; round < 3; round++) {
    await node.kill9();
    await node.startIslet();
    await steady();
  }
  // The probes go on; startup probe and init container ran once.
  equal(await node.output("live", "cat /tmp/startups"), "x");
  const probedPod = await node.ready("probed");
  const started = Date.now();
  await node.until("probes go on", () => probeTimes(node, probedPod, started).length >= 2);
  equal(await node.output("sidecar", "cat /data/setups"), "run");
  await steady();
});

nodeTest(
  "a pod that waits in CrashLoopBackOff waits on after a restart, as long as it would have",
  pod("crashing", "exit 4"),
  async (node) => {
    const waiting = (pod: Pod) => statusOf(pod)?.state?.waiting?.reason === "CrashLoopBackOff";
    const ended = (pod: Pod) => Date.parse(statusOf(pod)!.lastState!.terminated!.finishedAt!);
    const left = (pod: Pod) => ended(pod) + 10_000 * 2 ** (statusOf(pod)!.restartCount! - 1) - Date.now();
    // long enough for the next start of islet
    const before = await onDisk(node, "crashing", "is to wait for long", (pod) => waiting(pod) && left(pod) > 15_000);
    const seconds = 10 * 2 ** (statusOf(before)!.restartCount! - 1);
    await node.kill9();
    await node.startIslet();
    const after = (await node.pod("crashing"))!;
    deepEqual(statusOf(after), statusOf(before));
    ok(statusOf(after)?.state?.waiting?.message?.startsWith(`back-off ${seconds}s`), JSON.stringify(statusOf(after)));
    const next = await node.podUntil("crashing", "crashes again", (pod) => waiting(pod) && ended(pod) > ended(before));
    equal(statusOf(next)?.restartCount, statusOf(before)!.restartCount! + 1);
    ok(statusOf(next)?.state?.waiting?.message?.startsWith(`back-off ${2 * seconds}s`), JSON.stringify(statusOf(next)));
    const waited = Date.parse(statusOf(next)!.lastState!.terminated!.startedAt!) - ended(before);
    ok(waited >= (seconds - 1) * 1000, `it was restarted ${waited} ms after it had crashed`);
  },
);

nodeTest("SIGTERM stops islet within a second, and pods run on", {}, async (node) => {
  const steady = await watchSteady(node, steadyNames);
  const ids = await node.runtimeIds();
  const { code, ms } = await node.terminate();
  equal(code, 0);
  ok(ms < 1000, `islet took ${ms} ms to end`);
  await sleep(500);
  deepEqual(await node.runtimeIds(), ids);
  ok((await node.containers()).filter(({ state }) => state === running).length >= steadyNames.length);
  await node.startIslet();
  await steady();
});

nodeTest("a manifest that was dropped just before the end is picked up afterwards, once", {}, async (node) => {
  const steady = await watchSteady(node, steadyNames);
  // From before the file is seen, while the sandbox is made and the container started, until the pod runs.
  const moments = [0, 15, 40, 80, 130, 200, 300, 450];
  for (const [round, ms] of moments.entries()) {
    const names = [`dropped-${round}`, `dropped-too-${round}`];
    node.write(
      `dropped-${round}.yaml`,
      manifest(names.map((name) => pod(name, container("main", idle, mounted), volume))),
    );
    await sleep(ms);
    await node.kill9();
    await node.startIslet();
    for (const name of names) {
      const { metadata, status } = await node.ready(name);
      // A start under way is given up by containerd when its caller is killed: it is made again.
      ok(
        status?.containerStatuses?.[0].restartCount === 0,
        `${name}, killed after ${ms} ms: ${JSON.stringify(status?.containerStatuses)}\n${node.logTail(60, `/${name}`)}`,
      );
      await node.until(`one sandbox and one running container of ${name} are there`, async () => {
        const sandboxes = (await node.sandboxes()).filter((one) => one.metadata?.name === name);
        const containers = (await node.containers()).filter(({ labels, state }) =>
          labels["io.kubernetes.pod.name"] === name && state === running
        );
        return sandboxes.length === 1 && sandboxes[0].metadata?.uid === metadata.uid && containers.length === 1;
      });
    }
    node.remove(`dropped-${round}.yaml`);
  }
  for (const round of moments.keys()) await node.gone(`dropped-${round}`);
  await steady();
});

nodeTest("islet that ends while an image is pulled goes on with it, and the pod can be removed", {}, async (node) => {
  // A registry that takes connections and never answers
  const { program, args } = node.namespaces.command(["busybox", "nc", "-ll", "-p", "5999", "-e", "sleep", "60"]);
  const registry = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  try {
    const steady = await watchSteady(node, steadyNames);
    node.write("pulling.yaml", manifest(pod("pulling", { name: "main", image: "127.0.0.1:5999/slow:1" })));
    await node.event("pulling", "Pulling");
    const before = (await node.pod("pulling"))!;
    await node.kill9();
    await node.startIslet();
    await node.event("pulling", "Pulling");
    const after = (await node.pod("pulling"))!;
    equal(after.metadata.uid, before.metadata.uid);
    equal(statusOf(after)?.state?.waiting?.reason, "ContainerCreating");
    node.remove("pulling.yaml");
    await node.gone("pulling", { timeoutMs: 40_000 }); // before the registry hangs up
    await steady();
  } finally {
    registry.kill("SIGKILL");
    await registry.status;
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name) || !node.namespaces.holds(Number(name))) continue;
      const command = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
      if (command === "sleep\x0060\0") Deno.kill(Number(name), "SIGKILL");
    }
  }
});

/** A pod that writes down how it ends: with its preStop, its SIGTERM, both in its own time. */
function lastWords(node: TestNode, name: string): ReturnType<typeof pod> {
  return pod(
    name,
    container(
      "main",
      `trap 'echo term >> /shared/${name}; sleep 0.5; echo ended >> /shared/${name}; exit 0' TERM
       while :; do sleep 3600 & wait $!; done`,
      {
        volumeMounts: [{ name: "shared", mountPath: "/shared" }],
        lifecycle: { preStop: { exec: { command: ["sh", "-c", `sleep 0.5; echo preStop >> /shared/${name}`] } } },
      },
    ),
    {
      ...ample,
      volumes: [{ name: "shared", hostPath: { path: join(node.dir, "shared"), type: "Directory" } }],
    },
  );
}

const words = (node: TestNode, name: string) =>
  Deno.readTextFileSync(join(node.dir, "shared", name)).trim().split("\n");

nodeTest(
  "a pod whose manifest was removed while islet was down ends with its own preStop and grace",
  {},
  async (node) => {
    node.write("farewell.yaml", manifest(lastWords(node, "farewell")));
    await onDisk(node, "farewell");
    const steady = await watchSteady(node, steadyNames);
    await node.kill9();
    node.remove("farewell.yaml");
    await node.startIslet();
    await node.gone("farewell");
    deepEqual(words(node, "farewell"), ["preStop", "term", "ended"]);
    await steady();
  },
);

nodeTest("termination that was cut off is finished, whenever it was cut off", {}, async (node) => {
  const moments = [0, 100, 600, 1100];
  const names = moments.map((ms) => `cut-${ms}`);
  node.write("cut.yaml", manifest(names.map((name) => lastWords(node, name))));
  for (const name of names) await node.ready(name);
  const steady = await watchSteady(node, steadyNames);
  for (const ms of moments) {
    names.shift();
    const removed = `cut-${ms}`;
    node.write("cut.yaml", manifest([...names.map((name) => lastWords(node, name)), pod("cut-other")]));
    if (ms > 0) {
      await node.podUntil(removed, "is being deleted", ({ metadata }) => metadata.deletionTimestamp);
      await sleep(ms);
    }
    await node.kill9();
    await node.startIslet();
    await node.gone(removed);
    const said = words(node, removed);
    ok(said.includes("preStop") && said.includes("term"), `${removed}: ${said}`);
    ok(said.indexOf("preStop") < said.indexOf("term"), `${removed}: ${said}`);
    equal(said.filter((word) => word === "term").length, 1, `${removed}: ${said}`);
    deepEqual((await node.sandboxes()).filter(({ metadata }) => metadata?.name === removed), []);
  }
  node.remove("cut.yaml");
  await node.gone("cut-other");
  await steady();
});

nodeTest(
  "what earlier lives left is removed: pods that nothing knows any more, by their own rules, directories and cgroups",
  {},
  async (node) => {
    node.write("orphan.yaml", manifest(lastWords(node, "orphan")));
    const orphan = await onDisk(node, "orphan");
    const steady = await watchSteady(node, steadyNames);
    await node.kill9();
    // Neither the manifest nor the store knows it: only the runtime does.
    node.remove("orphan.yaml");
    for (const part of ["", "-wal", "-shm"]) {
      await Deno.remove(join(node.rootDir, `state.db${part}`)).catch(() => {});
    }
    const left = crypto.randomUUID();
    const dir = join(node.rootDir, "pods", left, "volumes/kubernetes.io~empty-dir/data");
    Deno.mkdirSync(dir, { recursive: true });
    Deno.writeTextFileSync(join(dir, "file"), "left");
    const mount = await node.inside("mount", "-t", "tmpfs", "tmpfs", dir);
    equal(mount.code, 0, mount.stderr);
    Deno.mkdirSync(join(node.rootDir, "logs/pods", `default_left_${left}`, "main"), { recursive: true });
    const cgroups = ["memory", "cpu", "pids"].map((name) => `/sys/fs/cgroup/${name}/${node.cgroup}/kubepods/besteffort`)
      .filter(existsSync);
    ok(cgroups.length > 0, "this machine has no cgroups of pods");
    for (const path of cgroups) Deno.mkdirSync(`${path}/pod${left}`);

    await node.startIslet();
    await node.until(
      "the orphan is gone",
      async () => !(await node.sandboxes()).some(({ metadata }) => metadata?.uid === orphan.metadata.uid),
    );
    deepEqual(words(node, "orphan"), ["preStop", "term", "ended"]);
    equal(await node.pod("orphan"), undefined);
    await node.until(
      "what was left is gone",
      () =>
        !existsSync(join(node.rootDir, "pods", left)) &&
        !existsSync(join(node.rootDir, "pods", orphan.metadata.uid!)) &&
        !existsSync(join(node.rootDir, "logs/pods", `default_left_${left}`)) &&
        !cgroups.some((path) => existsSync(`${path}/pod${left}`)),
    );
    ok(!node.namespaces.mounts().some((point) => point.includes(left)));
    // A store that began empty restarted nothing of the others
    await steady({ times: false });
  },
);

nodeTest("containers of other tools are never touched", {}, async (node) => {
  const owner = { "dev.islet/owner": "another-installation" };
  const pods = {
    "io.kubernetes.pod.name": "foreign",
    "io.kubernetes.pod.namespace": "elsewhere",
    "io.kubernetes.pod.uid": crypto.randomUUID(),
  };
  const ids: string[] = [];
  const ctr = (...args: string[]) =>
    node.inside("ctr", "--address", `${node.runDir}/containerd.sock`, "--namespace", "k8s.io", ...args);
  try {
    ids.push(
      await foreignSandbox(node, {}),
      await foreignSandbox(node, pods),
      await foreignSandbox(node, { ...pods, ...owner }),
    );
    const run = await ctr("run", "--detach", "dev.islet/busybox:1", "foreign", "sleep", "3600");
    equal(run.code, 0, run.stderr);
    await node.kill9();
    await node.startIslet();
    // Islet works on its own pods meanwhile
    node.write("beside.yaml", manifest(pod("beside")));
    await node.ready("beside");
    node.remove("beside.yaml");
    await node.gone("beside");
    const sandboxes = await node.sandboxes();
    deepEqual(sandboxes.filter(({ id }) => ids.includes(id)).map(({ state }) => state), [0, 0, 0]);
    match((await ctr("tasks", "list")).stdout, /^foreign\s+\d+\s+RUNNING/m);
    ok(!(await node.pods()).some(({ metadata }) => metadata.name === "foreign"));
  } finally {
    for (const podSandboxId of ids) {
      await node.cri.runtime.stopPodSandbox({ podSandboxId });
      await node.cri.runtime.removePodSandbox({ podSandboxId });
    }
    await ctr("tasks", "delete", "--force", "foreign");
    await ctr("containers", "delete", "foreign");
  }
});

const jobs = [
  pod("job", "echo ran", { restartPolicy: "Never" }),
  pod("failed-job", "exit 3", { restartPolicy: "Never" }),
  pod("on-failure", "exit 0", { restartPolicy: "OnFailure" }),
];

nodeTest(
  "a job that has ended does not run again after kill -9, even if its records are gone, until it is edited",
  jobs,
  async (node) => {
    const names = ["job", "failed-job", "on-failure"];
    const before = new Map<string, Pod>();
    for (const name of names) before.set(name, await onDisk(node, name, "has ended", finished));
    await node.kill9();
    // As after a reboot of the machine whose runtime forgets what it ran
    for (const { id, labels } of await node.containers()) {
      if (names.includes(labels["io.kubernetes.pod.name"])) await node.cri.runtime.removeContainer({ containerId: id });
    }
    for (const { id, metadata } of await node.sandboxes()) {
      if (!names.includes(metadata?.name ?? "")) continue;
      await node.cri.runtime.stopPodSandbox({ podSandboxId: id });
      await node.cri.runtime.removePodSandbox({ podSandboxId: id });
    }
    await node.startIslet();
    node.write("job-after.yaml", manifest(pod("job-after")));
    await node.ready("job-after");
    for (const name of names) {
      const { metadata, status } = (await node.pod(name))!;
      equal(metadata.uid, before.get(name)!.metadata.uid);
      equal(status?.phase, before.get(name)!.status?.phase);
      deepEqual(status?.containerStatuses?.[0].state, before.get(name)!.status?.containerStatuses?.[0].state);
    }
    ok(!(await node.containers()).some(({ labels }) => names.includes(labels["io.kubernetes.pod.name"])));
    node.write("job.yaml", manifest([pod("job", "echo again", { restartPolicy: "Never" }), ...jobs.slice(1)]));
    const edited = await node.podUntil(
      "job",
      "has ended again",
      (pod) => finished(pod) && pod.metadata.uid !== before.get("job")!.metadata.uid,
    );
    equal(edited.status?.phase, "Succeeded");
    await node.logged("job", "again");
  },
);

nodeTest(
  "--shutdown-pods ends all pods, critical ones last, each with its own grace; they are back after the next start",
  {},
  async (node) => {
    node.write("last-words.yaml", manifest(lastWords(node, "last-words")));
    const note = (name: string) =>
      pod(
        name,
        container(
          "main",
          `trap 'echo ${name} >> /shared/shutdown; exit 0' TERM; while :; do sleep 3600 & wait $!; done`,
          {
            volumeMounts: [{ name: "shared", mountPath: "/shared" }],
          },
        ),
        {
          ...ample,
          volumes: [{ name: "shared", hostPath: { path: join(node.dir, "shared"), type: "Directory" } }],
          ...(name === "critical" ? { priorityClassName: "system-node-critical" } : {}),
        },
      );
    node.write("critical.yaml", manifest([note("critical"), note("ordinary")]));
    const uids = new Map<string, string>();
    for (const name of ["critical", "ordinary", "last-words", ...steadyNames]) {
      uids.set(name, (await onDisk(node, name)).metadata.uid!);
    }
    await node.restart(["--shutdown-pods"]);
    for (const name of uids.keys()) await node.ready(name);
    const { code, ms } = await node.terminate();
    equal(code, 0);
    ok(ms < 15_000, `the shutdown took ${ms} ms`);
    deepEqual((await node.containers()).filter(({ state }) => state === running), []);
    deepEqual((await node.sandboxes()).filter(({ state }) => state === 0), []);
    deepEqual(words(node, "shutdown"), ["ordinary", "critical"]);
    deepEqual(words(node, "last-words"), ["preStop", "term", "ended"]);

    await node.startIslet();
    for (const [name, uid] of uids) {
      const back = await node.podUntil(name, "is back", isReady);
      equal(back.metadata.uid, uid);
      notEqual(statusOf(back)?.containerID, undefined);
    }
    equal(await node.output("sidecar", "cat /data/setups"), "run\nrun");
    equal((await node.pod("failed-job"))?.status?.phase, "Failed");
    for (const file of ["critical.yaml", "last-words.yaml"]) node.remove(file);
  },
);
