import assert from "node:assert/strict";
import { anyFilesystem, localFilesystem } from "./filesystems.ts";

Deno.test("a file system looks the same from here and from a child process", async () => {
  const here = localFilesystem("/proc/self")!, child = await anyFilesystem("/proc/self", () => true);
  assert.deepEqual(child, here);
  const [disk, told] = [localFilesystem("/usr")!, (await anyFilesystem("/usr", () => true))!];
  assert.ok(disk.capacityBytes > 2 ** 20 && disk.usedBytes > 0 && disk.usedBytes <= disk.capacityBytes);
  assert.deepEqual([told.capacityBytes, told.inodes], [disk.capacityBytes, disk.inodes]);
  assert.equal(localFilesystem("/no/such/path"), undefined);
  assert.equal(await anyFilesystem("/no/such/path", () => true), undefined);
});
