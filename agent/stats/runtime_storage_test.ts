import { equal } from "node:assert/strict";
import { writableLayer } from "./runtime_storage.ts";

const mount = (options: string, place = "/") =>
  `36 35 0:32 / ${place} rw,relatime shared:1 - overlay overlay ${options}`;

const cases: [what: string, mountinfo: string, expected: string | undefined][] = [
  ["an overlay", mount("rw,lowerdir=/l/1:/l/2,upperdir=/snapshots/7/fs,workdir=/snapshots/7/work"), "/snapshots/7/fs"],
  ["the root's among others", `${mount("rw,upperdir=/other", "/data")}\n${mount("rw,upperdir=/own")}`, "/own"],
  ["a name with a space", mount("rw,upperdir=/a\\040b/fs"), "/a b/fs"],
  ["a read-only overlay", mount("ro,lowerdir=/l/1:/l/2"), undefined],
  ["no overlay", "36 35 8:1 / / rw - ext4 /dev/sda1 rw", undefined],
  ["nothing", "", undefined],
];
for (const [what, mountinfo, expected] of cases) {
  Deno.test(`writableLayer() of ${what} is ${expected ?? "unknown"}`, () => {
    equal(writableLayer(mountinfo), expected);
  });
}
