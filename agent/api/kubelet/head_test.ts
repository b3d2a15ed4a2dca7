import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { loadLibc } from "../../linux/mod.ts";
import { containerLogPath } from "../../logs/mod.ts";
import { StreamLimit } from "../streams/mod.ts";
import { testPod } from "../testing.ts";
import { testKubelet } from "./testing.ts";

loadLibc();

/** Other test files open files of their own in this process: only those below the directory count. */
const openFiles = (dir: string) =>
  [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(dir);
    } catch {
      return false;
    }
  }).length;

Deno.test("HEAD of a log or a file holds neither a place among the streams nor the file", async () => {
  const dir = Deno.makeTempDirSync();
  const limit = new StreamLimit(10);
  const { app, pods } = testKubelet({ limit, systemLogDir: dir, config: { podLogsDir: join(dir, "pods") } });
  pods.push(testPod());
  const log = containerLogPath(join(dir, "pods"), { namespace: "default", name: "web", uid: "uid-web" }, "web", 0);
  Deno.mkdirSync(dirname(log), { recursive: true });
  for (const path of [log, join(dir, "syslog")]) Deno.writeTextFileSync(path, "text\n".repeat(100_000));
  assert.equal(openFiles(dir), 0);
  using _held = Deno.openSync(log);
  assert.equal(openFiles(dir), 1);
  for (const path of ["/containerLogs/default/web/web?follow=true", "/logs/syslog"]) {
    for (let time = 0; time < 20; time++) {
      const { status, body } = await app.request(path, { method: "HEAD" }, { door: "kubelet" });
      assert.deepEqual([status, body], [200, null], path);
    }
  }
  assert.equal(limit.open, 0);
  assert.equal(openFiles(dir), 1);
  Deno.removeSync(dir, { recursive: true });
});
