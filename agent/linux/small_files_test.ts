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
  const dir = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${dir}/file`, "text");
    for (let i = 0; i < 50; i++) {
      readSmallFile(`${dir}/file`);
      readSmallFile(`${dir}/no-such-file`);
      assert.throws(() => readSmallFile(dir), (err) => isErrno(err, "EISDIR"));
    }
    // other tests of this process open other files meanwhile
    const open = [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(dir);
      } catch {
        return false; // closed by now
      }
    });
    assert.deepEqual(open, []);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});
