import assert from "node:assert/strict";
import { lstat, openPath } from "../linux/mod.ts";
import { giveToGroup, groupMode, rootMismatch } from "./ownership.ts";
import { inDirectory, notRoot } from "./testing.ts";

Deno.test("groupMode() lets the group read, write where writable, and directories hand it on", () => {
  assert.equal(groupMode(0o600, { directory: false, readonly: false }), 0o660);
  assert.equal(groupMode(0o400, { directory: false, readonly: true }), 0o440);
  assert.equal(groupMode(0o755, { directory: true, readonly: false }), 0o2775);
  assert.equal(groupMode(0o755, { directory: true, readonly: true }), 0o2755);
  assert.equal(groupMode(0o4700, { directory: false, readonly: false }), 0o4760);
});

Deno.test("rootMismatch() looks at group, permissions and setgid", () => {
  assert.equal(rootMismatch({ gid: 5, mode: 0o2770 }, 5, false), false);
  assert.equal(rootMismatch({ gid: 6, mode: 0o2770 }, 5, false), true);
  assert.equal(rootMismatch({ gid: 5, mode: 0o770 }, 5, false), true);
  assert.equal(rootMismatch({ gid: 5, mode: 0o2750 }, 5, false), true);
  assert.equal(rootMismatch({ gid: 5, mode: 0o2550 }, 5, true), false);
});

const shape = (path: string) => {
  const { mode, gid } = lstat(path);
  return `${mode.toString(8)} ${gid}`;
};

Deno.test({
  name: "giveToGroup() changes a whole volume, and nothing that a link in it leads to",
  ignore: notRoot,
  fn: () =>
    inDirectory(async (dir) => {
      Deno.mkdirSync(`${dir}/volume/sub`, { recursive: true });
      for (const name of ["volume", "volume/sub"]) Deno.chmodSync(`${dir}/${name}`, 0o755); // whatever the umask
      Deno.writeTextFileSync(`${dir}/volume/sub/file`, "", { mode: 0o600 });
      Deno.writeTextFileSync(`${dir}/outside`, "", { mode: 0o600 });
      Deno.symlinkSync("../outside", `${dir}/volume/link`);
      using root = openPath(`${dir}/volume`);
      await giveToGroup(root, 1234);
      assert.equal(shape(`${dir}/volume`), "2775 1234");
      assert.equal(shape(`${dir}/volume/sub`), "2775 1234");
      assert.equal(shape(`${dir}/volume/sub/file`), "660 1234");
      assert.equal(lstat(`${dir}/volume/link`).gid, 1234);
      assert.equal(shape(`${dir}/outside`), "600 0");
    }),
});

Deno.test({
  name: "OnRootMismatch leaves a volume alone whose root is right, Always does not",
  ignore: notRoot,
  fn: () =>
    inDirectory(async (dir) => {
      using root = openPath(dir);
      await giveToGroup(root, 1234, { policy: "OnRootMismatch" });
      assert.equal(shape(dir), "2770 1234");
      Deno.writeTextFileSync(`${dir}/file`, "", { mode: 0o600 });
      Deno.chownSync(`${dir}/file`, 0, 0);
      await giveToGroup(root, 1234, { policy: "OnRootMismatch" });
      assert.equal(shape(`${dir}/file`), "600 0");
      await giveToGroup(root, 1234, { policy: "Always" });
      assert.equal(shape(`${dir}/file`), "660 1234");
    }),
});
