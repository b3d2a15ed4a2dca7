/** The example manifests do what their comments say. */
import { equal, match, ok } from "node:assert/strict";
import { nodeFile } from "../support/node_file.ts";
import { statusOf } from "../support/pods.ts";

const examples = new URL("../../examples/", import.meta.url);
const manifests = Object.fromEntries(
  ["web.yaml", "sidecar.yaml", "crash.yaml", "hog.yaml", "greeter.yaml"].map((name) => [
    name,
    Deno.readTextFileSync(new URL(name, examples)),
  ]),
);

const { nodeTest } = nodeFile({ manifests });

nodeTest("the example web server answers on the node's port with the page of its ConfigMap", {}, async (node) => {
  const web = await node.ready("web");
  equal(statusOf(web, "httpd")?.restartCount, 0);
  const script = "console.log(await (await fetch('http://127.0.0.1:8080/')).text())";
  const { stdout, stderr } = await node.inside(Deno.execPath(), "eval", script);
  match(stdout, /Hello from a pod on this machine/, stderr);
});

nodeTest("the example journal has run its init container and keeps a sidecar beside the writer", {}, async (node) => {
  const journal = await node.ready("journal");
  const [prepare, reader] = journal.status?.initContainerStatuses ?? [];
  equal(prepare.state?.terminated?.exitCode, 0);
  ok(reader.state?.running && reader.started);
  await node.logged("journal", "begun by journal", "reader");
  await node.logged("journal", "preparing the journal", "prepare");
});

nodeTest("the example job crashes with its message and waits in CrashLoopBackOff", {}, async (node) => {
  const crash = await node.podUntil(
    "crash",
    "waits in CrashLoopBackOff",
    (pod) => statusOf(pod, "job")?.state?.waiting?.reason === "CrashLoopBackOff",
  );
  const { lastState, restartCount } = statusOf(crash, "job")!;
  ok(restartCount! >= 1);
  equal(lastState?.terminated?.exitCode, 3);
  equal(lastState?.terminated?.message, "the disk of the moon is full\n");
  equal(crash.status?.phase, "Running");
});

nodeTest("the example memory hog is OOMKilled with exit code 137", {}, async (node) => {
  const hog = await node.podUntil(
    "hog",
    "has been killed",
    (pod) => statusOf(pod, "hog")?.lastState?.terminated !== undefined,
  );
  const { exitCode, reason } = statusOf(hog, "hog")!.lastState!.terminated!;
  equal(reason, "OOMKilled");
  equal(exitCode, 137);
});

nodeTest("the example pods talk through a Service by name, and its node port answers", {}, async (node) => {
  await node.ready("greeter");
  await node.ready("visitor");
  await node.logged("visitor", "hello from greeter", "visitor");
  const script = "console.log(await (await fetch('http://127.0.0.1:30080/')).text())";
  const { stdout, stderr } = await node.inside(Deno.execPath(), "eval", script);
  match(stdout, /^hello from greeter/, stderr);
});
