import assert from "node:assert/strict";
import type { Summary } from "./summary_types.ts";
import { localFilesystem } from "./filesystems.ts";
import { containerCgroup } from "./targets.ts";
import {
  observedContainer,
  observedWeb,
  podCgroupPath,
  type UsageNode,
  usageNode,
  usageTexts,
  webPod,
} from "./testing.ts";

/** The summary, past the sampler's first second in which `main` uses a quarter of a core. */
async function summaryOf(node: UsageNode, options: { onlyCpuAndMemory?: boolean } = {}): Promise<Summary> {
  const asked = node.usage.summary(options);
  const version = node.options.cgroups.version;
  await node.clock.advance(500);
  const later = usageTexts(version, { cpuNs: 1.25e9, usage: 200_000, inactive: 40_000, rss: 90_000, limit: 400_000 });
  Object.assign(node.texts[`${podCgroupPath}/c1`], later);
  await node.clock.advance(500);
  return await asked;
}

for (const version of [1, 2] as const) {
  Deno.test(`the summary tells CPU and memory of node, pod and container on v${version}`, async () => {
    const node = usageNode(version);
    const { node: whole, pods: [web, ...others] } = await summaryOf(node);
    assert.deepEqual(others, []);
    assert.deepEqual(web.podRef, { name: "web", namespace: "default", uid: "uid-web" });
    assert.equal(web.startTime, "2025-12-31T23:58:00Z");
    assert.equal(web.cpu!.usageCoreNanoSeconds, 1.5e9);
    assert.equal(web.memory!.workingSetBytes, 250_000);
    const [main] = web.containers!;
    const time = "2026-01-01T00:00:01Z";
    const { psi: cpuPsi, ...cpu } = main.cpu!;
    assert.deepEqual(cpu, { time, usageNanoCores: 250_000_000, usageCoreNanoSeconds: 1.25e9 });
    const { psi: memoryPsi, ...memory } = main.memory!;
    assert.deepEqual(memory, {
      time,
      availableBytes: 240_000,
      usageBytes: 200_000,
      workingSetBytes: 160_000,
      rssBytes: 90_000,
      pageFaults: 12,
      majorPageFaults: 3,
    });
    assert.deepEqual(cpuPsi?.some, version === 1 ? undefined : { total: 4e9, avg10: 1, avg60: 2, avg300: 3 });
    assert.equal(memoryPsi, undefined, "no file, no pressure");
    assert.equal(web.process_stats!.process_count, 3);

    assert.equal(whole.nodeName, "edge-1");
    assert.equal(whole.startTime, "2025-12-29T09:20:00Z");
    assert.equal(whole.cpu!.usageCoreNanoSeconds, 60e9);
    // a v2 root has no usage of its own: all memory that is not free, without inactive pages
    const workingSet = version === 1 ? 900_000 : 1200 * 1024 - 100_000;
    assert.equal(whole.memory!.workingSetBytes, workingSet);
    assert.equal(whole.memory!.availableBytes, 2000 * 1024 - workingSet);
    assert.equal(whole.swap!.swapUsageBytes, 40 * 1024);
    assert.deepEqual(whole.rlimit, { time, maxpid: 4194304, curproc: 345 });
    assert.deepEqual(whole.systemContainers!.map(({ name, cpu }) => [name, cpu!.usageCoreNanoSeconds]), [[
      "pods",
      3e9,
    ]]);
  });
}

Deno.test("the summary tells what a pod holds of the disk: layers, logs, volumes and all of it together", async () => {
  const node = usageNode();
  node.directories.set("/logs/default_web_uid-web/main", { bytes: 300, inodes: 2 });
  node.directories.set("/root-of-islet/pods/uid-web/volumes/kubernetes.io~empty-dir/cache", { bytes: 5000, inodes: 6 });
  const { node: whole, pods: [web] } = await summaryOf(node);
  const [main] = web.containers!;
  assert.deepEqual(main.rootfs, { time: "2025-12-31T23:59:50Z", usedBytes: 7000, inodesUsed: 4 });
  assert.deepEqual(main.logs, { time: "2026-01-01T00:00:01Z", usedBytes: 300, inodesUsed: 2 });
  assert.deepEqual(web.volume, [{ time: "2026-01-01T00:00:01Z", usedBytes: 5000, inodesUsed: 6, name: "cache" }]);
  assert.deepEqual(web["ephemeral-storage"], { time: "2026-01-01T00:00:01Z", usedBytes: 12_300, inodesUsed: 12 });
  assert.equal(whole.runtime!.imageFs!.usedBytes, 123_456);
});

Deno.test("the summary tells the file system of layers from that of images, where the runtime does", async () => {
  const node = usageNode();
  const { node: before } = await summaryOf(node);
  assert.deepEqual(before.runtime!.containerFs, before.runtime!.imageFs);
  const filesystem = (mountpoint: string, bytes: bigint) => ({
    timestamp: 0n,
    fsId: { mountpoint },
    usedBytes: { value: bytes },
  });
  const apart = usageNode();
  apart.options.cri.image.imageFsInfo = () =>
    Promise.resolve({
      imageFilesystems: [filesystem("/proc", 1000n)],
      containerFilesystems: [filesystem("/usr", 200n)],
    }) as never;
  const { node: { runtime }, pods: [web] } = await summaryOf(apart);
  const capacity = localFilesystem("/usr")!.capacityBytes;
  assert.deepEqual([runtime!.imageFs!.usedBytes, runtime!.containerFs!.usedBytes], [1000, 200]);
  assert.deepEqual([runtime!.containerFs!.capacityBytes, web.containers![0].rootfs!.capacityBytes], [
    capacity,
    capacity,
  ]);
  assert.deepEqual(await apart.usage.runtimePlaces(), { images: "/proc", layers: "/usr" });
});

