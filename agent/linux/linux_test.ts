import assert from "node:assert/strict";
import {
  bindMount,
  chmodFd,
  chownFd,
  type Fd,
  fstat,
  isErrno,
  isMounted,
  isMountPoint,
  LinuxError,
  loadLibc,
  lstat,
  mountTmpfs,
  MS,
  O,
  openat2Support,
  openBeneath,
  openBeneathOrMake,
  openPath,
  readEntries,
  readMounts,
  remountBind,
  removeTree,
  unmount,
  walkTree,
} from "./mod.ts";

loadLibc();

const notRoot = Deno.uid() !== 0;

/** A directory that is gone afterwards, with every mount in it. */
async function inDirectory(work: (dir: string) => void | Promise<void>): Promise<void> {
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "islet-linux-" }));
  try {
    await work(dir);
  } finally {
    const mounts = readMounts().filter(({ target }) => target.startsWith(dir + "/")).reverse();
    for (const { target } of mounts) unmount(target, { detach: true });
    await Deno.remove(dir, { recursive: true });
  }
}

/** With openat2(2) and, as on kernels before 5.6, without it. */
function bothWays(name: string, work: (dir: string) => void | Promise<void>): void {
  for (const missing of [false, true]) {
    Deno.test({
      name: `${name}${missing ? ", without openat2 too" : ""}`,
      ignore: notRoot,
      async fn() {
        openat2Support.missing = missing;
        try {
          await inDirectory(work);
        } finally {
          openat2Support.missing = false;
        }
      },
    });
  }
}

const code = (expected: string) => (err: unknown) => {
  assert.ok(err instanceof LinuxError, String(err));
  assert.equal(err.code, expected);
  return true;
};

const content = (fd: Fd) => Deno.readTextFileSync(fd.procPath);

Deno.test("a failed call names what could not be done, and why", () => {
  assert.throws(() => openPath("/does/not/exist"), {
    name: "LinuxError",
    message: "Cannot open /does/not/exist: ENOENT",
    code: "ENOENT",
  });
  assert.throws(() => openPath("/a\0b"), /NUL byte/);
});

Deno.test("lstat() tells type, mode, owner and device as Deno does", () =>
  inDirectory((dir) => {
    Deno.writeTextFileSync(`${dir}/file`, "hello", { mode: 0o640 });
    Deno.symlinkSync("nowhere", `${dir}/link`);
    const [mine, deno] = [lstat(`${dir}/file`), Deno.lstatSync(`${dir}/file`)];
    assert.equal(mine.type, "file");
    assert.equal(mine.mode, deno.mode! & 0o7777);
    assert.equal(mine.ino, BigInt(deno.ino!));
    assert.equal(mine.size, 5n);
    assert.deepEqual([mine.uid, mine.gid, mine.links], [deno.uid, deno.gid, 1]);
    assert.equal(lstat(`${dir}/link`).type, "symlink");
    assert.equal(lstat("/dev/null").type, "character");
  }));

bothWays("openBeneath() follows links that stay inside", (dir) => {
  Deno.mkdirSync(`${dir}/a/b`, { recursive: true });
  Deno.writeTextFileSync(`${dir}/a/b/file`, "inside");
  Deno.symlinkSync("a/b", `${dir}/link`);
  Deno.symlinkSync("../../link/file", `${dir}/a/b/round`);
  using root = openPath(dir);
  for (const path of ["a/b/file", "./a//b/./file", "link/file", "a/b/round", "a/../a/b/file"]) {
    using fd = openBeneath(root, path);
    assert.equal(content(fd), "inside", path);
  }
  using self = openBeneath(root, ".");
  assert.equal(fstat(self).ino, fstat(root).ino);
});

