/** The least that must work, in seconds: run against the compiled program, too. */
import { existsSync } from "node:fs";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { isletCommand } from "../support/node.ts";
import { nodeFile } from "../support/node_file.ts";
import { watchSteady } from "../support/steady.ts";
import { configMap, container, finished, idle, manifest, pod, statusOf } from "../support/pods.ts";

const { nodeTest } = nodeFile({
  config: "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: 50\n",
});

nodeTest(
  "a pod from the manifest directory runs and becomes ready",
  pod("web", "echo hello; exec sleep 3600"),
  async (node) => {
    const web = await node.ready("web");
    equal(web.status?.phase, "Running");
    match(web.status?.podIP ?? "", /^10\.244\.0\.\d+$/);
    equal(statusOf(web)?.restartCount, 0);
    await node.logged("web", "hello");
  },
);

nodeTest(
  "probes, volumes, init containers and sidecars work together",
  [
    configMap("page", { text: "from the map" }),
    pod(
      "whole",
      container("main", idle, {
        readinessProbe: { httpGet: { port: 8080, path: "/text" }, periodSeconds: 1 },
        volumeMounts: [{ name: "shared", mountPath: "/shared" }],
      }),
      {
        initContainers: [
          container("init", "echo prepared > /shared/init", {
            volumeMounts: [{ name: "shared", mountPath: "/shared" }],
          }),
          container("server", "exec httpd -f -p 8080 -h /www", {
            restartPolicy: "Always",
            volumeMounts: [{ name: "page", mountPath: "/www" }],
          }),
        ],
        volumes: [{ name: "shared", emptyDir: {} }, { name: "page", configMap: { name: "page" } }],
      },
    ),
  ],
  async (node) => {
    equal(await node.output(await node.ready("whole"), "cat /shared/init", "main"), "prepared");
  },
);

nodeTest("a job ends and stays ended", pod("job", "exit 3", { restartPolicy: "Never" }), async (node) => {
  const job = await node.podUntil("job", "has ended", finished);
  equal(statusOf(job)?.state?.terminated?.exitCode, 3);
});

nodeTest("nothing is kept where anybody may write", {}, async (node) => {
  const [program, ...args] = isletCommand();
  const TMPDIR = `${node.dir}/tmp`;
  Deno.mkdirSync(TMPDIR);
  const { success } = await new Deno.Command(program, { args: [...args, "validate", node.manifests], env: { TMPDIR } })
    .output();
  ok(success);
  deepEqual([...Deno.readDirSync(TMPDIR)], []);
});

nodeTest("get, describe, logs and exec answer over the socket", {}, async (node) => {
  await node.ready("web");
  match((await node.cli("get", "pods")).stdout, /^web +1\/1 +Running +0 /m);
  match((await node.cli("describe", "pod", "web")).stdout, /Container started/);
  equal((await node.cli("logs", "web")).stdout, "hello\n");
  equal((await node.cli("exec", "web", "--", "sh", "-c", "exit 7")).code, 7);
});

nodeTest(
  "a configuration file, YAML and certificates work: what they take is loaded when it is wanted",
  {},
  async (node) => {
    match((await node.cli("get", "node", "-o", "yaml")).stdout, /^ +pods: "50"$/m);
    const kubeconfig = `${node.rootDir}/admin.kubeconfig`;
    await node.until("there are certificates", () => existsSync(kubeconfig));
    match(Deno.readTextFileSync(kubeconfig), /certificate-authority-data: LS0t/);
  },
);

nodeTest("a broken manifest is told of and changes nothing", {}, async (node) => {
  const before = await node.ready("web");
  node.write("web.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: Web_1\n");
  await node.until(
    "the problem is told of",
    async () => /web\.yaml:7:11/.test((await node.cli("get", "problems")).stdout),
  );
  equal(statusOf(await node.ready("web"))?.containerID, statusOf(before)?.containerID);
  node.write("web.yaml", manifest(pod("web", "echo hello; exec sleep 3600")));
});

nodeTest("kill -9 and a start change nothing, and SIGTERM ends islet within a second", {}, async (node) => {
  const unchanged = await watchSteady(node, ["web", "whole"]);
  const ids = await node.runtimeIds();
  await node.kill9();
  await node.startIslet();
  const { code, ms } = await node.terminate();
  equal(code, 0);
  ok(ms < 1000, `it took ${ms} ms`);
  await node.startIslet();
  deepEqual(await node.runtimeIds(), ids);
  await node.ready("whole");
  await unchanged();
});
