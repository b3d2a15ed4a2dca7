import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { loadLibc } from "../../linux/mod.ts";
import { containerLogPath } from "../../logs/mod.ts";
import { StreamLimit } from "../streams/mod.ts";
import { testPod } from "../testing.ts";
import { testKubelet } from "./testing.ts";

loadLibc();

const openFiles = () => [...Deno.readDirSync("/proc/self/fd")].length;

Deno.test("HEAD of a log or a file holds neither a place among the streams nor the file", async () => {
  const dir = Deno.makeTempDirSync();
  const limit = new StreamLimit(10);
  const { app, pods } = testKubelet({ limit, systemLogDir: dir, config: { podLogsDir: join(dir, "pods") } });
  pods.push(testPod());
  const log = containerLogPath(join(dir, "pods"), { namespace: "default", name: "web", uid: "uid-web" }, "web", 0);
  Deno.mkdirSync(dirname(log), { recursive: true });
  for (const path of [log, join(dir, "syslog")]) Deno.writeTextFileSync(path, "text\n".repeat(100_000));
  const before = openFiles();
  for (const path of ["/containerLogs/default/web/web?follow=true", "/logs/syslog"]) {
    for (let time = 0; time < 20; time++) {
      const { status, body } = await app.request(path, { method: "HEAD" }, { door: "kubelet" });
      assert.deepEqual([status, body], [200, null], path);
    }
  }
  assert.equal(limit.open, 0);
  assert.equal(openFiles(), before);
  Deno.removeSync(dir, { recursive: true });
});