bothWays("openBeneath() and openBeneathOrMake() refuse every way out", (dir) => {
  Deno.mkdirSync(`${dir}/root/sub`, { recursive: true });
  Deno.mkdirSync(`${dir}/outside`);
  Deno.writeTextFileSync(`${dir}/outside/file`, "secret");
  Deno.symlinkSync("../outside", `${dir}/root/up`);
  Deno.symlinkSync(`${dir}/outside`, `${dir}/root/absolute`);
  Deno.symlinkSync("/", `${dir}/root/slash`);
  Deno.symlinkSync("sub/../../outside/file", `${dir}/root/around`);
  using root = openPath(`${dir}/root`);
  for (const path of ["up", "up/file", "absolute/file", "slash/etc/passwd", "around", "..", "sub/../..", "/etc"]) {
    if (!path.startsWith("/")) {
      assert.throws(() => openBeneath(root, path), code("EXDEV"), path);
      assert.throws(() => openBeneathOrMake(root, path, 0o755), code("EXDEV"), path);
    }
  }
  assert.deepEqual(Array.from(Deno.readDirSync(`${dir}/outside`), ({ name }) => name), ["file"]);
});

bothWays("openBeneath() ends at a ring of links", (dir) => {
  Deno.symlinkSync("b", `${dir}/a`);
  Deno.symlinkSync("a", `${dir}/b`);
  using root = openPath(dir);
  assert.throws(() => openBeneath(root, "a/x"), code("ELOOP"));
  assert.throws(() => openBeneathOrMake(root, "a/x", 0o755), code("ELOOP"));
});

bothWays("openBeneath() is not led astray by the links of /proc", () => {
  using root = openPath("/proc/self");
  assert.throws(() => openBeneath(root, "root/etc"), (err) => isErrno(err, "EXDEV", "ELOOP"));
});

bothWays("openBeneathOrMake() makes what is missing, with exactly the mode, whatever the umask", (dir) => {
  Deno.mkdirSync(`${dir}/there`, { mode: 0o700 });
  Deno.symlinkSync("there", `${dir}/link`);
  using root = openPath(dir);
  using made = openBeneathOrMake(root, "link/new/deep", 0o2777);
  assert.equal(fstat(made).type, "directory");
  assert.equal(lstat(`${dir}/there/new`).mode, 0o2777);
  assert.equal(lstat(`${dir}/there/new/deep`).mode, 0o2777);
  assert.equal(lstat(`${dir}/there`).mode, 0o700);
});

bothWays("openBeneathOrMake() makes nothing through a link that leads nowhere outside", (dir) => {
  Deno.mkdirSync(`${dir}/root`);
  Deno.symlinkSync("../made", `${dir}/root/link`);
  using root = openPath(`${dir}/root`);
  assert.throws(() => openBeneathOrMake(root, "link/x", 0o755), code("EXDEV"));
  assert.throws(() => lstat(`${dir}/made`), code("ENOENT"));
});

Deno.test({
  name: "a tmpfs is a mount point with its size, mode and group; another directory is none",
  ignore: notRoot,
  fn: () =>
    inDirectory((dir) => {
      Deno.mkdirSync(`${dir}/m`);
      assert.equal(isMountPoint(`${dir}/m`), false);
      assert.equal(isMountPoint(`${dir}/missing`), false);
      mountTmpfs(`${dir}/m`, { size: 1 << 20, mode: 0o3777, gid: 1234 });
      assert.equal(isMountPoint(`${dir}/m`), true);
      assert.equal(isMountPoint(dir), false);
      Deno.symlinkSync(dir, `${dir}/self`);
      assert.equal(isMounted(`${dir}/m`), true);
      assert.equal(isMounted(`${dir}/self/m`), true);
      assert.equal(isMounted(`${dir}/m/none/x`), false);
      assert.equal(isMounted(dir), false);
      const { mode, gid } = lstat(`${dir}/m`);
      assert.deepEqual([mode, gid], [0o3777, 1234]);
      assert.throws(() => Deno.writeFileSync(`${dir}/m/big`, new Uint8Array(2 << 20)), /No space left/);
      unmount(`${dir}/m`);
      assert.equal(isMountPoint(`${dir}/m`), false);
      assert.throws(() => unmount(`${dir}/m`), code("EINVAL"));
    }),
});