Deno.test("a pod's network is that of its sandbox, without loopback; on the node's network it has none", async () => {
  const node = usageNode();
  const { node: whole, pods: [web] } = await summaryOf(node);
  const eth0 = { name: "eth0", rxBytes: 111, rxErrors: 0, txBytes: 222, txErrors: 0 };
  assert.deepEqual(web.network, { time: "2026-01-01T00:00:01Z", ...eth0, interfaces: [eth0] });
  assert.deepEqual(whole.network!.interfaces!.map(({ name, rxBytes }) => [name, rxBytes]), [["eth0", 1000]]);
  node.pods[0] = { ...webPod, spec: { ...webPod.spec, hostNetwork: true } };
  assert.equal((await node.usage.summary()).pods[0].network, undefined);
});

Deno.test("only CPU and memory asks neither the runtime nor the disk", async () => {
  const node = usageNode();
  const refuse = () => assert.fail("nobody asked for this");
  node.options.cri.runtime.listContainerStats = refuse;
  node.options.cri.image.imageFsInfo = refuse;
  node.options.disk!.measure = refuse;
  const { node: whole, pods: [web] } = await summaryOf(node, { onlyCpuAndMemory: true });
  assert.deepEqual(Object.keys(whole), ["nodeName", "systemContainers", "startTime", "cpu", "memory", "swap"]);
  assert.deepEqual(Object.keys(web), ["podRef", "startTime", "containers", "cpu", "memory", "swap"]);
});

Deno.test("a runtime that tells nothing of the disk leaves the rest of the summary as it is", async () => {
  const node = usageNode();
  node.options.cri.runtime.listContainerStats = () => Promise.reject(new Error("unimplemented"));
  node.options.cri.image.imageFsInfo = () => Promise.reject(new Error("unimplemented"));
  const { node: whole, pods: [web] } = await summaryOf(node);
  assert.equal(web.containers![0].rootfs, undefined);
  assert.equal(whole.runtime, undefined);
  assert.equal(web.cpu!.usageCoreNanoSeconds, 1.5e9);
});

Deno.test("pods without a running sandbox, and containers that do not run, are not measured", () => {
  const node = usageNode();
  const [sandbox] = observedWeb().sandboxes;
  node.observed.set(
    "uid-web",
    observedWeb({
      containers: [
        observedContainer({ id: "c1", name: "main", attempt: 1 }),
        observedContainer({ id: "c0", name: "main", state: "exited" }),
        observedContainer({ id: "c9", name: "main", sandboxId: "older" }),
      ],
    }),
  );
  assert.deepEqual(node.usage.targets().map(({ containers }) => containers.map(({ id }) => id)), [["c1"]]);
  node.observed.set("uid-web", observedWeb({ sandboxes: [{ ...sandbox, ready: false }] }));
  assert.deepEqual(node.usage.targets(), []);
  node.observed.clear();
  assert.deepEqual(node.usage.targets(), [], "the runtime is silent");
});

Deno.test("containers come in the order of the spec", () => {
  const node = usageNode();
  const container = (name: string) => ({ name, image: "web:1" });
  node.pods[0] = {
    ...webPod,
    spec: { ...webPod.spec, initContainers: [container("side")], containers: [container("b"), container("a")] },
  };
  node.observed.set(
    "uid-web",
    observedWeb({ containers: ["a", "side", "b"].map((name) => observedContainer({ id: `id-${name}`, name })) }),
  );
  assert.deepEqual(node.usage.targets()[0].containers.map(({ name }) => name), ["side", "b", "a"]);
});

Deno.test("a cgroup that goes away while it is looked at is left out", async () => {
  const node = usageNode();
  await summaryOf(node);
  delete node.texts[`${podCgroupPath}/c1`];
  const { pods: [web] } = await node.usage.summary({ onlyCpuAndMemory: true });
  assert.deepEqual(web.containers, []);
  assert.equal(web.cpu!.usageCoreNanoSeconds, 1.5e9);
});

const places: [runtime: string, driver: "cgroupfs" | "systemd", cgroup: string][] = [
  ["containerd", "cgroupfs", "/pod/abc"],
  ["containerd", "systemd", "/pod/cri-containerd-abc.scope"],
  ["cri-o", "cgroupfs", "/pod/crio-abc"],
  ["cri-o", "systemd", "/pod/crio-abc.scope"],
  ["something-new", "cgroupfs", "/pod/abc"],
];
for (const [runtime, driver, cgroup] of places) {
  Deno.test(`${runtime} with ${driver} puts a container's cgroup at ${cgroup}`, () => {
    assert.equal(containerCgroup("/pod", "abc", driver, runtime), cgroup);
  });
}

Deno.test("where no cgroup tells of the machine, /proc does", () => {
  const node = usageNode();
  node.texts["/"] = {};
  const { cpuNs, memory } = node.usage.machine();
  assert.equal(cpuNs, (100 + 20 + 30 + 6 + 7) * 1e7, "what was idle or waited is not used");
  assert.equal(memory!.workingSetBytes, 1000 * 1024);
  assert.equal(memory!.rssBytes, 500 * 1024);
});
