/**
 * The attack that subPath has been broken by before: a container swaps a directory of its volume for a link to the
 * host while the node mounts it. Ten thousand mounts against a swapper that never rests; not one may show the host.
 */
import assert from "node:assert/strict";
import { isErrno, loadLibc, lstat, mountTmpfs, openat2Support, readMounts, unmount } from "../../agent/linux/mod.ts";
import { mountSubpath, openSubpath } from "../../agent/volumes/subpath.ts";

loadLibc();

/** A volume with `sub`, a directory, and `other`, a link to the host's `outside`; a swapper exchanges the two. */
async function underAttack(work: (dir: string) => void): Promise<void> {
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "islet-race-" }));
  let swapper: Deno.ChildProcess | undefined;
  try {
    for (const name of ["volume", "outside", "targets"]) Deno.mkdirSync(`${dir}/${name}`);
    // Two file systems, so that the device alone tells where a mount comes from.
    mountTmpfs(`${dir}/volume`);
    mountTmpfs(`${dir}/outside`);
    Deno.mkdirSync(`${dir}/volume/sub/deep`, { recursive: true });
    Deno.writeTextFileSync(`${dir}/volume/sub/deep/file`, "inside");
    Deno.mkdirSync(`${dir}/outside/deep`);
    Deno.writeTextFileSync(`${dir}/outside/deep/file`, "secret");
    Deno.symlinkSync("../outside", `${dir}/volume/other`);
    swapper = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        new URL("../support/symlink_swapper.ts", import.meta.url).pathname,
        `${dir}/volume/sub`,
        `${dir}/volume/other`,
      ],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = swapper.stdout.getReader();
    const { value } = await reader.read();
    assert.equal(new TextDecoder().decode(value), "swapping\n");
    await reader.cancel();
    work(dir);
  } finally {
    if (swapper) {
      swapper.kill("SIGKILL");
      await swapper.status;
    }
    const mounts = readMounts().filter(({ target }) => target.startsWith(dir + "/")).reverse();
    for (const { target } of mounts) unmount(target, { detach: true });
    await Deno.remove(dir, { recursive: true });
  }
}

interface Count {
  inside: number;
  refused: number;
}

/**
 * How attempts end; every one ends inside or is refused. There are `times` of them, and more where the machine has not let the
 * swapper run meanwhile: both must have happened, or there was no race to win.
 */
function attempt(times: number, once: () => void): Count {
  const count: Count = { inside: 0, refused: 0 };
  const raced = () => count.inside > times / 1000 && count.refused > times / 100;
  for (let i = 0; i < times || (!raced() && i < 100 * times); i++) {
    try {
      once();
      count.inside++;
    } catch (err) {
      // EXDEV: the link was met; ENOTDIR and ELOOP: it came between two steps; EAGAIN: the kernel gave up.
      if (!isErrno(err, "EXDEV", "ENOTDIR", "ELOOP", "EAGAIN")) throw err;
      count.refused++;
    }
  }
  return count;
}

function assertRaced({ inside, refused }: Count, times: number): void {
  assert.ok(inside + refused >= times);
  assert.ok(inside > times / 1000, `only ${inside} of ${times} got through`);
  assert.ok(refused > times / 100, `only ${refused} of ${times} met the link`);
}

const root = { ignore: Deno.uid() !== 0 };

Deno.test("a symlink swapper gets none of 10,000 subPath mounts out of the volume", root, () =>
  underAttack((dir) => {
    const inside = lstat(`${dir}/volume`).device;
    const target = `${dir}/targets/0`;
    const count = attempt(10_000, () => {
      mountSubpath({ volumePath: `${dir}/volume`, subPath: "sub/deep", target, followAbsolute: false });
      try {
        assert.equal(lstat(target).device, inside);
        assert.equal(Deno.readTextFileSync(`${target}/file`), "inside");
      } finally {
        unmount(target);
        Deno.removeSync(target);
      }
    });
    assertRaced(count, 10_000);
  }));

for (const missing of [false, true]) {
  const kernel = missing ? "without openat2" : "with openat2";
  Deno.test(
    `a symlink swapper gets none of 10,000 opened files out of the volume, ${kernel}`,
    root,
    () =>
      underAttack((dir) => {
        openat2Support.missing = missing;
        try {
          const count = attempt(10_000, () => {
            using fd = openSubpath({ volumePath: `${dir}/volume`, subPath: "sub/deep/file", followAbsolute: false });
            assert.equal(Deno.readTextFileSync(fd.procPath), "inside");
          });
          assertRaced(count, 10_000);
        } finally {
          openat2Support.missing = false;
        }
      }),
  );
}

Deno.test("a symlink swapper gets no directory of 3,000 made outside the volume", root, () =>
  underAttack((dir) => {
    let n = 0;
    const count = attempt(3_000, () => {
      using _fd = openSubpath({
        volumePath: `${dir}/volume`,
        subPath: `sub/made-${n++}/below`,
        followAbsolute: false,
      });
    });
    assertRaced(count, 3_000);
    assert.deepEqual(Array.from(Deno.readDirSync(`${dir}/outside`), ({ name }) => name), ["deep"]);
  }));

Deno.test(
  "a symlink swapper gets no absolute link of the host's owner out of 3,000 either",
  root,
  () =>
    underAttack((dir) => {
      Deno.symlinkSync(`${dir}/volume/sub/deep`, `${dir}/volume/absolute`);
      let inside = 0;
      for (let i = 0; i < 3_000 || (inside <= 30 && i < 300_000); i++) {
        try {
          using fd = openSubpath({ volumePath: `${dir}/volume`, subPath: "absolute/file", followAbsolute: true });
          assert.equal(Deno.readTextFileSync(fd.procPath), "inside");
          inside++;
        } catch (err) {
          if (err instanceof assert.AssertionError) throw err;
        }
      }
      assert.ok(inside > 30, `only ${inside} got through`);
    }),
);
