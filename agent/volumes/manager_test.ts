import assert from "node:assert/strict";
import { isMountPoint, lstat, openPath, readMounts, unmount } from "../linux/mod.ts";
import { errorText, silentLogger } from "../telemetry/log.ts";
import { VolumeError } from "./errors.ts";
import { facts, inDirectory, type Loose, managerIn, notRoot, podWith } from "./testing.ts";

function rootTest(name: string, work: (dir: string) => Promise<void>): void {
  Deno.test({ name, ignore: notRoot, fn: () => inDirectory(work) });
}

const main = (pod: Loose) => pod.spec.containers[0];
const configMap = (data: Record<string, string>) => ({ data });
const secret = (text: string) => ({ data: { key: btoa(text) } });
const volumes = (dir: string) => `${dir}/pods/uid-1/volumes`;
const shape = (path: string) => {
  const { mode, gid } = lstat(path);
  return `${mode.toString(8)} ${gid}`;
};

/** Inode and times of everything below a directory: equal means that nothing was written. */
function fingerprint(dir: string): string[] {
  return new TextDecoder().decode(
    new Deno.Command("find", { args: [dir, "-printf", "%p %i %m %U:%G %T@ %C@\\n"] }).outputSync().stdout,
  ).split("\n").sort();
}

rootTest("prepare() makes emptyDirs on disk and in memory, with their size, mode and group", async (dir) => {
  const manager = managerIn(dir);
  const pod = podWith([
    { name: "disk", emptyDir: {} },
    { name: "memory", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
    { name: "unbounded", emptyDir: { medium: "Memory" } },
    { name: "unused", emptyDir: {} },
  ], { mounts: ["disk", "memory", "unbounded"].map((name) => ({ name, mountPath: `/${name}` })) });
  await manager.prepare(pod);
  const base = `${volumes(dir)}/kubernetes.io~empty-dir`;
  assert.equal(shape(`${base}/disk`), "777 0");
  assert.equal(isMountPoint(`${base}/disk`), false);
  assert.equal(shape(`${base}/memory`), "1777 0");
  assert.deepEqual(Array.from(Deno.readDirSync(base), ({ name }) => name).sort(), ["disk", "memory", "unbounded"]);
  const size = (path: string) => {
    using fd = openPath(path);
    const answer = new Deno.Command("stat", { args: ["-f", "-c", "%b %S", fd.path] }).outputSync();
    const [blocks, block] = new TextDecoder().decode(answer.stdout).split(" ").map(Number);
    return blocks * block;
  };
  assert.equal(size(`${base}/memory`), 2 ** 20);
  assert.equal(size(`${base}/unbounded`), facts.allocatable.memory);
  await manager.teardown("uid-1");
});

rootTest("prepare() gives volumes to the fsGroup", async (dir) => {
  const manager = managerIn(dir, { "ConfigMap/c": configMap({ a: "1" }), "Secret/s": secret("x") });
  const pod = podWith([
    { name: "disk", emptyDir: {} },
    { name: "memory", emptyDir: { medium: "Memory" } },
    { name: "conf", configMap: { name: "c" } },
    { name: "keys", secret: { secretName: "s", defaultMode: 0o400 } },
  ], { spec: { securityContext: { fsGroup: 1234 } } });
  await manager.prepare(pod);
  assert.equal(shape(`${volumes(dir)}/kubernetes.io~empty-dir/disk`), "2777 1234");
  assert.equal(shape(`${volumes(dir)}/kubernetes.io~empty-dir/memory`), "3777 1234");
  assert.equal(shape(`${volumes(dir)}/kubernetes.io~configmap/conf`), "2777 1234");
  assert.equal(shape(`${volumes(dir)}/kubernetes.io~configmap/conf/..data/a`), "644 1234");
  assert.equal(shape(`${volumes(dir)}/kubernetes.io~secret/keys/..data/key`), "440 1234");
});

rootTest("prepare() keeps secrets in memory and ConfigMaps on disk, as kubelet does", async (dir) => {
  const manager = managerIn(dir, { "ConfigMap/c": configMap({ a: "1" }), "Secret/s": secret("hidden") });
  const pod = podWith([
    { name: "conf", configMap: { name: "c" } },
    { name: "keys", secret: { secretName: "s" } },
    { name: "all", projected: { sources: [{ secret: { name: "s" } }, { configMap: { name: "c" } }] } },
    { name: "self", downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] } },
  ]);
  await manager.prepare(pod);
  const at = (plugin: string, name: string) => `${volumes(dir)}/kubernetes.io~${plugin}/${name}`;
  assert.equal(isMountPoint(at("configmap", "conf")), false);
  assert.equal(isMountPoint(at("secret", "keys")), true);
  assert.equal(isMountPoint(at("projected", "all")), true);
  assert.equal(isMountPoint(at("downward-api", "self")), true);
  assert.equal(Deno.readTextFileSync(`${at("secret", "keys")}/key`), "hidden");
  assert.equal(Deno.readTextFileSync(`${at("projected", "all")}/a`), "1");
  assert.equal(Deno.readTextFileSync(`${at("downward-api", "self")}/name`), "web");
});

