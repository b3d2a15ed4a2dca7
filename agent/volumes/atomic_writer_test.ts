import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { lstat } from "../linux/mod.ts";
import { isEmpty, type Listing, planUpdate, writeAtomically } from "./atomic_writer.ts";
import type { Payload, PayloadFile } from "./payload.ts";
import { inDirectory, notRoot } from "./testing.ts";

const file = (text: string, change: Partial<PayloadFile> = {}): PayloadFile => ({
  data: new TextEncoder().encode(text),
  mode: 0o644,
  ...change,
});
const payload = (files: Record<string, string>): Payload =>
  new Map(Object.entries(files).map(([path, text]) => [path, file(text)]));

const listing: Listing = {
  current: "..2026",
  files: new Map([["a", { size: 1, mode: 0o644, uid: 0, gid: 0 }], ["d/b", { size: 1, mode: 0o644, uid: 0, gid: 0 }]]),
  links: new Map([["a", "..data/a"], ["d", "..data/d"]]),
  others: [],
  strays: [],
};
const files = { a: "1", "d/b": "2" };

Deno.test("planUpdate() has nothing to do where everything is as it should be", () => {
  assert.ok(isEmpty(planUpdate(listing, payload(files), undefined, () => true)));
});

Deno.test("planUpdate() writes when content, size, mode, owner or the set of files differs", () => {
  const cases: [string, Payload, number | undefined, boolean][] = [
    ["content", payload(files), undefined, false],
    ["size", payload({ ...files, a: "12" }), undefined, true],
    ["group", payload(files), 1234, true],
    ["more", payload({ ...files, c: "3" }), undefined, true],
    ["fewer", payload({ a: "1" }), undefined, true],
    ["mode", new Map([...payload(files), ["a", file("1", { mode: 0o600 })]]), undefined, true],
    ["user", new Map([...payload(files), ["a", file("1", { uid: 5 })]]), undefined, true],
  ];
  for (const [what, wanted, group, same] of cases) {
    assert.equal(planUpdate(listing, wanted, group, () => same).write, true, what);
  }
});

Deno.test("planUpdate() repairs links and takes away what a crash left, without writing files again", () => {
  const broken: Listing = {
    ...listing,
    links: new Map([["a", "elsewhere"], ["old", "..data/old"]]),
    strays: ["..data_tmp", "..2025"],
  };
  assert.deepEqual(planUpdate(broken, payload(files), undefined, () => true), {
    write: false,
    addLinks: ["a", "d"],
    removeLinks: ["old"],
    removeStrays: ["..data_tmp", "..2025"],
  });
});

/** Everything in a directory: links with targets, files with content; the stamp is written `..T`. */
function show(dir: string, below = ""): string[] {
  const out: string[] = [];
  for (const { name, isDirectory, isSymlink } of Deno.readDirSync(`${dir}/${below}`)) {
    const path = below + name;
    if (isSymlink) out.push(`${path} -> ${Deno.readLinkSync(`${dir}/${path}`)}`);
    else if (isDirectory) out.push(...show(dir, `${path}/`));
    else out.push(`${path} = ${Deno.readTextFileSync(`${dir}/${path}`)}`);
  }
  return out.map((line) => line.replaceAll(/\.\.\d{4}(_\d\d){5}\.\d{10}/g, "..T")).sort();
}

Deno.test("writeAtomically() lays a volume out as kubelet does", () =>
  inDirectory(async (dir) => {
    const clock = new ManualClock(Date.UTC(2026, 0, 31, 10, 2, 3));
    assert.equal(await writeAtomically(dir, payload({ a: "1", "d/b": "2", "d/e/f": "3" }), { clock }), true);
    assert.deepEqual(show(dir), [
      "..T/a = 1",
      "..T/d/b = 2",
      "..T/d/e/f = 3",
      "..data -> ..T",
      "a -> ..data/a",
      "d -> ..data/d",
    ]);
    assert.match(Deno.readLinkSync(`${dir}/..data`), /^\.\.2026_01_31_10_02_03\.\d{10}$/);
    assert.equal(lstat(`${dir}/d/e`).mode, 0o755);
    assert.equal(Deno.readTextFileSync(`${dir}/d/e/f`), "3");
  }));

Deno.test("writeAtomically() writes nothing when nothing changed, and everything anew when anything did", () =>
  inDirectory(async (dir) => {
    await writeAtomically(dir, payload({ a: "1", b: "2" }));
    const before = Deno.readLinkSync(`${dir}/..data`);
    const stamps = () => [lstat(dir), lstat(`${dir}/a`), lstat(`${dir}/..data`)].map(({ ino }) => ino);
    const inodes = stamps();
    const time = Deno.statSync(dir).mtime;
    assert.equal(await writeAtomically(dir, payload({ b: "2", a: "1" })), false);
    assert.deepEqual(stamps(), inodes);
    assert.deepEqual(Deno.statSync(dir).mtime, time);

    assert.equal(await writeAtomically(dir, payload({ a: "9", c: "3" })), true);
    assert.notEqual(Deno.readLinkSync(`${dir}/..data`), before);
    assert.deepEqual(show(dir), ["..T/a = 9", "..T/c = 3", "..data -> ..T", "a -> ..data/a", "c -> ..data/c"]);

    assert.equal(await writeAtomically(dir, payload({})), true);
    assert.deepEqual(show(dir), ["..data -> ..T"]);
    assert.equal(await writeAtomically(dir, payload({})), false);
  }));

