import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { KeptFiles, loadLibc, readSmallFile } from "./mod.ts";

loadLibc();

interface Kept extends Disposable {
  files: KeptFiles;
  clock: ManualClock;
  /** A file in a directory of this test's own. */
  file(name: string, text?: string): string;
  /** How many of the directory's files are open: other tests of this process open others meanwhile. */
  open(): number;
}

function keptFiles(most?: number): Kept {
  const clock = new ManualClock();
  const files = new KeptFiles({ after: (ms, fn) => clock.after(ms, fn), keepMs: 1000, most });
  const dir = Deno.makeTempDirSync();
  return {
    files,
    clock,
    file(name, text = name) {
      Deno.writeTextFileSync(`${dir}/${name}`, text);
      return `${dir}/${name}`;
    },
    open: () => [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => target(name)?.startsWith(`${dir}/`)).length,
    [Symbol.dispose]() {
      files.close();
      Deno.removeSync(dir, { recursive: true });
    },
  };
}

function target(fd: string): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined; // closed meanwhile
  }
}

Deno.test("KeptFiles reads a file as it is now, each time, and opens it once", () => {
  using kept = keptFiles();
  const { files, file, open } = kept;
  for (const text of ["12", "3", "", "x".repeat(50_000), "4"]) {
    assert.equal(files.read(file("a", text)), text);
    assert.equal(open(), 1);
  }
  // one that the kernel makes up
  const name = Deno.readTextFileSync("/proc/self/comm");
  try {
    for (const each of ["first", "second"]) {
      Deno.writeTextFileSync("/proc/self/comm", each);
      assert.equal(files.read("/proc/self/comm"), `${each}\n`);
    }
  } finally {
    Deno.writeTextFileSync("/proc/self/comm", name.trim());
  }
});

Deno.test("KeptFiles closes what nobody has read for a while, and all at the end", async () => {
  using kept = keptFiles();
  const { files, clock, open } = kept;
  const [often, once] = [kept.file("often"), kept.file("once")];
  files.read(often);
  files.read(once);
  for (let turn = 0; turn < 4; turn++) {
    await clock.advance(900);
    assert.equal(files.read(often), "often");
  }
  assert.equal(files.size, 1);
  assert.equal(open(), 1);
  await clock.advance(2000);
  assert.equal(files.size, 0);
  assert.equal(open(), 0);
  assert.equal(files.read(often), "often");
  files.close();
  assert.equal(open(), 0);
});

Deno.test("KeptFiles keeps no more than it may, and reads the others all the same", () => {
  using kept = keptFiles(2);
  const paths = ["a", "b", "c", "d"].map((name) => kept.file(name));
  for (const path of [...paths, ...paths]) assert.equal(kept.files.read(path), path.at(-1));
  assert.equal(kept.files.size, 2);
  assert.equal(kept.open(), 2);
});

Deno.test("KeptFiles gives undefined for what is not there, and keeps nothing of it", () => {
  using kept = keptFiles();
  assert.equal(kept.files.read("/proc/self/no-such-file"), undefined);
  assert.equal(kept.files.size, 0);
});

Deno.test({
  name: "KeptFiles reads of a cgroup that was removed and made anew",
  ignore: Deno.uid() !== 0,
  fn() {
    using kept = keptFiles();
    const hierarchy = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"].find((path) => readSmallFile(`${path}/cgroup.procs`))!;
    const cgroup = `${hierarchy}/islet-test-${crypto.randomUUID().slice(0, 8)}`;
    for (let turn = 0; turn < 3; turn++) {
      assert.equal(kept.files.read(`${cgroup}/cgroup.procs`), undefined);
      Deno.mkdirSync(cgroup);
      try {
        for (let look = 0; look < 2; look++) assert.equal(kept.files.read(`${cgroup}/cgroup.procs`), "");
        assert.equal(kept.files.size, 1);
      } finally {
        // what is open does not hold it
        Deno.removeSync(cgroup);
      }
    }
    assert.equal(kept.files.read(`${cgroup}/cgroup.procs`), undefined);
    assert.equal(kept.files.size, 0);
  },
});