rootTest("prepare() again, in this life or the next, adopts what is there and writes nothing", async (dir) => {
  const objects = { "ConfigMap/c": configMap({ a: "1", b: "2" }), "Secret/s": secret("x") };
  const pod = podWith([
    { name: "disk", emptyDir: {} },
    { name: "memory", emptyDir: { medium: "Memory" } },
    { name: "conf", configMap: { name: "c" } },
    { name: "keys", secret: { secretName: "s" } },
    { name: "data", persistentVolumeClaim: { claimName: "claim" } },
  ]);
  Deno.mkdirSync(`${dir}/srv`);
  const claims = {
    "PersistentVolumeClaim/claim": { metadata: {}, spec: { volumeName: "pv" } },
    "PersistentVolume/pv": { metadata: {}, spec: { local: { path: `${dir}/srv` } } },
  };
  const first = managerIn(dir, { ...objects, ...claims });
  await first.prepare(pod);
  await first.writeHosts("uid-1", "127.0.0.1 localhost\n");
  Deno.writeTextFileSync(`${volumes(dir)}/kubernetes.io~empty-dir/memory/kept`, "");
  const before = fingerprint(dir);
  const mounts = () => readMounts().filter(({ target }) => target.startsWith(`${dir}/`)).length;
  const mounted = mounts();
  await first.prepare(pod);
  assert.equal(await first.refresh(pod), false);
  // Equal objects that are not the same ones: another process, or a store that was rebuilt.
  const second = managerIn(dir, structuredClone({ ...objects, ...claims }));
  await second.prepare(structuredClone(pod));
  assert.equal(await second.refresh(pod), false);
  assert.equal(await second.writeHosts("uid-1", "127.0.0.1 localhost\n"), false);
  assert.deepEqual(fingerprint(dir), before);
  assert.equal(mounts(), mounted);
});

rootTest("prepare() mounts again what a reboot took, and keeps what was on disk", async (dir) => {
  const manager = managerIn(dir, { "Secret/s": secret("x") });
  const pod = podWith([{ name: "disk", emptyDir: {} }, { name: "keys", secret: { secretName: "s" } }]);
  await manager.prepare(pod);
  Deno.writeTextFileSync(`${volumes(dir)}/kubernetes.io~empty-dir/disk/file`, "kept");
  unmount(`${volumes(dir)}/kubernetes.io~secret/keys`);
  await manager.prepare(pod);
  assert.equal(Deno.readTextFileSync(`${volumes(dir)}/kubernetes.io~secret/keys/key`), "x");
  assert.equal(Deno.readTextFileSync(`${volumes(dir)}/kubernetes.io~empty-dir/disk/file`), "kept");
});

