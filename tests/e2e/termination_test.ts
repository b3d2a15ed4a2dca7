/** How containers end: signals, grace, hooks, messages, exit codes. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { nodeFile } from "../support/node_file.ts";
import { ample, container, finished, idle, manifest, pod, statusOf } from "../support/pods.ts";
import type { TestNode } from "../support/node.ts";

const { nodeTest } = nodeFile();

type Loose = Record<string, unknown>;

const shared = { volumeMounts: [{ name: "shared", mountPath: "/shared" }] };

/** Starts a pod that writes into a directory of the machine, ends it, and tells how long that took. */
async function endPod(node: TestNode, name: string, content: Loose | Loose[], spec = {}) {
  const path = `${node.dir}/${name}`;
  Deno.mkdirSync(path);
  const volumes = [{ name: "shared", hostPath: { path, type: "Directory" } }];
  node.write(
    `${name}.yaml`,
    manifest(pod(name, [content].flat().map((one) => ({ ...one, ...shared })), { volumes, ...spec })),
  );
  await node.ready(name);
  await node.logged(name, "begun");
  const began = performance.now();
  node.remove(`${name}.yaml`);
  await node.gone(name);
  const files = Object.fromEntries(
    [...Deno.readDirSync(path)].map((file) => [file.name, Deno.readTextFileSync(`${path}/${file.name}`).trim()]),
  );
  return { files, ms: performance.now() - began };
}

const loop = "echo begun; while :; do sleep 3600 & wait $!; done";

nodeTest("a container gets SIGTERM and may end by itself", {}, async (node) => {
  const { files } = await endPod(
    node,
    "polite",
    container("main", `trap 'echo TERM > /shared/signal; exit 0' TERM; ${loop}`),
    { terminationGracePeriodSeconds: 3600 },
  );
  equal(files.signal, "TERM");
});

nodeTest("a container that ignores SIGTERM is killed when the grace period is over", {}, async (node) => {
  const { files, ms } = await endPod(
    node,
    "stubborn",
    container("main", `trap 'echo TERM > /shared/signal' TERM; ${loop}`),
    { terminationGracePeriodSeconds: 2 },
  );
  equal(files.signal, "TERM");
  ok(ms > 1_900 && ms < 25_000, `it took ${ms} ms`);
});

nodeTest("a container gets the stop signal of its image", {}, async (node) => {
  const { files } = await endPod(
    node,
    "own-signal",
    container("main", `trap 'echo USR1 > /shared/signal; exit 0' USR1; ${loop}`, {
      image: "dev.islet/busybox-signal:1",
    }),
    ample,
  );
  equal(files.signal, "USR1");
});

nodeTest(
  "lifecycle.stopSignal takes the place of SIGTERM, whether the runtime knows of it or not",
  {},
  async (node) => {
    const { files } = await endPod(
      node,
      "spec-signal",
      container(
        "main",
        `trap 'echo TERM > /shared/signal' TERM; trap 'echo USR2 > /shared/signal; exit 0' USR2; ${loop}`,
        {
          lifecycle: { stopSignal: "SIGUSR2" },
        },
      ),
      { terminationGracePeriodSeconds: 3600, os: { name: "linux" } },
    );
    equal(files.signal, "USR2");
  },
);

nodeTest("preStop runs before SIGTERM, within the grace period", {}, async (node) => {
  const { files } = await endPod(
    node,
    "pre-stop",
    container("main", `trap 'echo "$(cat /shared/hook) then TERM" > /shared/order; exit 0' TERM; ${loop}`, {
      lifecycle: { preStop: { exec: { command: ["sh", "-c", "sleep 0.5; echo hook > /shared/hook"] } } },
    }),
    ample,
  );
  equal(files.order, "hook then TERM");
});

nodeTest("a preStop of sleep waits", {}, async (node) => {
  const { ms } = await endPod(
    node,
    "pre-stop-sleep",
    container("main", `trap 'exit 0' TERM; ${loop}`, { lifecycle: { preStop: { sleep: { seconds: 2 } } } }),
    { terminationGracePeriodSeconds: 3600 },
  );
  ok(ms >= 2_000, `it took ${ms} ms`);
});

nodeTest("preStop by httpGet and tcpSocket reaches the container", {}, async (node) => {
  const server =
    "mkdir /tmp/cgi-bin; printf '#!/bin/sh\\necho $QUERY_STRING > /shared/asked\\nprintf \"\\\\r\\\\n\"\\n' > " +
    "/tmp/cgi-bin/hook; chmod +x /tmp/cgi-bin/hook; httpd -p 8080 -h /tmp";
  const told = "until [ -e /shared/connected ]; do sleep 0.1; done";
  const { files } = await endPod(
    node,
    "pre-stop-http",
    [
      container("main", `${server}; trap 'exit 0' TERM; ${loop}`, {
        ports: [{ name: "http", containerPort: 8080 }],
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
        lifecycle: { preStop: { httpGet: { port: "http", path: "/cgi-bin/hook?stop" } } },
      }),
      container("beside", `trap '${told}; exit 0' TERM; (nc -l -p 9000; touch /shared/connected) & ${loop}`, {
        readinessProbe: { exec: { command: ["sh", "-c", "netstat -ltn | grep -q :9000"] }, periodSeconds: 1 },
        lifecycle: { preStop: { tcpSocket: { port: 9000 } } },
      }),
    ],
    ample,
  );
  equal(files.asked, "stop");
  equal(files.connected, "");
});

