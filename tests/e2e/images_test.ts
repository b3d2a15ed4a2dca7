/** Images: preloaded ones, pull policies, and pulls from a registry on loopback, with and without credentials. */
import { equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { ociArchiveOf } from "../../agent/images/mod.ts";
import { testImages } from "../images/build.ts";
import { nodeFile } from "../support/node_file.ts";
import { container, idle, manifest, type Pod, pod, secret, statusOf } from "../support/pods.ts";
import { registryPassword, registryUser, startRegistry } from "../support/registry.ts";

const open = "127.0.0.1:5000", closed = "127.0.0.1:5001", down = "127.0.0.1:5002";
const { nodeTest } = nodeFile();

const using = (name: string, image: string, more: Record<string, unknown> = {}, spec: Record<string, unknown> = {}) =>
  pod(name, container("main", idle, { image, ...more }), spec);
const waitsFor = (reason: string) => (pod: Pod) => statusOf(pod)?.state?.waiting?.reason === reason;

nodeTest("a preloaded image is used without a registry", pod("preloaded"), async (node) => {
  await node.ready("preloaded");
  await node.event("preloaded", "Pulled", 'Container image "dev.islet/busybox:1" already present on machine');
});

nodeTest(
  "imagePullPolicy Never with an image that is not there waits in ErrImageNeverPull",
  using("never", `${open}/absent:1`, { imagePullPolicy: "Never" }),
  async (node) => {
    const pod = await node.podUntil("never", "waits", waitsFor("ErrImageNeverPull"));
    match(statusOf(pod)?.state?.waiting?.message ?? "", /is not present with pull policy of Never/);
    await node.event("never", "ErrImageNeverPull");
  },
);

nodeTest("an archive put into the image directory is imported, and pods that wait for it start", {}, async (node) => {
  node.write("waits.yaml", manifest(using("waits", "dev.islet/late:1", { imagePullPolicy: "Never" })));
  await node.podUntil("waits", "waits", waitsFor("ErrImageNeverPull"));
  const [plain] = await testImages();
  const { bytes } = ociArchiveOf([{ ...plain, names: ["dev.islet/late:1"] }]);
  Deno.writeFileSync(join(node.rootDir, "images/.late"), bytes);
  Deno.renameSync(join(node.rootDir, "images/.late"), join(node.rootDir, "images/late.tar"));
  await node.ready("waits");
});

nodeTest("an image is pulled from a registry, once, and its digest pulls the same", {}, async (node) => {
  await startRegistry(node, open, ["app:1", "app:2"]);
  node.write("pulls.yaml", manifest(using("pulls", `${open}/app:1`)));
  const first = await node.ready("pulls");
  await node.event("pulls", "Pulling", `Pulling image "${open}/app:1"`);
  await node.event("pulls", "Pulled", `Successfully pulled image "${open}/app:1"`);
  node.write("present.yaml", manifest(using("present", `${open}/app:1`)));
  await node.ready("present");
  await node.event("present", "Pulled", "already present on machine");
  const { image } = await node.cri.image.imageStatus({ image: { image: `${open}/app:1` } });
  const digest = image!.repoDigests.find((one) => one.startsWith(open))!;
  match(digest, /@sha256:[0-9a-f]{64}$/);
  node.write("digest.yaml", manifest(using("digest", digest)));
  equal(statusOf(await node.ready("digest"))?.imageID, statusOf(first)?.imageID);
  node.write("always.yaml", manifest(using("always", `${open}/app:1`, { imagePullPolicy: "Always" })));
  await node.ready("always");
  await node.event("always", "Pulling");
});

nodeTest("an image that the registry does not have: ErrImagePull, then ImagePullBackOff", {}, async (node) => {
  node.write("absent.yaml", manifest(using("absent", `${open}/absent:1`)));
  await node.event("absent", "Failed", `Failed to pull image "${open}/absent:1"`);
  await node.event("absent", "Failed", "Error: ErrImagePull");
  const pod = await node.podUntil("absent", "waits", waitsFor("ImagePullBackOff"));
  match(statusOf(pod)?.state?.waiting?.message ?? "", /^Back-off pulling image/);
  await node.event("absent", "BackOff", `Back-off pulling image "${open}/absent:1"`);
  equal(pod.status?.phase, "Pending");
});

nodeTest(
  "a registry with a password needs imagePullSecrets or the node's docker config, and the password is never told",
  {},
  async (node) => {
    await startRegistry(node, closed, ["private:1", "private:2"], { auth: true });
    const dockerConfig = JSON.stringify({ auths: { [closed]: { auth: btoa(`${registryUser}:${registryPassword}`) } } });
    node.write("refused.yaml", manifest(using("refused", `${closed}/private:1`)));
    const refused = await node.podUntil(
      "refused",
      "waits",
      (pod) => waitsFor("ErrImagePull")(pod) || waitsFor("ImagePullBackOff")(pod),
    );
    match(statusOf(refused)?.state?.waiting?.message ?? "", /authoriz|basic auth|401/i);
    node.write(
      "allowed.yaml",
      manifest([
        secret("login", { ".dockerconfigjson": dockerConfig }, { type: "kubernetes.io/dockerconfigjson" }),
        using("allowed", `${closed}/private:1`, { imagePullPolicy: "Always" }, {
          imagePullSecrets: [{ name: "login" }],
        }),
      ]),
    );
    await node.ready("allowed");
    node.write(
      "by-account.yaml",
      manifest([
        {
          apiVersion: "v1",
          kind: "ServiceAccount",
          metadata: { name: "puller" },
          imagePullSecrets: [{ name: "login" }],
        },
        using("by-account", `${closed}/private:1`, { imagePullPolicy: "Always" }, { serviceAccountName: "puller" }),
      ]),
    );
    await node.ready("by-account");
    Deno.writeTextFileSync(join(node.rootDir, "config.json"), dockerConfig, { mode: 0o600 });
    node.write("by-node.yaml", manifest(using("by-node", `${closed}/private:2`)));
    await node.ready("by-node");
    const told = node.log() + JSON.stringify(await node.events());
    ok(
      !told.includes(registryPassword) && !told.includes(btoa(`${registryUser}:${registryPassword}`)),
      "the password is told",
    );
  },
);

nodeTest(
  "Always falls back to the local image, with an event, when the registry cannot be reached",
  {},
  async (node) => {
    const process = await startRegistry(node, down, ["app:1"]);
    node.write("before.yaml", manifest(using("before", `${down}/app:1`, { imagePullPolicy: "Always" })));
    await node.ready("before");
    process.kill("SIGKILL");
    await process.status;
    node.write("after.yaml", manifest(using("after", `${down}/app:1`, { imagePullPolicy: "Always" })));
    await node.ready("after");
    await node.event("after", "RegistryUnreachable");
  },
);

nodeTest("a wrong image name is told of as such", using("wrong", "dev.islet/UPPER:1"), async (node) => {
  const pod = await node.podUntil("wrong", "waits", waitsFor("InvalidImageName"));
  match(statusOf(pod)?.state?.waiting?.message ?? "", /dev\.islet\/UPPER:1/);
});

nodeTest(
  "the image of a running pod is edited in place: the pod keeps its UID and restarts that container",
  [],
  async (node) => {
    node.write("edited.yaml", manifest(using("edited", "dev.islet/busybox:1")));
    const before = await node.ready("edited");
    node.write("edited.yaml", manifest(using("edited", "dev.islet/busybox-app:1")));
    const after = await node.podUntil(
      "edited",
      "runs the other image",
      (pod) => statusOf(pod)?.image === "dev.islet/busybox-app:1" && statusOf(pod)?.ready,
    );
    equal(after.metadata.uid, before.metadata.uid);
    equal(statusOf(after)?.restartCount, 1);
    equal(await node.output(after, "id -u"), "1000");
  },
);