rootTest("prepare() names every volume that is not ready, and makes the others", async (dir) => {
  const objects: Record<string, Loose> = {};
  const manager = managerIn(dir, objects);
  const pod = podWith([
    { name: "conf", configMap: { name: "gone" } },
    { name: "disk", emptyDir: {} },
    { name: "keys", secret: { secretName: "lost" } },
    { name: "huge", emptyDir: { medium: "HugePages-2Mi" } },
    { name: "far", nfs: { server: "x", path: "/" } },
    { name: "nothing" },
    { name: "dir", hostPath: { path: `${dir}/none`, type: "Directory" } },
    { name: "claim", persistentVolumeClaim: { claimName: "c" } },
  ]);
  await assert.rejects(manager.prepare(pod), (err) => {
    assert.ok(err instanceof VolumeError);
    assert.equal(err.reason, "FailedMount");
    assert.deepEqual(err.pending, ["conf", "keys", "huge", "far", "nothing", "dir", "claim"]);
    assert.deepEqual(err.failures.map(({ message }) => message), [
      'MountVolume.SetUp failed for volume "conf" : configmap "gone" not found',
      'MountVolume.SetUp failed for volume "keys" : secret "lost" not found',
      'MountVolume.SetUp failed for volume "huge" : emptyDir medium "HugePages-2Mi" is not supported by this node',
      'MountVolume.SetUp failed for volume "far" : volume source "nfs" is not supported by this node',
      'MountVolume.SetUp failed for volume "nothing" : it has no volume source',
      `MountVolume.SetUp failed for volume "dir" : hostPath type check failed: ${dir}/none is not a directory, it does not exist`,
      'MountVolume.SetUp failed for volume "claim" : persistentvolumeclaim "c" not found',
    ]);
    assert.equal(err.message, err.failures.map(({ message }) => message).join("; "));
    return true;
  });
  assert.ok(Deno.statSync(`${volumes(dir)}/kubernetes.io~empty-dir/disk`).isDirectory);
  objects["ConfigMap/gone"] = configMap({ a: "1" });
  await assert.rejects(manager.prepare(pod), (err) => err instanceof VolumeError && !err.pending.includes("conf"));
});

rootTest("prepare() refuses raw block devices by name", async (dir) => {
  const pod: Loose = podWith([{ name: "raw", persistentVolumeClaim: { claimName: "c" } }], { mounts: [] });
  main(pod).volumeDevices = [{ name: "raw", devicePath: "/dev/xvda" }];
  await assert.rejects(managerIn(dir).prepare(pod), /raw block volumes \(volumeDevices\) are not supported/);
});

rootTest("prepare() stops when it is called off", async (dir) => {
  const pod = podWith([{ name: "disk", emptyDir: {} }]);
  await assert.rejects(managerIn(dir).prepare(pod, AbortSignal.abort(new Error("deleted"))), /deleted/);
});

