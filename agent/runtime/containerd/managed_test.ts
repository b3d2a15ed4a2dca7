import assert from "node:assert/strict";
import { ManualClock } from "../../clock.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { inheritedEnvironment, ManagedContainerd, restartDelay } from "./managed.ts";
import { containerdPaths, runDirOf } from "./paths.ts";
import { processId } from "./process.ts";

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

Deno.test("a restart that is due is not put off by whoever says meanwhile that nothing answers", async () => {
  const dir = await Deno.makeTempDir({ prefix: "islet-managed-" });
  const paths = containerdPaths(`${dir}/root`, { runDir: `${dir}/run` });
  Deno.mkdirSync(`${dir}/run`);
  const socket = Deno.listen({ transport: "unix", path: paths.socket });
  const ttrpc = Deno.listen({ transport: "unix", path: `${paths.socket}.ttrpc` });
  const clock = new ManualClock();
  const children: Deno.ChildProcess[] = [];
  const managed = new ManagedContainerd({
    paths,
    log: silentLogger,
    clock,
    facts: {
      version: { major: 1, minor: 6 },
      cniBinDir: "/opt/cni/bin",
      capSysResource: true,
      systemdCgroup: false,
      snapshotter: "overlayfs",
      apparmor: false,
    },
    probe: () => Promise.resolve(),
    spawn() {
      const child = new Deno.Command("sleep", { args: ["1000"], stdin: "null" }).spawn();
      children.push(child);
      return Promise.resolve(processId(child.pid)!);
    },
  });
  const settled = () => new Promise((resolve) => setTimeout(resolve, 50));
  const end = async () => {
    const child = children.at(-1)!;
    child.kill("SIGKILL");
    await child.status;
    managed.check();
  };
  try {
    await managed.start();
    const watched = await ttrpc.accept();
    await end();
    await clock.advance(0);
    await settled();
    assert.equal(children.length, 2, "the first at once");
    const again = await ttrpc.accept();
    await end();
    for (let ms = 0; ms < 1000; ms += 100) {
      assert.equal(children.length, 2);
      managed.check();
      await clock.advance(100);
    }
    await settled();
    assert.equal(children.length, 3, "the second after a second");
    const last = await ttrpc.accept();
    await clock.advance(60_000);
    await settled();
    assert.equal(children.length, 3, "once, however many have said so");
    managed.release();
    for (const conn of [watched, again, last]) conn.close();
  } finally {
    const child = children.at(-1)!;
    child.kill("SIGKILL");
    await child.status;
    socket.close();
    ttrpc.close();
    await Deno.remove(dir, { recursive: true });
  }
});
