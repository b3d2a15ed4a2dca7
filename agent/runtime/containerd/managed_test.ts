import assert from "node:assert/strict";
import { inheritedEnvironment, restartDelay } from "./managed.ts";
import { containerdPaths, runDirOf } from "./paths.ts";

Deno.test("restartDelay() is nothing at first, then doubles from 1 s to 30 s", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 50].map(restartDelay), [0, 1, 2, 4, 8, 16, 30, 30].map((s) => s * 1000));
});

Deno.test("inheritedEnvironment() passes the path and proxies on, and nothing secret", () => {
  assert.deepEqual(
    inheritedEnvironment({ PATH: "/bin", https_proxy: "p", NO_PROXY: "n", HOME: "/root", TOKEN: "t" }),
    { PATH: "/bin", https_proxy: "p", NO_PROXY: "n" },
  );
  assert.match(inheritedEnvironment({}).PATH, /\/usr\/sbin/);
});

Deno.test("containerdPaths() keep nodes with different root directories apart", () => {
  assert.equal(runDirOf("/var/lib/islet"), "/run/islet");
  assert.equal(runDirOf("/var/lib/islet/"), "/run/islet");
  const [a, b] = [containerdPaths("/tmp/a"), containerdPaths("/tmp/b")];
  for (const key of ["root", "state", "socket", "config", "log", "pid", "cniConfDir"] as const) {
    assert.notEqual(a[key], b[key], key);
  }
  assert.ok(a.socket.length < 60, "a socket's path may have 107 bytes, of which containerd needs some");
});