Deno.test({
  name: "a bind mount shows what was opened, whatever its name means by then",
  ignore: notRoot,
  fn: () =>
    inDirectory((dir) => {
      Deno.mkdirSync(`${dir}/real`);
      Deno.writeTextFileSync(`${dir}/real/file`, "opened");
      Deno.mkdirSync(`${dir}/other`);
      Deno.mkdirSync(`${dir}/target`);
      using fd = openPath(`${dir}/real`);
      Deno.renameSync(`${dir}/real`, `${dir}/moved`);
      Deno.symlinkSync("other", `${dir}/real`);
      bindMount(fd, `${dir}/target`);
      assert.equal(Deno.readTextFileSync(`${dir}/target/file`), "opened");
      assert.equal(isMountPoint(`${dir}/target`), true);
      remountBind(`${dir}/target`, MS.RDONLY);
      assert.throws(() => Deno.writeTextFileSync(`${dir}/target/file`, "x"), /Read-only/);
      Deno.writeTextFileSync(`${dir}/moved/file`, "still writable here");
    }),
});

Deno.test({
  name: "unmount() does not follow a link",
  ignore: notRoot,
  fn: () =>
    inDirectory((dir) => {
      Deno.mkdirSync(`${dir}/m`);
      mountTmpfs(`${dir}/m`);
      Deno.symlinkSync("m", `${dir}/link`);
      assert.throws(() => unmount(`${dir}/link`), code("EINVAL"));
      assert.equal(isMountPoint(`${dir}/m`), true);
    }),
});

Deno.test({
  name: "chownFd() and chmodFd() change what is open, a link itself included",
  ignore: notRoot,
  fn: () =>
    inDirectory((dir) => {
      Deno.writeTextFileSync(`${dir}/file`, "", { mode: 0o600 });
      Deno.symlinkSync("file", `${dir}/link`);
      using link = openPath(`${dir}/link`, O.PATH | O.NOFOLLOW);
      chownFd(link, 7, 8);
      using file = openPath(`${dir}/file`, O.PATH);
      chownFd(file, undefined, 9);
      chmodFd(file, 0o2640);
      assert.deepEqual([lstat(`${dir}/link`).uid, lstat(`${dir}/link`).gid], [7, 8]);
      const { uid, gid, mode } = lstat(`${dir}/file`);
      assert.deepEqual([uid, gid, mode], [0, 9, 0o2640]);
    }),
});

Deno.test("readEntries() gives every name once, over several batches", () =>
  inDirectory((dir) => {
    const names = Array.from({ length: 3000 }, (_, i) => `file-${i}`);
    for (const name of names) Deno.writeTextFileSync(`${dir}/${name}`, "");
    using fd = openPath(dir, O.RDONLY | O.DIRECTORY);
    const seen: string[] = [];
    let batches = 0;
    for (let batch = readEntries(fd); batch.length > 0; batch = readEntries(fd), batches++) {
      for (const { name, type } of batch) {
        assert.equal(type, "file");
        seen.push(new TextDecoder().decode(name));
      }
    }
    assert.ok(batches > 1);
    assert.deepEqual(seen.sort(), names.sort());
  }));

bothWays("removeTree() removes deep and wide trees, odd names and links, and follows none of them", async (dir) => {
  Deno.mkdirSync(`${dir}/outside`);
  Deno.writeTextFileSync(`${dir}/outside/keep`, "");
  Deno.mkdirSync(`${dir}/tree/wide`, { recursive: true });
  for (let i = 0; i < 2000; i++) Deno.writeTextFileSync(`${dir}/tree/wide/${i}`, "");
  // A name that is not UTF-8, and a directory deeper than PATH_MAX allows to write.
  const odd = new Deno.Command("sh", {
    args: [
      "-c",
      `printf x > "$(printf 'bad\\377name')"; mkdir "$(printf 'dir\\376')"; i=0; while [ $i -lt 600 ]; do
      mkdir a0123456789; cd a0123456789; i=$((i+1)); done; touch end`,
    ],
    cwd: `${dir}/tree`,
  }).outputSync();
  assert.equal(odd.code, 0, new TextDecoder().decode(odd.stderr));
  Deno.symlinkSync("../outside", `${dir}/tree/link`);
  Deno.symlinkSync(`${dir}/outside`, `${dir}/tree/wide/link`);
  Deno.chmodSync(`${dir}/tree/wide`, 0);
  using parent = openPath(dir, O.RDONLY | O.DIRECTORY);
  await removeTree(parent, "tree");
  assert.deepEqual(Array.from(Deno.readDirSync(dir), ({ name }) => name), ["outside"]);
  assert.deepEqual(Array.from(Deno.readDirSync(`${dir}/outside`), ({ name }) => name), ["keep"]);
  await removeTree(parent, "tree");
});

