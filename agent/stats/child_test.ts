import assert from "node:assert/strict";
import { runBounded } from "./child.ts";
import { anyFilesystem, localFilesystem } from "./filesystems.ts";

Deno.test("the first program that the machine has answers", async () => {
  const answer = await runBounded([["no-such-program-here"], ["echo", "-n"]], ["a", "b c"], 5000);
  assert.deepEqual(answer, { code: 0, stdout: "a b c" });
  assert.equal(await runBounded([["no-such-program-here"]], [], 5000), undefined);
});

Deno.test("a program that takes too long is ended and tells nothing", async () => {
  assert.equal(await runBounded([["sleep"]], ["60"], 20), undefined);
});

Deno.test("a file system looks the same from here and from a child process", async () => {
  const here = localFilesystem("/proc/self")!, child = await anyFilesystem("/proc/self", () => true);
  assert.deepEqual(child, here);
  const [disk, told] = [localFilesystem("/usr")!, (await anyFilesystem("/usr", () => true))!];
  assert.ok(disk.capacityBytes > 2 ** 20 && disk.usedBytes > 0 && disk.usedBytes <= disk.capacityBytes);
  assert.deepEqual([told.capacityBytes, told.inodes], [disk.capacityBytes, disk.inodes]);
  assert.equal(localFilesystem("/no/such/path"), undefined);
  assert.equal(await anyFilesystem("/no/such/path", () => true), undefined);
});