rootTest("refresh() writes what changed and nothing else, and keeps files whose object is gone", async (dir) => {
  const objects: Record<string, Loose> = { "ConfigMap/c": configMap({ a: "1" }), "Secret/s": secret("one") };
  const manager = managerIn(dir, objects);
  const pod = podWith([
    { name: "conf", configMap: { name: "c" } },
    { name: "keys", secret: { secretName: "s" } },
    { name: "self", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
  ]);
  await manager.prepare(pod);
  const conf = `${volumes(dir)}/kubernetes.io~configmap/conf`;
  const keys = `${volumes(dir)}/kubernetes.io~secret/keys`;
  const before = fingerprint(keys);
  objects["ConfigMap/c"] = configMap({ a: "2", b: "3" });
  assert.equal(await manager.refresh(pod), true);
  assert.equal(await manager.refresh(pod), false);
  assert.equal(Deno.readTextFileSync(`${conf}/a`), "2");
  assert.equal(Deno.readTextFileSync(`${conf}/b`), "3");
  assert.deepEqual(fingerprint(keys), before);

  const labelled = { ...pod, metadata: { ...pod.metadata, labels: { app: "shop" } } };
  assert.equal(await manager.refresh(labelled), true);
  assert.equal(
    Deno.readTextFileSync(`${volumes(dir)}/kubernetes.io~downward-api/self/labels`),
    'app="shop"',
  );

  delete objects["ConfigMap/c"];
  objects["Secret/s"] = secret("two");
  await assert.rejects(manager.refresh(labelled), { message: /configmap "c" not found$/ });
  assert.equal(Deno.readTextFileSync(`${conf}/a`), "2");
  assert.equal(Deno.readTextFileSync(`${keys}/key`), "two");
});

rootTest("refresh() of a pod that has no directory makes none", async (dir) => {
  const manager = managerIn(dir, { "ConfigMap/c": configMap({ a: "1" }) });
  assert.equal(await manager.refresh(podWith([{ name: "conf", configMap: { name: "c" } }])), false);
  assert.deepEqual(await manager.listPodDirs(), []);
});

rootTest("tokens come from the provider, are replaced when it gives another, and its failure is told", async (dir) => {
  let token = "one";
  const asked: unknown[] = [];
  const manager = managerIn(dir, {}, {
    tokens: async (pod, request) => {
      if (token === "") throw new Error("the issuer is away");
      asked.push([pod.metadata.name, request]);
      return token;
    },
  });
  const source = { serviceAccountToken: { path: "token", audience: "vault", expirationSeconds: 600 } };
  const pod = podWith([{ name: "sa", projected: { sources: [source] } }], {
    spec: {
      securityContext: { runAsUser: 1000 },
      containers: [{ name: "main", image: "x", volumeMounts: [{ name: "sa", mountPath: "/sa" }] }],
    },
  });
  await manager.prepare(pod);
  const file = `${volumes(dir)}/kubernetes.io~projected/sa/token`;
  assert.equal(Deno.readTextFileSync(file), "one");
  const { mode, uid } = lstat(`${volumes(dir)}/kubernetes.io~projected/sa/..data/token`);
  assert.deepEqual([mode, uid], [0o600, 1000]);
  assert.deepEqual(asked, [["web", { audience: "vault", expirationSeconds: 600 }]]);
  assert.equal(await manager.refresh(pod), false);
  token = "two";
  assert.equal(await manager.refresh(pod), true);
  assert.equal(Deno.readTextFileSync(file), "two");
  token = "";
  await assert.rejects(manager.refresh(pod), /failed to fetch token: the issuer is away/);
});

rootTest("a local volume is bind-mounted with its options, and given to the fsGroup before that", async (dir) => {
  Deno.mkdirSync(`${dir}/srv`);
  Deno.writeTextFileSync(`${dir}/srv/file`, "data", { mode: 0o600 });
  const pv: Loose = { metadata: {}, spec: { local: { path: `${dir}/srv` }, mountOptions: ["noexec", "nodev"] } };
  const manager = managerIn(dir, {
    "PersistentVolumeClaim/claim": { metadata: {}, spec: { volumeName: "pv" } },
    "PersistentVolume/pv": pv,
  });
  const pod = podWith([{ name: "data", persistentVolumeClaim: { claimName: "claim" } }], {
    spec: {
      securityContext: { fsGroup: 1234 },
      containers: [{ name: "main", image: "x", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
    },
  });
  await manager.prepare(pod);
  const target = `${volumes(dir)}/kubernetes.io~local-volume/pv`;
  assert.equal(Deno.readTextFileSync(`${target}/file`), "data");
  assert.equal(shape(`${dir}/srv/file`), "660 1234");
  const options = Deno.readTextFileSync("/proc/self/mountinfo").split("\n").find((line) => line.includes(target));
  assert.match(options!, /nodev,noexec/);
  const [mount] = await manager.mounts(pod, main(pod), { attempt: 0 });
  assert.equal(mount.hostPath, target);
  await manager.teardown("uid-1");
  assert.equal(Deno.readTextFileSync(`${dir}/srv/file`), "data");

  pv.spec.mountOptions = ["rsize=4"];
  await assert.rejects(manager.prepare(pod), /mount option "rsize=4" is not supported for local volumes/);
  pv.spec.local.path = `${dir}/srv/file`;
  await assert.rejects(manager.prepare(pod), /is a file, not a directory/);
});

rootTest("a claim on a hostPath volume mounts the path itself, read-only where the claim says so", async (dir) => {
  Deno.mkdirSync(`${dir}/srv`);
  const manager = managerIn(dir, {
    "PersistentVolumeClaim/claim": { metadata: {}, spec: { volumeName: "pv" } },
    "PersistentVolume/pv": { metadata: {}, spec: { hostPath: { path: `${dir}/srv`, type: "Directory" } } },
  });
  const pod = podWith([{ name: "data", persistentVolumeClaim: { claimName: "claim", readOnly: true } }]);
  await manager.prepare(pod);
  const [mount] = await manager.mounts(pod, main(pod), { attempt: 0 });
  assert.deepEqual([mount.hostPath, mount.readonly], [`${dir}/srv`, true]);
});

rootTest("mounts() lists volumes, /etc/hosts and the termination message", async (dir) => {
  const manager = managerIn(dir, { "ConfigMap/c": configMap({ a: "1" }) });
  const pod = podWith([
    { name: "disk", emptyDir: {} },
    { name: "conf", configMap: { name: "c" } },
    { name: "host", hostPath: { path: "/srv" } },
  ], {
    mounts: [
      { name: "disk", mountPath: "/disk", mountPropagation: "HostToContainer" },
      { name: "conf", mountPath: "/conf" },
      { name: "conf", mountPath: "/etc/app.conf", subPath: "a" },
      { name: "host", mountPath: "/host", readOnly: true, recursiveReadOnly: "IfPossible" },
      { name: "disk", mountPath: "/logs", subPathExpr: "logs/$(POD)" },
    ],
  });
  await manager.prepare(pod);
  const env = new Map([["POD", "web"]]);
  const list = async (attempt: number) =>
    (await manager.mounts(pod, main(pod), { attempt, env, recursiveReadOnly: true })).map((mount) =>
      `${mount.containerPath} ${mount.hostPath!.replace(`${dir}/pods/uid-1/`, "")}${mount.readonly ? " ro" : ""}${
        mount.recursiveReadOnly ? " recursive" : ""
      }${mount.propagation ? ` ${mount.propagation}` : ""}`
    );
  const wanted = [
    "/disk volumes/kubernetes.io~empty-dir/disk 1",
    "/conf volumes/kubernetes.io~configmap/conf ro",
    "/etc/app.conf volume-subpaths/conf/main/2 ro",
    "/host /srv ro recursive",
    "/logs volume-subpaths/disk/main/4",
  ];
  assert.deepEqual(await list(0), [...wanted, "/dev/termination-log containers/main/0"]);
  assert.equal(await manager.writeHosts("uid-1", "127.0.0.1 localhost\n"), true);
  assert.deepEqual(await list(1), [...wanted, "/etc/hosts etc-hosts", "/dev/termination-log containers/main/1"]);
  assert.equal(shape(`${dir}/pods/uid-1/etc-hosts`), "644 0");
  assert.equal(shape(`${dir}/pods/uid-1/containers/main/1`), "666 0");
  assert.equal(Deno.readTextFileSync(`${dir}/pods/uid-1/volume-subpaths/conf/main/2`), "1");
  assert.equal(shape(`${volumes(dir)}/kubernetes.io~empty-dir/disk/logs/web`), "777 0");
});

rootTest("mounts() leaves /etc/hosts to a container that mounts its own", async (dir) => {
  const manager = managerIn(dir);
  const pod = podWith([{ name: "host", hostPath: { path: "/etc/hosts" } }], {
    mounts: [{ name: "host", mountPath: "/etc/hosts" }],
  });
  await manager.prepare(pod);
  await manager.writeHosts("uid-1", "127.0.0.1 localhost\n");
  const mounts = await manager.mounts(pod, main(pod), { attempt: 0 });
  assert.deepEqual(mounts.map(({ hostPath }) => hostPath), ["/etc/hosts", `${dir}/pods/uid-1/containers/main/0`]);
});

rootTest("mounts() empties the termination message of its attempt and drops those of long ago", async (dir) => {
  const manager = managerIn(dir);
  const pod = podWith([]);
  await manager.prepare(pod);
  for (let attempt = 0; attempt < 10; attempt++) await manager.mounts(pod, main(pod), { attempt });
  const files = () => Array.from(Deno.readDirSync(`${dir}/pods/uid-1/containers/main`), ({ name }) => name).sort();
  assert.deepEqual(files(), ["5", "6", "7", "8", "9"]);
  Deno.writeTextFileSync(`${dir}/pods/uid-1/containers/main/9`, "last words");
  await manager.mounts(pod, main(pod), { attempt: 9 });
  assert.equal(Deno.readTextFileSync(`${dir}/pods/uid-1/containers/main/9`), "");
});

rootTest("mounts() refuses a subPath that leads out of its volume, without saying where to", async (dir) => {
  Deno.mkdirSync(`${dir}/outside`);
  const warned: Loose[] = [];
  const log = { ...silentLogger, warn: (msg: string, fields?: Loose) => void warned.push([msg, fields]) };
  const manager = managerIn(dir, {}, { log });
  const pod = podWith([{ name: "disk", emptyDir: {} }], {
    mounts: [{ name: "disk", mountPath: "/d", subPath: "link/x" }],
  });
  await manager.prepare(pod);
  Deno.symlinkSync(`${dir}/outside`, `${volumes(dir)}/kubernetes.io~empty-dir/disk/link`);
  await assert.rejects(manager.mounts(pod, main(pod), { attempt: 0 }), (err) => {
    assert.ok(err instanceof VolumeError);
    assert.equal(err.reason, "CreateContainerConfigError");
    assert.equal(errorText(err), 'failed to prepare subPath for volumeMount "disk" of container "main"');
    return true;
  });
  assert.match(String(warned[0][1].err), /EXDEV/);
  assert.deepEqual(Array.from(Deno.readDirSync(`${dir}/outside`)), []);
});

rootTest("cleanupSubpaths() unmounts those of one container alone", async (dir) => {
  const manager = managerIn(dir);
  const pod: Loose = podWith([{ name: "disk", emptyDir: {} }], {
    mounts: [{ name: "disk", mountPath: "/d", subPath: "x" }],
  });
  await manager.prepare(pod);
  await manager.mounts(pod, main(pod), { attempt: 0 });
  await manager.mounts(pod, { ...main(pod), name: "other" }, { attempt: 0 });
  const at = (container: string) => `${dir}/pods/uid-1/volume-subpaths/disk/${container}/0`;
  await manager.cleanupSubpaths(pod, "main");
  assert.equal(isMountPoint(at("main")), false);
  assert.equal(isMountPoint(at("other")), true);
  await manager.cleanupSubpaths(pod, "main");
  assert.ok(Deno.statSync(`${volumes(dir)}/kubernetes.io~empty-dir/disk/x`).isDirectory);
});

rootTest("teardown() unmounts and removes everything, links unfollowed, another pod untouched", async (dir) => {
  const objects = { "Secret/s": secret("x") };
  const manager = managerIn(dir, objects);
  const list = [
    { name: "disk", emptyDir: {} },
    { name: "memory", emptyDir: { medium: "Memory" } },
    { name: "keys", secret: { secretName: "s" } },
  ];
  const pod = podWith(list, {
    mounts: [
      ...list.map(({ name }) => ({ name, mountPath: `/${name}` })),
      { name: "memory", mountPath: "/sub", subPath: "sub" },
    ],
  });
  const other = podWith(list, { metadata: { uid: "uid-12" } });
  Deno.mkdirSync(`${dir}/outside`);
  Deno.writeTextFileSync(`${dir}/outside/keep`, "");
  for (const each of [pod, other]) await manager.prepare(each);
  await manager.mounts(pod, main(pod), { attempt: 0 });
  Deno.symlinkSync(`${dir}/outside`, `${volumes(dir)}/kubernetes.io~empty-dir/disk/link`);
  assert.deepEqual(await manager.listPodDirs(), ["uid-1", "uid-12"]);

  // A new process knows of nothing but the disk.
  await managerIn(dir).teardown("uid-1");
  assert.deepEqual(await manager.listPodDirs(), ["uid-12"]);
  assert.ok(Deno.statSync(`${dir}/outside/keep`).isFile);
  assert.deepEqual(readMounts().filter(({ target }) => target.startsWith(`${dir}/pods/uid-1/`)), []);
  assert.equal(isMountPoint(`${dir}/pods/uid-12/volumes/kubernetes.io~secret/keys`), true);
  await manager.teardown("uid-1");
  for (const uid of ["", ".", "..", "../x", "a/b"]) await assert.rejects(manager.teardown(uid), /Cannot name/);
});

rootTest("teardown() detaches a mount that stays in use, and says so", async (dir) => {
  const warned: string[] = [];
  const log = { ...silentLogger, warn: (msg: string) => void warned.push(msg) };
  const manager = managerIn(dir, {}, { log });
  await manager.prepare(podWith([{ name: "memory", emptyDir: { medium: "Memory" } }]));
  const path = `${volumes(dir)}/kubernetes.io~empty-dir/memory`;
  using _held = Deno.openSync(`${path}/held`, { write: true, create: true });
  await manager.teardown("uid-1");
  assert.deepEqual(warned, ["mount is still in use: detaching it"]);
  assert.deepEqual(await manager.listPodDirs(), []);
});

rootTest("what is asked for one pod at once happens in turn", async (dir) => {
  const manager = managerIn(dir, { "ConfigMap/c": configMap({ a: "1" }) });
  const pod = podWith([{ name: "conf", configMap: { name: "c" } }, { name: "disk", emptyDir: {} }]);
  await Promise.all([
    manager.prepare(pod),
    manager.prepare(pod),
    manager.refresh(pod),
    manager.mounts(pod, main(pod), { attempt: 0 }),
    manager.teardown("uid-1"),
    manager.prepare(pod),
  ]);
  assert.deepEqual(await manager.listPodDirs(), ["uid-1"]);
  assert.equal(Deno.readTextFileSync(`${volumes(dir)}/kubernetes.io~configmap/conf/a`), "1");
});
