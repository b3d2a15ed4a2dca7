/** Images that nothing needs are removed, by themselves and by hand; those that anything needs are not, however full the disk. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { podCgroupFor } from "../../agent/resources/mod.ts";
import { detect } from "../../cgroups/mod.ts";
import { ContainerState } from "../../cri/mod.ts";
import { type ImageInfo, ociArchiveOf } from "../../agent/images/mod.ts";
import { testImages } from "../images/build.ts";
import { nodeFile } from "../support/node_file.ts";
import { sleep, type TestNode } from "../support/node.ts";
import { container, idle, manifest, pod } from "../support/pods.ts";
import { imagesOf, largeImage, startRegistry } from "../support/registry.ts";

const address = "127.0.0.1:5000";
let registry: Deno.ChildProcess | undefined;
const { nodeTest } = nodeFile({
  imageDisk: "80M",
  flags: [
    "--minimum-image-ttl-duration=1s",
    "--eviction-hard=memory.available<1Mi",
    "--maximum-dead-containers-per-container=2",
    "--max-container-restart-period=1s",
  ],
});

const large = () => largeImage(5_000_000);

async function list(node: TestNode): Promise<ImageInfo[]> {
  const answer = await node.api("/islet/v1/images");
  equal(answer.status, 200);
  return (await answer.json()).items;
}

const ours = (node: TestNode) => imagesOf(node, address);

/** Use of the images' disk in percent. */
async function used(node: TestNode): Promise<number> {
  const { stdout } = await node.inside("stat", "-f", "-c", "%b %a", node.imageDir);
  const [blocks, available] = stdout.trim().split(" ").map(Number);
  return 100 - Math.floor((available * 100) / blocks);
}

/** Takes room on the images' disk: up to so many percent. */
async function fill(node: TestNode, percent: number): Promise<void> {
  const { stdout } = await node.inside("stat", "-f", "-c", "%b %a %S", node.imageDir);
  const [blocks, available, size] = stdout.trim().split(" ").map(Number);
  const bytes = Math.max(0, available - Math.floor(blocks * (100 - percent) / 100)) * size;
  await node.inside("sh", "-c", `head -c ${bytes} /dev/zero >> ${node.imageDir}/filler || true`);
}

async function islet(node: TestNode, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await node.cli("images", ...args);
  equal(code, 0, stderr);
  return stdout;
}

const using = (name: string, image: string, spec: Record<string, unknown> = {}, more: Record<string, unknown> = {}) =>
  pod(name, container("main", idle, { image: `${address}/${image}`, imagePullPolicy: "IfNotPresent", ...more }), spec);

nodeTest(
  "over the threshold of a small disk the least recently used images go, and no others",
  {},
  async (node) => {
    registry = await startRegistry(node, address, [
      ["large:1", await large()],
      ["large:2", await large()],
      ["large:3", await large()],
      ["large:4", await large()],
    ]);
    node.write("uses.yaml", manifest(using("uses", "large:1")));
    await node.ready("uses");
    match(await islet(node, "pull", `${address}/large:2`), /large:2 pulled \(.*MB, [0-9a-f]{13}\)/);
    // its pod is turned away: it is wanted, and does not run
    const port = { ports: [{ containerPort: 80, hostPort: 4711 }] };
    node.write("holds.yaml", manifest(pod("holds", container("main", idle, port))));
    await node.ready("holds");
    node.write("wants.yaml", manifest(using("wants", "large:3", {}, port)));
    await node.podUntil("wants", "is turned away", ({ status }) => status?.phase === "Failed");
    await islet(node, "pull", `${address}/large:3`, `${address}/large:4`);
    await fill(node, 88);
    // a pull is followed by a look at the disk
    await islet(node, "pull", `${address}/large:4`);
    await node.until(
      "the image that was used longest ago is gone",
      async () => !(await ours(node)).includes("large:2"),
      {
        tell: async () => `${await used(node)} % used`,
      },
    );
    const left = await list(node);
    const holdOf = (tag: string) => left.find(({ repoTags }) => repoTags.includes(tag))?.hold;
    equal(holdOf(`${address}/large:1`), "in use");
    equal(holdOf(`${address}/large:3`), "wanted");
    equal(holdOf("dev.islet/pause:1"), "sandbox image");
    equal(holdOf("dev.islet/busybox-app:1"), "preloaded");
    const metrics = await (await node.api("/metrics")).text();
    match(metrics, /^kubelet_image_garbage_collected_total\{reason="space"\} [1-9]/m);
  },
);

