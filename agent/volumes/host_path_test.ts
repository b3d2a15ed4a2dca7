import assert from "node:assert/strict";
import { planHostPath, setUpHostPath } from "./host_path.ts";
import { inspect } from "./inspect.ts";
import { inDirectory, notRoot } from "./testing.ts";

const both: { how: string; mayHang: () => boolean }[] = [
  { how: "here", mayHang: () => false },
  { how: "by a child process", mayHang: () => true },
];

Deno.test("planHostPath() accepts, makes or refuses by type", () => {
  const plan = (type: string, found: Parameters<typeof planHostPath>[2]) => {
    const step = planHostPath("/p", type, found);
    return step.do === "make" ? `make ${step.what}` : step.do === "fail" ? step.message : step.do;
  };
  const refused = "hostPath type check failed: /p is not a ";
  assert.equal(plan("Directory", "directory"), "nothing");
  assert.equal(plan("Directory", "file"), `${refused}directory, it is a file`);
  assert.equal(plan("Directory", undefined), `${refused}directory, it does not exist`);
  assert.equal(plan("DirectoryOrCreate", undefined), "make directory");
  assert.equal(plan("DirectoryOrCreate", "directory"), "nothing");
  assert.equal(plan("DirectoryOrCreate", "file"), `${refused}directory, it is a file`);
  assert.equal(plan("File", "file"), "nothing");
  assert.equal(plan("File", "directory"), `${refused}file, it is a directory`);
  assert.equal(plan("FileOrCreate", undefined), "make file");
  assert.equal(plan("FileOrCreate", "other"), `${refused}file, it is a named pipe`);
  assert.equal(plan("Socket", "socket"), "nothing");
  assert.equal(plan("Socket", "file"), `${refused}socket file, it is a file`);
  assert.equal(plan("CharDevice", "character device"), "nothing");
  assert.equal(plan("CharDevice", "block device"), `${refused}character device, it is a block device`);
  assert.equal(plan("BlockDevice", "block device"), "nothing");
  assert.equal(plan("BlockDevice", undefined), `${refused}block device, it does not exist`);
  assert.equal(plan("constructor", "file"), "constructor is an invalid volume type");
});

for (const { how, mayHang } of both) {
  Deno.test({
    name: `inspect() tells ${how} what every kind of file is, through links`,
    ignore: notRoot,
    fn: () =>
      inDirectory(async (dir) => {
        Deno.mkdirSync(`${dir}/directory`);
        Deno.writeTextFileSync(`${dir}/file`, "");
        Deno.writeTextFileSync(`${dir}/-weird name`, "");
        Deno.symlinkSync("directory", `${dir}/link`);
        Deno.symlinkSync("nowhere", `${dir}/dangling`);
        const made = new Deno.Command("sh", {
          args: ["-c", "mkfifo fifo && mknod block b 7 99 && mknod character c 1 3"],
          cwd: dir,
        }).outputSync();
        assert.equal(made.code, 0);
        using _socket = Deno.listen({ transport: "unix", path: `${dir}/socket` });
        const cases: [string, string | undefined][] = [
          ["directory", "directory"],
          ["file", "file"],
          ["-weird name", "file"],
          ["link", "directory"],
          ["dangling", undefined],
          ["missing", undefined],
          ["file/below", undefined],
          ["fifo", "other"],
          ["block", "block device"],
          ["character", "character device"],
          ["socket", "socket"],
        ];
        for (const [name, type] of cases) assert.equal(await inspect(`${dir}/${name}`, { mayHang }), type, name);
      }),
  });
}

Deno.test("inspect() gives up at the deadline on a file system that does not answer", async () => {
  // The shell takes stat's arguments for parameters and hangs in its place.
  const programs = [["sh", "-c", "exec sleep 60"]];
  await assert.rejects(
    inspect("/srv/nfs/data", { mayHang: () => true, deadlineMs: 50, programs }),
    /cannot look at \/srv\/nfs\/data: no answer within 0.05 s/,
  );
});

Deno.test("inspect() takes the next program where one is missing, and says so where none is left", async () => {
  const mayHang = () => true;
  assert.equal(await inspect("/", { mayHang, programs: [["no-such-stat"], ["stat"]] }), "directory");
  await assert.rejects(inspect("/", { mayHang, programs: [["no-such-stat"]] }), /there is no stat program/);
});

Deno.test("inspect() ends when it is called off", async () => {
  const stop = new AbortController();
  const asked = inspect("/x", {
    mayHang: () => true,
    signal: stop.signal,
    programs: [["sh", "-c", "exec sleep 60"]],
  });
  stop.abort(new Error("called off"));
  await assert.rejects(asked, /called off/);
});

Deno.test("setUpHostPath() makes directories with their parents, files only in a directory that is there", () =>
  inDirectory(async (dir) => {
    await setUpHostPath({ path: `${dir}/a/b`, type: "DirectoryOrCreate" });
    assert.equal(Deno.statSync(`${dir}/a/b`).mode! & 0o7777, 0o755);
    await setUpHostPath({ path: `${dir}/a/file`, type: "FileOrCreate" });
    assert.equal(Deno.statSync(`${dir}/a/file`).mode! & 0o7777, 0o644);
    Deno.writeTextFileSync(`${dir}/a/file`, "kept");
    await setUpHostPath({ path: `${dir}/a/file`, type: "FileOrCreate" });
    assert.equal(Deno.readTextFileSync(`${dir}/a/file`), "kept");
    await assert.rejects(setUpHostPath({ path: `${dir}/no/file`, type: "FileOrCreate" }), {
      name: "SetUpError",
      message: /cannot make file .*No such file/,
    });
  }));

Deno.test("setUpHostPath() does not look at a path without a type, and refuses one with '..'", async () => {
  const programs = [["no-such-stat"]];
  await setUpHostPath({ path: "/does/not/exist", type: "" }, { mayHang: () => true, programs });
  await setUpHostPath({ path: "/does/not/exist" }, { mayHang: () => true, programs });
  await assert.rejects(setUpHostPath({ path: "/srv/../etc" }), {
    message: "invalid HostPath `/srv/../etc`: must not contain '..'",
  });
});
