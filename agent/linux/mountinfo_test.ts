import assert from "node:assert/strict";
import { mountOf, mountsBelow, mountsThatMayHang, parseMounts, readMounts } from "./mountinfo.ts";

const text = String.raw`22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
40 27 0:39 / /pods/u1/volumes/m rw,relatime - tmpfs tmpfs rw,size=1024k
41 40 0:40 / /pods/u1/volumes/m/inner ro,nosuid master:3 propagate_from:1 - tmpfs tmpfs rw
42 27 254:0 /srv/a\040b /pods/u1/with\040space\134and\011tab rw - ext4 /dev/vda rw
43 27 0:50 / /pods/u12 rw - tmpfs tmpfs rw
44 40 0:51 / /pods/u1/volumes/m rw - tmpfs newer rw
45 27 0:60 / /srv/nfs rw shared:9 - nfs4 server:/export rw,vers=4.2
46 27 0:61 / /srv/mine rw - fuse.sshfs me@there: rw
`;

Deno.test("parseMounts() reads devices, roots, options and escaped names, with and without optional fields", () => {
  const mounts = parseMounts(text);
  assert.equal(mounts.length, 9);
  assert.deepEqual(mounts[3], {
    id: 41,
    parent: 40,
    device: "0:40",
    root: "/",
    target: "/pods/u1/volumes/m/inner",
    readonly: true,
    type: "tmpfs",
    source: "tmpfs",
  });
  assert.equal(mounts[4].root, "/srv/a b");
  assert.equal(mounts[4].target, "/pods/u1/with space\\and\ttab");
});

Deno.test("mountsBelow() takes the path itself and what is below, not a longer name, deepest and newest first", () => {
  assert.deepEqual(mountsBelow(parseMounts(text), "/pods/u1").map(({ id }) => id), [41, 44, 40, 42]);
  assert.deepEqual(mountsBelow(parseMounts(text), "/pods/u12").map(({ id }) => id), [43]);
});

Deno.test("mountsThatMayHang() names network and FUSE file systems alone", () => {
  assert.deepEqual(mountsThatMayHang(parseMounts(text)).map(({ target }) => target), ["/srv/nfs", "/srv/mine"]);
});

Deno.test("readMounts() finds /proc in this machine's own mounts", () => {
  assert.ok(readMounts().some(({ target, type }) => target === "/proc" && type === "proc"));
});

Deno.test("mountOf() finds the mount nearest above a path, the newest of those on the same place", () => {
  const mount = (source: string, target: string) => ({
    id: 1,
    parent: 0,
    device: "0:1",
    root: "/",
    target,
    readonly: false,
    type: "ext4",
    source,
  });
  const mounts = [mount("root", "/"), mount("var", "/var"), mount("lib", "/var/lib"), mount("over", "/var/lib")];
  assert.equal(mountOf(mounts, "/var/lib/islet")?.source, "over");
  assert.equal(mountOf(mounts, "/var/library")?.source, "var");
  assert.equal(mountOf(mounts, "/var")?.source, "var");
  assert.equal(mountOf(mounts, "/etc")?.source, "root");
  assert.equal(mountOf([], "/etc"), undefined);
});