/** As after a reboot without a network: nothing runs, the runtime has forgotten what it ran, and there is no registry. */
async function reboot(node: TestNode): Promise<void> {
  await node.kill9();
  registry!.kill("SIGKILL");
  await registry!.status;
  // what was on its way up when islet was killed takes its time
  await node.until("the runtime has forgotten what it ran", async () => {
    for (const { id: podSandboxId } of await node.sandboxes()) {
      await node.cri.runtime.stopPodSandbox({ podSandboxId }).catch(() => {});
      await node.cri.runtime.removePodSandbox({ podSandboxId }).catch(() => {});
    }
    return (await node.runtimeIds()).length === 0;
  });
  await node.inside("kill", "-9", Deno.readTextFileSync(join(node.runDir, "containerd.pid")).split(/\s/)[0]);
  await node.startIslet();
}

nodeTest(
  "with the disk full all that can go is removed, it is told of, and after a reboot without a registry all pods start",
  {},
  async (node) => {
    await fill(node, 100);
    await node.restart(); // it looks when it starts
    const event = await node.event(node.name, "FreeDiskSpaceFailed");
    match(event.message, /^Insufficient free disk space on the node's image filesystem \(\d+% of [\d.]+ MiB used\)/);
    deepEqual((await ours(node)).sort(), ["large:1", "large:3"]);
    await reboot(node);
    await node.ready("uses");
    await node.ready("holds");
    node.remove("holds.yaml");
    await node.ready("wants");
    await node.inside("rm", join(node.imageDir, "filler"));
  },
);

nodeTest("images are imported by hand from packed archives, kept, listed and pruned", {}, async (node) => {
  const [plain] = await testImages();
  const archive = ociArchiveOf([{ ...plain, names: ["dev.islet/by-hand:1"], config: { User: "7" } }]).bytes;
  const packed = new Blob([archive]).stream().pipeThrough(new CompressionStream("gzip"));
  const file = join(node.dir, "by-hand.tar.gz");
  await Deno.writeFile(file, packed);
  node.write(
    "by-hand.yaml",
    manifest(pod("by-hand", container("main", idle, { image: "dev.islet/by-hand:1", imagePullPolicy: "Never" }))),
  );
  equal(await islet(node, "import", file), "dev.islet/by-hand:1 imported\n");
  await node.ready("by-hand");
  match(await islet(node), /^dev\.islet\/by-hand +1 +[0-9a-f]{13} +[\d.]+MB +now +in use$/m);
  node.remove("by-hand.yaml");
  await node.gone("by-hand");
  const held = async () => (await list(node)).find(({ repoTags }) => repoTags.includes("dev.islet/by-hand:1"))?.hold;
  equal(await held(), "imported by hand");
  ok(!(await islet(node, "prune")).includes("by-hand"));
  match(await islet(node, "prune", "--all", "--dry-run"), /^dev\.islet\/by-hand:1 would be removed$/m);
  equal(await held(), "imported by hand");
  match(await islet(node, "prune", "--all"), /^dev\.islet\/by-hand:1 removed\n(?:.*\n)*[\d.]+k?M?B freed$/m);
  equal(await held(), undefined);
  const yaml = await islet(node, "ls", "-o", "yaml");
  match(yaml, /repoTags:\n +- dev\.islet\/pause:1/);

  Deno.writeTextFileSync(join(node.dir, "broken.tar"), "x".repeat(8_000_000));
  const broken = await node.cli("images", "import", join(node.dir, "broken.tar"), join(node.dir, "missing.tar"));
  equal(broken.code, 1);
  match(broken.stderr, /broken\.tar: Cannot import an image archive: .*\n.*missing\.tar: there is no such file/);
  const absent = await node.cli("images", "pull", `${address}/large:1`);
  match(absent.stderr, /Cannot pull 127\.0\.0\.1:5000\/large:1: .*connection refused/);
  equal(absent.code, 1);
});

nodeTest(
  "an image that nobody has used for the maximum age goes, though islet was restarted meanwhile",
  {},
  async (node) => {
    const other = "127.0.0.1:5002";
    const server = await startRegistry(node, other, [["idle:1", await large()], ["used:1", await large()]]);
    const image = { image: `${other}/used:1`, imagePullPolicy: "IfNotPresent" };
    node.write("keeps.yaml", manifest(pod("keeps", container("main", idle, image))));
    await node.ready("keeps");
    await islet(node, "pull", `${other}/idle:1`);
    server.kill("SIGKILL");
    await server.status;
    await sleep(4000);
    deepEqual(await imagesOf(node, other), ["idle:1", "used:1"]);
    await node.restart(["--image-maximum-gc-age=3s"]);
    await node.until("the idle image is gone", async () => (await imagesOf(node, other)).join() === "used:1");
    match(
      await (await node.api("/metrics")).text(),
      /^kubelet_image_garbage_collected_total\{reason="age"\} [1-9]/m,
    );
    await node.restart();
    node.remove("keeps.yaml");
    await node.gone("keeps");
  },
);

nodeTest(
  "what is left of pods that are gone goes when the node starts: directories with mounts, logs, cgroups; links are not followed",
  pod("lasting"),
  async (node) => {
    const { metadata: { uid: lasting } } = await node.ready("lasting");
    await node.kill9();
    const uid = crypto.randomUUID();
    const dir = join(node.rootDir, "pods", uid), logs = join(node.rootDir, "logs/pods");
    const volume = join(dir, "volumes/kubernetes.io~empty-dir/data");
    const precious = join(node.dir, "precious");
    for (const path of [volume, precious, join(logs, `default_left_${uid}`, "main")]) {
      Deno.mkdirSync(path, { recursive: true });
    }
    Deno.writeTextFileSync(join(precious, "file"), "kept");
    Deno.symlinkSync(precious, join(dir, "link"));
    Deno.symlinkSync(precious, join(logs, `default_left_${uid}`, "link"));
    await node.inside("mount", "-t", "tmpfs", "left", volume);
    const orphan = join(logs, `default_older_${crypto.randomUUID()}`); // its other remains are gone already
    Deno.mkdirSync(orphan);
    const cgroups = detect();
    const paths = { driver: "cgroupfs", root: `/${node.cgroup}` } as const;
    const left = [podCgroupFor(uid, "Burstable", paths), podCgroupFor(crypto.randomUUID(), "BestEffort", paths)];
    for (const path of left) await cgroups.create(path);
    await node.startIslet();
    await node.until("all of it is gone", () => {
      const there = (path: string) => {
        try {
          return Boolean(Deno.lstatSync(path));
        } catch {
          return false;
        }
      };
      return ![dir, orphan, join(logs, `default_left_${uid}`)].some(there) &&
        !left.some((path) => cgroups.exists(path));
    });
    equal(Deno.readTextFileSync(join(precious, "file")), "kept");
    equal((await node.ready("lasting")).metadata.uid, lasting);
    ok(Deno.statSync(join(logs, `default_lasting_${lasting}`)).isDirectory);
  },
);

nodeTest(
  "so many ended runs of a container stay as the configuration says, with their logs, and no more",
  {},
  async (node) => {
    node.write("crashing.yaml", manifest(pod("crashing", "echo crashed; exit 1")));
    const crashed = await node.podUntil(
      "crashing",
      "has crashed often",
      ({ status }) => (status?.containerStatuses?.[0].restartCount ?? 0) >= 4,
    );
    let seen = "";
    await node.until("no more than two ended runs are left", async () => {
      const ended = (await node.containers()).filter(({ labels, state }) =>
        labels["io.kubernetes.pod.uid"] === crashed.metadata.uid && state === ContainerState.CONTAINER_EXITED
      );
      const logs = [...Deno.readDirSync(node.logDirectory(crashed, "main"))].map(({ name }) => parseInt(name)).sort();
      seen = `ended: ${ended.map(({ metadata }) => metadata?.attempt)}, logs: ${logs}`;
      // while a run is under way it has a log, too
      return ended.length === 2 && logs.length <= 3 && ended.every(({ metadata }) => logs.includes(metadata!.attempt));
    }, { tell: () => seen });
    await node.logged("crashing", "crashed");
  },
);
