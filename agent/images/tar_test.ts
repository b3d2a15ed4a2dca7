import assert from "node:assert/strict";
import { tar, untar } from "./tar.ts";

const content = new TextEncoder().encode("hello\n");

Deno.test("tar() writes what untar() reads, directories and symlinks left out", () => {
  const archive = tar([
    { path: "etc", type: "directory" },
    { path: "etc/motd", content },
    { path: "empty" },
    { path: "link", type: "symlink", target: "/etc/motd" },
  ]);
  assert.equal(archive.length % 512, 0);
  assert.deepEqual([...untar(archive)].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]), [
    ["etc/motd", "hello\n"],
    ["empty", ""],
  ]);
});

Deno.test("tar() writes what the system's tar reads, with modes, owners and times", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(
      file,
      tar([
        { path: "tmp", type: "directory", mode: 0o1777 },
        { path: "bin/run", mode: 0o755, content },
        { path: "run", type: "symlink", target: "/bin/run" },
      ]),
    );
    const { stdout } = await new Deno.Command("tar", {
      args: ["--numeric-owner", "--utc", "--full-time", "-tvf", file],
      env: { LC_ALL: "C" },
    }).output();
    assert.deepEqual(new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.replace(/ +/g, " ")), [
      "drwxrwxrwt 0/0 0 1970-01-01 00:00:00 tmp/",
      "-rwxr-xr-x 0/0 6 1970-01-01 00:00:00 bin/run",
      "lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 run -> /bin/run",
    ]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("tar() refuses a path that its header cannot hold", () => {
  assert.throws(() => tar([{ path: "x".repeat(101) }]), /Cannot archive x+: x+ is longer than 100 bytes/);
});