bothWays("removeTree() stops at a mount, also a bind mount of the same file system", async (dir) => {
  Deno.mkdirSync(`${dir}/precious`);
  Deno.writeTextFileSync(`${dir}/precious/keep`, "");
  Deno.mkdirSync(`${dir}/tree/a/bind`, { recursive: true });
  Deno.writeTextFileSync(`${dir}/tree/a/file`, "");
  using precious = openPath(`${dir}/precious`);
  bindMount(precious, `${dir}/tree/a/bind`);
  using parent = openPath(dir, O.RDONLY | O.DIRECTORY);
  await assert.rejects(removeTree(parent, "tree"), /something is mounted: EBUSY/);
  assert.ok(Deno.statSync(`${dir}/precious/keep`).isFile);
  unmount(`${dir}/tree/a/bind`);
  mountTmpfs(`${dir}/tree/a/bind`);
  Deno.writeTextFileSync(`${dir}/tree/a/bind/keep`, "");
  await assert.rejects(removeTree(parent, "tree"), /something is mounted: EBUSY/);
  assert.ok(Deno.statSync(`${dir}/tree/a/bind/keep`).isFile);
  unmount(`${dir}/tree/a/bind`);
  // A mounted file cannot be removed either.
  Deno.writeTextFileSync(`${dir}/tree/target`, "");
  using keep = openPath(`${dir}/precious/keep`);
  bindMount(keep, `${dir}/tree/target`);
  await assert.rejects(removeTree(parent, "tree"), /something is mounted: EBUSY/);
  unmount(`${dir}/tree/target`);
  await removeTree(parent, "tree");
  assert.ok(Deno.statSync(`${dir}/precious/keep`).isFile);
});

Deno.test("walkTree() visits the root, then everything below it, links as links", () =>
  inDirectory(async (dir) => {
    Deno.mkdirSync(`${dir}/a/b`, { recursive: true });
    Deno.writeTextFileSync(`${dir}/a/b/file`, "");
    Deno.symlinkSync("/", `${dir}/a/link`);
    using root = openPath(dir);
    const seen: string[] = [];
    await walkTree(
      root,
      (fd, { type }) => void seen.push(`${type} ${Deno.readLinkSync(fd.procPath).slice(dir.length)}`),
    );
    assert.equal(seen[0], "directory ");
    assert.deepEqual(seen.sort(), [
      "directory ",
      "directory /a",
      "directory /a/b",
      "file /a/b/file",
      "symlink /a/link",
    ]);
  }));

Deno.test("a hundred opened and closed files leave no descriptor behind", () =>
  inDirectory((dir) => {
    // other test files open files of their own in this process: only what points below this directory counts
    const count = () =>
      Array.from(Deno.readDirSync("/proc/self/fd")).filter(({ name }) => {
        try {
          return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(dir);
        } catch {
          return false;
        }
      }).length;
    using held = openPath(dir);
    assert.equal(count(), 1);
    for (let i = 0; i < 100; i++) {
      using root = openPath(dir);
      assert.throws(() => openBeneath(root, "missing"));
      using _made = openBeneathOrMake(root, `a/b${i}`, 0o755);
      assert.throws(() => openBeneathOrMake(root, `a/b${i}/../../../x`, 0o755));
    }
    assert.equal(count(), 1);
    void held;
  }));
