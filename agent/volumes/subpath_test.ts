import assert from "node:assert/strict";
import { isMountPoint, lstat, mountTmpfs, openat2Support, openPath, unmount } from "../linux/mod.ts";
import { mountSubpath, openSubpath } from "./subpath.ts";
import { inDirectory, notRoot } from "./testing.ts";

const request = (dir: string, subPath: string, followAbsolute = false) => ({
  volumePath: `${dir}/volume`,
  subPath,
  target: `${dir}/targets/volume/main/0`,
  followAbsolute,
});

/** A volume beside something that must not be reached. */
function volumeIn(dir: string): void {
  Deno.mkdirSync(`${dir}/volume/a/b`, { recursive: true });
  Deno.writeTextFileSync(`${dir}/volume/a/b/file`, "inside");
  Deno.mkdirSync(`${dir}/outside`);
  Deno.writeTextFileSync(`${dir}/outside/file`, "secret");
  Deno.symlinkSync("a/b", `${dir}/volume/relative`);
  Deno.symlinkSync(`${dir}/volume/a/b`, `${dir}/volume/absolute`);
  Deno.symlinkSync(`${dir}/outside`, `${dir}/volume/escape`);
  Deno.symlinkSync("../outside", `${dir}/volume/dots`);
}

function rootTest(name: string, work: (dir: string) => void): void {
  Deno.test({ name, ignore: notRoot, fn: () => inDirectory(work) });
}

rootTest("mountSubpath() mounts a directory or a file of the volume, and finds it again", (dir) => {
  volumeIn(dir);
  const target = request(dir, "").target;
  assert.equal(mountSubpath(request(dir, "a/b")), true);
  assert.equal(Deno.readTextFileSync(`${target}/file`), "inside");
  assert.equal(mountSubpath(request(dir, "relative")), false);
  assert.equal(mountSubpath(request(dir, "a/b/file")), true);
  assert.equal(Deno.readTextFileSync(target), "inside");
  assert.equal(mountSubpath(request(dir, "a/b/file")), false);
});

rootTest("mountSubpath() takes a file that was replaced, as in an updated ConfigMap, for another", (dir) => {
  volumeIn(dir);
  mountSubpath(request(dir, "a/b/file"));
  Deno.writeTextFileSync(`${dir}/volume/a/b/new`, "newer");
  Deno.renameSync(`${dir}/volume/a/b/new`, `${dir}/volume/a/b/file`);
  assert.equal(Deno.readTextFileSync(request(dir, "").target), "inside");
  assert.equal(mountSubpath(request(dir, "a/b/file")), true);
  assert.equal(Deno.readTextFileSync(request(dir, "").target), "newer");
});

rootTest("mountSubpath() makes a missing directory with the volume's mode and group", (dir) => {
  Deno.mkdirSync(`${dir}/volume`);
  mountTmpfs(`${dir}/volume`, { mode: 0o2770, gid: 1234 });
  mountSubpath(request(dir, "new/deep"));
  for (const path of [`${dir}/volume/new`, `${dir}/volume/new/deep`, request(dir, "").target]) {
    const { mode, gid, type } = lstat(path);
    assert.deepEqual([mode, gid, type], [0o2770, 1234, "directory"], path);
  }
});

rootTest("mountSubpath() replaces an empty target of the wrong kind that a crash left", (dir) => {
  volumeIn(dir);
  const { target } = request(dir, "");
  Deno.mkdirSync(target, { recursive: true });
  mountSubpath(request(dir, "a/b/file"));
  assert.equal(Deno.readTextFileSync(target), "inside");
  unmount(target);
  assert.equal(isMountPoint(target), false);
  mountSubpath(request(dir, "a/b"));
  assert.equal(isMountPoint(target), true);
});

for (const missing of [false, true]) {
  rootTest(`openSubpath() does not leave the volume${missing ? ", without openat2 too" : ""}`, (dir) => {
    volumeIn(dir);
    openat2Support.missing = missing;
    try {
      for (const path of ["escape", "escape/file", "escape/new", "dots", "dots/file", "dots/new/er"]) {
        assert.throws(() => openSubpath(request(dir, path)), /EXDEV/, path);
      }
      // A container's absolute link names a path of the container, not of the host.
      assert.throws(() => openSubpath(request(dir, "absolute/file")), /EXDEV/);
      assert.deepEqual(Array.from(Deno.readDirSync(`${dir}/outside`), ({ name }) => name), ["file"]);
    } finally {
      openat2Support.missing = false;
    }
  });
}

rootTest("openSubpath() follows an absolute link that the host's owner made, if it leads back inside", (dir) => {
  volumeIn(dir);
  using fd = openSubpath(request(dir, "absolute/file", true));
  assert.equal(Deno.readTextFileSync(fd.procPath), "inside");
  assert.throws(() => openSubpath(request(dir, "escape/file", true)), /leads out of the volume/);
  assert.throws(() => openSubpath(request(dir, "dots/file", true)), /leads out of the volume/);
});

rootTest("openSubpath() opens a volume whose own path is a link", (dir) => {
  volumeIn(dir);
  Deno.renameSync(`${dir}/volume`, `${dir}/real`);
  Deno.symlinkSync("real", `${dir}/volume`);
  using fd = openSubpath(request(dir, "a/b/file"));
  using real = openPath(`${dir}/real/a/b/file`);
  assert.equal(Deno.readLinkSync(fd.procPath), Deno.readLinkSync(real.procPath));
});
