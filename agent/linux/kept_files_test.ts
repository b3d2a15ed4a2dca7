import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { KeptFiles, loadLibc, readSmallFile } from "./mod.ts";

loadLibc();

const open = () => [...Deno.readDirSync("/proc/self/fd")].length;

function keptFiles(most?: number): { files: KeptFiles; clock: ManualClock } & Disposable {
  const clock = new ManualClock();
  const files = new KeptFiles({ after: (ms, fn) => clock.after(ms, fn), keepMs: 1000, most });
  return { files, clock, [Symbol.dispose]: () => files.close() };
}

Deno.test("KeptFiles reads a file as it is now, each time, and opens it once", async () => {
  using kept = keptFiles();
  const { files } = kept;
  const path = await Deno.makeTempFile();
  try {
    const before = open();
    for (const text of ["12", "3", "", "x".repeat(50_000), "4"]) {
      Deno.writeTextFileSync(path, text);
      assert.equal(files.read(path), text);
      assert.equal(open(), before + 1);
    }
  } finally {
    Deno.removeSync(path);
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
  const { files, clock } = kept;
  const before = open();
  files.read("/proc/self/stat");
  files.read("/proc/self/status");
  for (let turn = 0; turn < 4; turn++) {
    await clock.advance(900);
    assert.match(files.read("/proc/self/stat")!, /^\d+ /);
  }
  assert.equal(files.size, 1);
  assert.equal(open(), before + 1);
  await clock.advance(2000);
  assert.equal(files.size, 0);
  assert.equal(open(), before);
  assert.match(files.read("/proc/self/stat")!, /^\d+ /);
  files.close();
  assert.equal(open(), before);
});

Deno.test("KeptFiles keeps no more than it may, and reads the others all the same", () => {
  using kept = keptFiles(2);
  const names = ["stat", "status", "limits", "io"].map((name) => `/proc/self/${name}`);
  const before = open();
  for (const name of [...names, ...names]) assert.ok(kept.files.read(name)!.length > 20, name);
  assert.equal(kept.files.size, 2);
  assert.equal(open(), before + 2);
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
