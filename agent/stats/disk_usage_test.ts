import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { DiskUsage, measureByDu } from "./disk_usage.ts";

function setUp() {
  const clock = new ManualClock();
  const rounds: string[][] = [];
  let pending: (() => void) | undefined;
  const sizes = new Map([["/a", 10], ["/b", 20]]);
  const disk = new DiskUsage({
    clock,
    measure: async (paths) => {
      rounds.push(paths);
      await new Promise<void>((resolve) => pending = resolve);
      return new Map(paths.filter((path) => sizes.has(path)).map((path) => [path, { bytes: sizes.get(path)! }]));
    },
  });
  /** Lets the round that is under way end. */
  const finish = async () => {
    for (let tries = 0; !pending && tries < 20; tries++) await Promise.resolve();
    pending!();
    pending = undefined;
  };
  const bytes = async (paths: string[]) => [...await disk.measure(paths)].map(([path, { bytes }]) => [path, bytes]);
  return { clock, rounds, sizes, disk, finish, bytes };
}

Deno.test("the first measurement of a directory is waited for, and many are one round", async () => {
  const { rounds, finish, bytes } = setUp();
  const answer = bytes(["/a", "/b", "/gone"]);
  await finish();
  assert.deepEqual(await answer, [["/a", 10], ["/b", 20]]);
  assert.deepEqual(rounds, [["/a", "/b", "/gone"]]);
});

Deno.test("a measurement holds for a minute; then the old one is told once more while a new one is made", async () => {
  const { clock, rounds, sizes, finish, bytes } = setUp();
  const first = bytes(["/a"]);
  await finish();
  await first;
  sizes.set("/a", 11);
  await clock.advance(59_000);
  assert.deepEqual(await bytes(["/a"]), [["/a", 10]]);
  assert.equal(rounds.length, 1);
  await clock.advance(1000);
  assert.deepEqual(await bytes(["/a"]), [["/a", 10]], "without waiting");
  await finish();
  await clock.advance(0);
  assert.deepEqual(await bytes(["/a"]), [["/a", 11]]);
  assert.equal(rounds.length, 2);
});

Deno.test("a slow measurement is waited for a second and told to who asks later; no second one runs beside it", async () => {
  const { clock, rounds, finish, bytes } = setUp();
  const answer = bytes(["/a"]);
  await clock.advance(1000);
  assert.deepEqual(await answer, []);
  const other = bytes(["/b"]);
  await clock.advance(1000);
  assert.deepEqual(await other, []);
  assert.deepEqual(rounds, [["/a"]], "one at a time");
  await finish();
  await clock.advance(0);
  await finish();
  await clock.advance(0);
  assert.deepEqual(rounds, [["/a"], ["/b"]]);
  assert.deepEqual(await bytes(["/a", "/b"]), [["/a", 10], ["/b", 20]]);
});

Deno.test("a directory that is gone is told of no more", async () => {
  const { clock, sizes, finish, bytes } = setUp();
  const first = bytes(["/a"]);
  await finish();
  await first;
  sizes.delete("/a");
  await clock.advance(60_000);
  await bytes(["/a"]);
  await finish();
  await clock.advance(0);
  assert.deepEqual(await bytes(["/a"]), []);
});

Deno.test("du counts what directories of this machine hold, and leaves out what is not there", async () => {
  const root = await Deno.makeTempDir({ prefix: "islet-du-" });
  try {
    await Deno.mkdir(`${root}/full dir/below`, { recursive: true });
    await Deno.mkdir(`${root}/empty`);
    await Deno.writeFile(`${root}/full dir/below/data`, crypto.getRandomValues(new Uint8Array(65_536)));
    await Deno.link(`${root}/full dir/below/data`, `${root}/full dir/again`);
    const found = await measureByDu([`${root}/full dir`, `${root}/empty`, `${root}/gone`]);
    assert.deepEqual([...found.keys()].sort(), [`${root}/empty`, `${root}/full dir`]);
    const { bytes, inodes } = found.get(`${root}/full dir`)!;
    assert.ok(bytes >= 65_536 && bytes < 2 * 65_536, `${bytes} bytes`);
    assert.equal(inodes, 3);
    assert.equal(found.get(`${root}/empty`)!.inodes, 1);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("who asks for young figures waits for them, however long that takes", async () => {
  const { clock, rounds, sizes, disk, finish, bytes } = setUp();
  const first = bytes(["/a"]);
  await finish();
  await first;
  sizes.set("/a", 12);
  await clock.advance(5000);
  assert.equal((await disk.measure(["/a"], 10_000)).get("/a")?.bytes, 10, "young enough");
  assert.equal(rounds.length, 1);
  const young = disk.measure(["/a"], 0);
  await clock.advance(60_000);
  await finish();
  assert.equal((await young).get("/a")?.bytes, 12);
});
