/** Kubelet's own API on its port, as kube-apiserver, monitoring and people with curl use it. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { kubectlOf } from "../support/kubectl.ts";
import { nodeFile } from "../support/node_file.ts";
import type { TestNode } from "../support/node.ts";
import { container, pod } from "../support/pods.ts";

const { nodeTest } = nodeFile({
  flags: ["--streaming-connection-idle-timeout", "5s"],
});

/** The administrator's credentials in the kubeconfig. */
async function admin(node: TestNode): Promise<{ token: string }> {
  const file = await node.kubeconfig();
  return { token: /token: "?([^"\s]+)/.exec(await Deno.readTextFile(file))![1] };
}

/** Asks kubelet's port from inside the node's network. */
async function curl(node: TestNode, path: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const { token } = await admin(node);
  const all = ["--silent", "--insecure", "--max-time", "60", "--header", `Authorization: Bearer ${token}`];
  const ask = async () => {
    const { code, stdout } = await node.inside(
      ...["curl", ...all, "--write-out", "\n%{http_code}", ...args],
      `https://127.0.0.1:10250${path}`,
    );
    return code === 7 ? undefined : stdout;
  };
  const out = await node.until("kubelet's port is open", ask);
  const end = out.lastIndexOf("\n");
  return { code: Number(out.slice(end + 1)), text: out.slice(0, end) };
}

const web = pod("web", [container("main", "echo hello; echo problem >&2; cat; sleep 3600", { stdin: true })]);

nodeTest("kubelet's port tells of health, configuration, pods and what runs", web, async (node) => {
  const { metadata: { uid } } = await node.ready("web");
  deepEqual(await curl(node, "/healthz"), { code: 200, text: "ok" });
  match((await curl(node, "/healthz?verbose")).text, /\[\+\]syncloop ok\nhealthz check passed\n/);
  const { kubeletconfig } = JSON.parse((await curl(node, "/configz")).text);
  deepEqual([kubeletconfig.port, kubeletconfig.streamingConnectionIdleTimeout], [10250, "5s"]);
  const { items } = JSON.parse((await curl(node, "/pods")).text);
  deepEqual(items.map(({ metadata }: typeof web) => metadata.name), ["web"]);
  equal(items[0].metadata.uid, uid);
  const running = JSON.parse((await curl(node, "/runningpods/")).text);
  deepEqual(running.items.map(({ metadata, spec }: typeof web) => [metadata.name, spec.containers[0].name]), [
    ["web", "main"],
  ]);
  match((await curl(node, "/metrics")).text, /^# HELP /);
  equal(JSON.parse((await curl(node, "/stats/summary")).text).pods[0].podRef.name, "web");
});

nodeTest("kubelet's paths answer through nodes/proxy, too", [], async (node) => {
  await node.ready("web");
  await node.logged("web", "hello");
  const kubectl = await kubectlOf(node, "1.36");
  const get = async (path: string) =>
    (await kubectl.run("get", "--raw", `/api/v1/nodes/${node.name}/proxy/${path}`)).stdout;
  equal(await get("healthz"), "ok");
  match(await get("logs/pods/"), /default_web_/);
  equal(await get("containerLogs/default/web/main?stream=Stdout&tailLines=1"), "hello\n");
});

nodeTest("kubelet's port is for those who may: others are told what they lack", [], async (node) => {
  await admin(node);
  await curl(node, "/healthz");
  const ask = async (...args: string[]) =>
    (await node.inside("curl", "-sk", "-w", "\n%{http_code}", ...args, "https://127.0.0.1:10250/pods")).stdout;
  equal(await ask(), "Unauthorized\n401");
  equal(await ask("-H", "Authorization: Bearer wrong"), "Unauthorized\n401");
});

nodeTest("kubelet's port gives logs of containers and of the machine", [], async (node) => {
  const { metadata: { uid } } = await node.ready("web");
  await node.logged("web", "problem");
  equal((await curl(node, "/containerLogs/default/web/main?stream=Stderr")).text, "problem\n");
  equal((await curl(node, "/containerLogs/default/web/main?stream=Stdout&tail=1")).text, "hello\n");
  deepEqual(await curl(node, "/containerLogs/default/web/other"), {
    code: 404,
    text: 'container "other" not found in pod "web"',
  });
  match((await curl(node, "/logs/")).text, /<a href="pods\/">pods\/<\/a>/);
  const file = `/logs/pods/default_web_${uid}/main/0.log`;
  match((await curl(node, file)).text, / stdout F hello\n/);
  equal((await curl(node, file, "--range", "0-3")).text, String(new Date().getUTCFullYear()));
  equal((await curl(node, "/logs/..%2f..%2fetc/passwd")).code, 400);
});

nodeTest(
  "kubelet's port runs commands, whole and as streams, and ends streams on which nothing moves",
  [],
  async (node) => {
    const { metadata: { uid } } = await node.ready("web");
    deepEqual(await curl(node, "/run/default/web/main?cmd=echo%20from%20run", "--request", "POST"), {
      code: 200,
      text: "from run\n",
    });
    const failed = await curl(node, "/run/default/web/main?cmd=cat%20/nope", "--request", "POST");
    equal(failed.code, 500);
    match(failed.text, /^command 'cat \/nope' exited with 1: /);
    equal((await curl(node, "/run/default/web/main")).text, "405: Method Not Allowed");
    const missing = await curl(node, "/exec/default/web/other?command=ls&output=1", "--request", "POST");
    deepEqual(missing, { code: 500, text: 'container not found ("other")' });

    const stream = async (path: string, protocol: string, input = "") => {
      const { token } = await admin(node);
      const client = new URL("../support/kubelet_stream.ts", import.meta.url).pathname;
      const args = [client, path, protocol, token, join(node.rootDir, "pki/ca.crt"), input];
      const { code, stdout, stderr } = await node.inside(Deno.execPath(), "run", "--quiet", "-A", ...args);
      equal(code, 0, stderr);
      return JSON.parse(stdout) as { said: string[]; ms: number };
    };
    const command = "command=sh&command=-c&command=echo%20out;exit%205";
    const exec = await stream(`/exec/default/web/${uid}/main?${command}&output=1`, "v4.channel.k8s.io");
    equal(exec.said[1], "out\n");
    match(exec.said[3], /"ExitCode","message":"5"/);
    const attach = await stream("/attach/default/web/main?input=1&output=1", "v5.channel.k8s.io", "through attach\n");
    match(attach.said[1], /^(through attach\n)+$/);
    ok(attach.ms > 4900, `ended after ${attach.ms} ms`);
  },
);