Deno.test("a key that was a file may become a directory, and back", () =>
  inDirectory(async (dir) => {
    await writeAtomically(dir, payload({ a: "1" }));
    await writeAtomically(dir, payload({ "a/b": "2" }));
    assert.deepEqual(show(dir), ["..T/a/b = 2", "..data -> ..T", "a -> ..data/a"]);
    await writeAtomically(dir, payload({ a: "3" }));
    assert.deepEqual(show(dir), ["..T/a = 3", "..data -> ..T", "a -> ..data/a"]);
  }));

Deno.test("a reader that holds ..data open sees old files or new ones, never both", () =>
  inDirectory(async (dir) => {
    const version = (n: number) => payload({ a: `${n}`, b: `${n}`, "d/c": `${n}` });
    await writeAtomically(dir, version(0));
    let reads = 0;
    let done = false;
    const reader = (async () => {
      while (!done) {
        const base = `${dir}/${await Deno.readLink(`${dir}/..data`)}`;
        const seen: string[] = [];
        for (const path of ["a", "b", "d/c"]) {
          // A directory that was replaced meanwhile may be gone: then there is nothing to compare.
          seen.push(await Deno.readTextFile(`${base}/${path}`).catch(() => "gone"));
        }
        const known = new Set(seen.filter((text) => text !== "gone"));
        assert.ok(known.size <= 1, `one directory held ${[...known]}`);
        if (known.size === 1) reads++;
      }
    })();
    for (let n = 1; n <= 50; n++) await writeAtomically(dir, version(n));
    done = true;
    await reader;
    assert.ok(reads > 0);
    assert.equal(Deno.readTextFileSync(`${dir}/d/c`), "50");
  }));

Deno.test("what a crash left behind is finished or taken away by the next write", () =>
  inDirectory(async (dir) => {
    await writeAtomically(dir, payload({ a: "1" }));
    Deno.mkdirSync(`${dir}/..2020_01_01_00_00_00.0000000001/deep`, { recursive: true });
    Deno.symlinkSync("..nowhere", `${dir}/..data_tmp`);
    Deno.removeSync(`${dir}/a`);
    assert.equal(await writeAtomically(dir, payload({ a: "1" })), true);
    assert.deepEqual(show(dir), ["..T/a = 1", "..data -> ..T", "a -> ..data/a"]);

    // After a power cut: the rename is on disk, the content is not.
    Deno.writeTextFileSync(`${dir}/a`, "");
    assert.equal(await writeAtomically(dir, payload({ a: "1" })), true);
    assert.deepEqual(show(dir), ["..T/a = 1", "..data -> ..T", "a -> ..data/a"]);

    // ..data points at a directory that never came to be.
    Deno.removeSync(`${dir}/${Deno.readLinkSync(`${dir}/..data`)}`, { recursive: true });
    assert.equal(await writeAtomically(dir, payload({ a: "1" })), true);
    assert.deepEqual(show(dir), ["..T/a = 1", "..data -> ..T", "a -> ..data/a"]);
  }));

Deno.test("the directory that a subPath of a missing key made gives way to the key", () =>
  inDirectory(async (dir) => {
    await writeAtomically(dir, payload({ a: "1" }));
    Deno.mkdirSync(`${dir}/late`);
    assert.equal(await writeAtomically(dir, payload({ a: "1" })), false);
    await writeAtomically(dir, payload({ a: "1", late: "2" }));
    assert.equal(Deno.readTextFileSync(`${dir}/late`), "2");
  }));

Deno.test({
  name: "files belong to their user and to the fsGroup, which may read them and enter their directories",
  ignore: notRoot,
  fn: () =>
    inDirectory(async (dir) => {
      const files: Payload = new Map([
        ["secret", file("1", { mode: 0o400 })],
        ["d/token", file("2", { mode: 0o600, uid: 1000 })],
      ]);
      await writeAtomically(dir, files, { fsGroup: 2000 });
      const owner = (path: string) => {
        const { mode, uid, gid } = lstat(`${dir}/..data/${path}`);
        return [mode.toString(8), uid, gid];
      };
      assert.deepEqual(owner("secret"), ["440", 0, 2000]);
      assert.deepEqual(owner("d/token"), ["640", 1000, 2000]);
      assert.deepEqual(owner("d"), ["2755", 0, 2000]);
      assert.deepEqual(owner("."), ["2755", 0, 2000]);
      assert.equal(await writeAtomically(dir, files, { fsGroup: 2000 }), false);
    }),
});
