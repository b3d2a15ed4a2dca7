import assert from "node:assert/strict";
import { isErrno, loadLibc, readSmallFile } from "./mod.ts";

loadLibc();

Deno.test("readSmallFile() reads what Deno reads, of cgroups and of /proc", () => {
  const paths = ["/proc/self/net/dev", "/proc/self/cgroup", "/proc/filesystems", "/sys/fs/cgroup/memory/memory.stat"];
  for (const path of [...paths, "/sys/fs/cgroup/cgroup.controllers", "/sys/fs/cgroup/cpu/cpu.shares"]) {
    const text = readSmallFile(path);
    const lines = (each: string | undefined) => each?.replace(/\d+/g, "").split("\n").map((line) => line.trim());
    if (text === undefined) assert.throws(() => Deno.readTextFileSync(path), Deno.errors.NotFound);
    else assert.deepEqual(lines(text), lines(Deno.readTextFileSync(path)), path);
  }
});

Deno.test("readSmallFile() reads files that are larger than a page, and larger than its buffer", async () => {
  // an entry or more for each of the many things that the kernel maps
  const maps = "/proc/self/smaps";
  const ends = /^VmFlags:.*\n/gm;
  const text = readSmallFile(maps)!;
  assert.ok(text.length > 50_000 && text.endsWith("\n"), `${text.length} characters`);
  const missing = Deno.readTextFileSync(maps).match(ends)!.length - text.match(ends)!.length;
  assert.ok(Math.abs(missing) < 20, `${missing} of the entries are missing`);
  const file = await Deno.makeTempFile();
  try {
    for (const size of [0, 1, 2047, 2048, 4096, 16_383, 16_384, 40_000]) {
      Deno.writeTextFileSync(file, "ä".repeat(size >> 1) + "x".repeat(size & 1));
      assert.equal(readSmallFile(file), Deno.readTextFileSync(file), `${size} bytes`);
    }
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("readSmallFile() gives undefined for what is not there, and throws for what cannot be read", () => {
  assert.equal(readSmallFile("/proc/self/no-such-file"), undefined);
  assert.equal(readSmallFile("/proc/self/stat/file"), undefined);
  assert.equal(readSmallFile("/proc/4194305/net/dev"), undefined);
  assert.throws(() => readSmallFile("/proc/self"), (err) => isErrno(err, "EISDIR"));
  assert.throws(() => readSmallFile(`/${"x".repeat(5000)}`), /Cannot read/);
  assert.throws(() => readSmallFile("/proc/self\0/stat"), /Cannot read/);
});

Deno.test("readSmallFile() leaves no descriptor open", () => {
  const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = open();
  for (let i = 0; i < 50; i++) {
    readSmallFile("/proc/self/stat");
    readSmallFile("/proc/self/no-such-file");
    try {
      readSmallFile("/proc/self");
    } catch {
      // EISDIR
    }
  }
  assert.equal(open(), before);
});

/** A place for cgroups of a test, in one hierarchy of v1 or in v2's tree; all in it are gone afterwards. */
function inCgroups(work: (top: string) => void): void {
  const hierarchy = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"].find((path) => readSmallFile(`${path}/cgroup.procs`))!;
  const top = `${hierarchy}/islet-test-${crypto.randomUUID().slice(0, 8)}`;
  Deno.mkdirSync(top);
  try {
    work(top);
  } finally {
    removeAll(top);
  }
}

function removeAll(cgroup: string): void {
  for (const { name, isDirectory } of Deno.readDirSync(cgroup)) if (isDirectory) removeAll(`${cgroup}/${name}`);
  Deno.removeSync(cgroup);
}

Deno.test({
  name: "readSmallFile() reads of a cgroup that was removed and made anew, with all above it",
  ignore: Deno.uid() !== 0,
  fn() {
    inCgroups((top) => {
      for (let turn = 0; turn < 3; turn++) {
        assert.equal(readSmallFile(`${top}/kubepods/pod1/c1/cgroup.procs`), undefined);
        Deno.mkdirSync(`${top}/kubepods/pod1/c1`, { recursive: true });
        assert.equal(readSmallFile(`${top}/kubepods/pod1/c1/cgroup.procs`), "");
        assert.equal(readSmallFile(`${top}/kubepods/pod1/c1/no-such-file`), undefined);
        removeAll(`${top}/kubepods`);
      }
    });
  },
});

Deno.test({
  name: "readSmallFile() keeps few directories open, however many it reads from",
  ignore: Deno.uid() !== 0,
  fn() {
    const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = open();
    inCgroups((top) => {
      const names = Array.from({ length: 40 }, (_, at) => `${top}/class-${at}/pod/c`);
      for (const name of names) Deno.mkdirSync(name, { recursive: true });
      for (let turn = 0; turn < 2; turn++) {
        for (const name of names) assert.equal(readSmallFile(`${name}/cgroup.procs`), "");
        const more = open() - before;
        assert.ok(more > 0 && more <= 32, `${more} more`);
      }
    });
  },
});