nodeTest(
  "a failed preStop is told of and does not hold back the end",
  {},
  async (node) => {
    await endPod(
      node,
      "pre-stop-fails",
      container("main", `trap 'exit 0' TERM; ${loop}`, {
        lifecycle: { preStop: { exec: { command: ["sh", "-c", "exit 3"] } } },
      }),
      ample,
    );
    await node.event("pre-stop-fails", "FailedPreStopHook");
    await node.event("pre-stop-fails", "Killing", "Stopping container main");
  },
);

nodeTest(
  "the termination message is what the container wrote into its file, wherever that is, and 4096 bytes at most",
  [
    pod("message", "echo the reason > /dev/termination-log; exit 2", { restartPolicy: "Never" }),
    pod("message-elsewhere", container("main", "printf here > /tmp/why", { terminationMessagePath: "/tmp/why" }), {
      restartPolicy: "Never",
    }),
    pod("message-long", "yes 0123456789abcde | head -c 10000 > /dev/termination-log", { restartPolicy: "Never" }),
  ],
  async (node) => {
    const end = async (name: string) => statusOf(await node.podUntil(name, "has ended", finished))?.state?.terminated;
    equal((await end("message"))?.message, "the reason\n");
    equal((await end("message-elsewhere"))?.message, "here");
    equal((await end("message-long"))?.message?.length, 4096);
  },
);

nodeTest(
  "with FallbackToLogsOnError the message of a failed container without one is the end of its log",
  ["fails", "writes", "succeeds"].map((what) =>
    pod(
      `fallback-${what}`,
      container(
        "main",
        "seq 1 100; echo last words; " +
          { fails: "exit 1", writes: "echo own > /dev/termination-log; exit 1", succeeds: "exit 0" }[what],
        { terminationMessagePolicy: "FallbackToLogsOnError" },
      ),
      { restartPolicy: "Never" },
    )
  ),
  async (node) => {
    const message = async (name: string) =>
      statusOf(await node.podUntil(name, "has ended", finished))?.state?.terminated?.message;
    const lines = (await message("fallback-fails"))!.trimEnd().split("\n");
    equal(lines.at(-1), "last words");
    equal(lines.length, 80);
    equal(await message("fallback-writes"), "own\n");
    equal(await message("fallback-succeeds"), undefined);
  },
);

nodeTest(
  "exit codes are kept, those by signals too",
  [
    pod("code-42", "exit 42", { restartPolicy: "Never" }),
    pod("code-kill", "sleep 100 & kill -9 $!; wait $!", { restartPolicy: "Never" }),
    pod("code-missing", container("main", "", { command: ["/no/such/program"] }), { restartPolicy: "Never" }),
  ],
  async (node) => {
    const end = async (name: string) => statusOf(await node.podUntil(name, "has ended", finished))?.state?.terminated;
    deepEqual([(await end("code-42"))?.exitCode, (await end("code-42"))?.reason], [42, "Error"]);
    equal((await end("code-kill"))?.exitCode, 137);
    const missing = await end("code-missing");
    equal(missing?.reason, "StartError");
    equal(missing?.exitCode, 128);
    match(missing?.message ?? "", /no such file/);
  },
);

nodeTest(
  "a container over its memory limit is OOMKilled with exit code 137",
  pod(
    "oom",
    // containerd 1.6 listens for the kernel's word a moment after the start
    container("main", "sleep 1; exec dd if=/dev/zero of=/dev/null bs=100M count=1", {
      resources: { limits: { memory: "20Mi" } },
    }),
    { restartPolicy: "Never" },
  ),
  async (node) => {
    const pod = await node.podUntil("oom", "has ended", finished);
    const { reason, exitCode } = statusOf(pod)!.state!.terminated!;
    deepEqual([reason, exitCode, pod.status?.phase], ["OOMKilled", 137, "Failed"]);
  },
);

nodeTest(
  "a process that ends while its container is ended takes nothing else with it",
  [pod("beside-a"), pod("beside-b")],
  async (node) => {
    const before = await node.ready("beside-b");
    await node.ready("beside-a");
    node.remove("beside-a.yaml");
    node.write("beside-b.yaml", manifest(pod("beside-b")));
    await node.gone("beside-a");
    const after = await node.ready("beside-b");
    equal(after.metadata.uid, before.metadata.uid);
    equal(statusOf(after)?.containerID, statusOf(before)?.containerID);
  },
);

nodeTest("a pod that is ended while its image is pulled or its container starts is gone at once", {}, async (node) => {
  node.write("short.yaml", manifest(pod("short", container("main", idle, { image: "registry.invalid/nothing:1" }))));
  await node.podUntil("short", "is there", () => true);
  node.remove("short.yaml");
  await node.gone("short");
});
