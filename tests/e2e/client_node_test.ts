/** The official JavaScript client against a lone node, over TLS as its kubeconfig says. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { nodeFile } from "../support/node_file.ts";
import type { TestNode } from "../support/node.ts";
import { container, idle, pod } from "../support/pods.ts";
import { type Relay, relay } from "../support/relay.ts";

const { nodeTest } = nodeFile();
const k8s = await import("npm:@kubernetes/client-node@2.0.1");
type Client = InstanceType<typeof k8s.KubeConfig>;

/** A way from here into the node's network: this network's port → a Unix socket → the node's port. */
async function client(node: TestNode): Promise<Relay & { config: Client }> {
  const kubeconfig = await node.kubeconfig();
  const config = new k8s.KubeConfig();
  config.loadFromFile(kubeconfig);
  const { host } = new URL(config.getCurrentCluster()!.server);
  const path = join(node.dir, "way.sock");
  const program = resolve(fileURLToPath(new URL("../support/relay.ts", import.meta.url)));
  if (!existsSync(path)) node.spawn(Deno.execPath(), "run", "-A", "--no-check", program, `unix:${path}`, host);
  const reached = () => Deno.connect({ transport: "unix", path }).then((way) => (way.close(), true), () => false);
  await node.until("the relay listens", reached);
  const way = relay({ hostname: "127.0.0.1", port: 0 }, { transport: "unix", path });
  const [cluster] = config.clusters;
  config.clusters = [{ ...cluster, server: `https://127.0.0.1:${way.port}` }];
  return { ...way, config, [Symbol.dispose]: () => way[Symbol.dispose]() };
}

class Sink extends Writable {
  text = "";
  override _write(chunk: Uint8Array, _: string, done: () => void): void {
    this.text += new TextDecoder().decode(chunk);
    done();
  }
}

nodeTest("create, list, patch, and delete with the typed client", {}, async (node) => {
  using way = await client(node);
  const core = way.config.makeApiClient(k8s.CoreV1Api);
  const body = { metadata: { name: "made" }, data: { a: "1" } };
  const made = await core.createNamespacedConfigMap({ namespace: "default", body });
  ok(made.metadata?.uid);
  const { items } = await core.listNamespacedConfigMap({ namespace: "default" });
  ok(items.some(({ metadata }) => metadata?.name === "made"));
  await core.replaceNamespacedConfigMap({ namespace: "default", name: "made", body: { ...made, data: { a: "2" } } });
  await rejects(
    core.replaceNamespacedConfigMap({ namespace: "default", name: "made", body: { ...made, data: { a: "3" } } }),
    (err: { code?: number; body?: string }) =>
      err.code === 409 && /the object has been modified/.test(String(err.body)),
  );
  await core.deleteNamespacedConfigMap({ namespace: "default", name: "made" });
  await rejects(core.readNamespacedConfigMap({ namespace: "default", name: "made" }), { code: 404 });
});

nodeTest("an informer sees what is there and every change", {}, async (node) => {
  using way = await client(node);
  const core = way.config.makeApiClient(k8s.CoreV1Api);
  const labelSelector = "informed=yes";
  const list = () => core.listNamespacedConfigMap({ namespace: "default", labelSelector });
  const seen: string[] = [];
  const informer = k8s.makeInformer(way.config, "/api/v1/namespaces/default/configmaps", list, labelSelector);
  for (const verb of ["add", "update", "delete"] as const) {
    informer.on(verb, ({ metadata }: { metadata?: { name?: string } }) => void seen.push(`${verb} ${metadata?.name}`));
  }
  const make = (name: string) =>
    core.createNamespacedConfigMap({
      namespace: "default",
      body: { metadata: { name, labels: { informed: "yes" } } },
    });
  await make("first");
  await informer.start();
  await make("second");
  await core.patchNamespacedConfigMap(
    { namespace: "default", name: "second", body: { data: { a: "1" } } },
    k8s.setHeaderOptions("content-type", k8s.PatchStrategy.MergePatch),
  );
  await core.deleteNamespacedConfigMap({ namespace: "default", name: "first" });
  await node.until("all changes were told", () => Promise.resolve(seen.length >= 4));
  await informer.stop();
  deepEqual(seen, ["add first", "add second", "update second", "delete first"]);
  await core.deleteNamespacedConfigMap({ namespace: "default", name: "second" });
});

nodeTest(
  "a pod is made, waited for by a watch, read, entered and ended",
  {},
  async (node) => {
    using way = await client(node);
    const core = way.config.makeApiClient(k8s.CoreV1Api);
    const ready = Promise.withResolvers<void>();
    const watch = await new k8s.Watch(way.config).watch(
      "/api/v1/namespaces/default/pods",
      { fieldSelector: "metadata.name=js" },
      (_: string, { status }: { status?: { conditions?: { type: string; status: string }[] } }) => {
        if (status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")) ready.resolve();
      },
      () => {},
    );
    // deno-lint-ignore no-explicit-any -- the client's types want every field's class
    const body = pod("js", [container("main", `echo hello from within; ${idle}`)]) as any;
    await core.createNamespacedPod({ namespace: "default", body });
    await ready.promise;
    watch.abort();

    match(await core.readNamespacedPodLog({ namespace: "default", name: "js" }), /hello from within/);
    const followed = new Sink();
    const following = await new k8s.Log(way.config).log("default", "js", "main", followed, { follow: true });
    await node.until("the log is followed", () => Promise.resolve(/hello from within/.test(followed.text)));
    following.abort();

    const [out, err] = [new Sink(), new Sink()];
    const input = new PassThrough();
    const ended = Promise.withResolvers<{ status?: string; details?: { causes?: { message?: string }[] } }>();
    // It ends after its input has: a runtime that closes while input is on its way may lose how the command ended.
    const command = ["sh", "-c", "read line; echo got $line; echo oops >&2; cat; exit 3"];
    await new k8s.Exec(way.config).exec("default", "js", "main", command, out, err, input, false, ended.resolve);
    input.end("words\n");
    const status = await ended.promise;
    equal(status.status, "Failure");
    equal(status.details?.causes?.[0]?.message, "3", JSON.stringify(status));
    deepEqual([out.text, err.text], ["got words\n", "oops\n"]);

    await core.deleteNamespacedPod({ namespace: "default", name: "js" });
    await node.gone("js");
  },
);
