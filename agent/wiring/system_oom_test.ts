import { deepEqual } from "node:assert/strict";
import { join } from "node:path";
import { loadLibc, loadPoll } from "../linux/mod.ts";
import { createLogger } from "../telemetry/log.ts";
import { watchSystemOom } from "./system_oom.ts";

loadLibc();
loadPoll();

const config = { nodeName: "edge-1" };
const head = "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/x";

Deno.test("watchSystemOom() tells of victims outside of pods, and of nothing that programs write into the kernel's log", async () => {
  const dir = await Deno.makeTempDir();
  const path = join(dir, "kmsg");
  await new Deno.Command("mkfifo", { args: [path] }).output();
  const told: unknown[] = [];
  const enough = Promise.withResolvers<void>();
  const stop = watchSystemOom({
    config,
    path,
    events: {
      event(...event) {
        told.push(event);
        if (told.length === 2) enough.resolve();
      },
    },
    log: createLogger({ sink: () => {} }),
  });
  try {
    using kernel = Deno.openSync(path, { write: true });
    const lines = [
      `6,1,1,-;${head},task_memcg=/kubepods/besteffort/podx/c,task=in-pod,pid=1,uid=0`,
      `14,2,1,-;${head},task_memcg=/system.slice/a,task=forged,pid=2,uid=0`,
      `6,3,1,-;${head},task_memcg=/system.slice/a,task=daemon,pid=3,uid=0`,
      "3,4,1,-;Out of memory: Killed process 4 (any) total-vm:1kB",
    ];
    kernel.writeSync(new TextEncoder().encode(lines.join("\n") + "\n"));
    await enough.promise;
    const about = { kind: "Node", name: "edge-1", uid: "edge-1" };
    deepEqual(told, [
      [about, "Warning", "SystemOOM", "System OOM encountered, victim process: daemon, pid: 3"],
      [about, "Warning", "SystemOOM", "System OOM encountered, victim process: any, pid: 4"],
    ]);
  } finally {
    await stop();
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("watchSystemOom() says once that the kernel's log cannot be read", async () => {
  const lines: string[] = [];
  const log = createLogger({ sink: ({ level, msg, fields }) => lines.push(`${level} ${msg} ${fields.err}`) });
  await watchSystemOom({ config, path: "/no/such/log", events: { event: () => {} }, log })();
  deepEqual(lines, [
    "info Processes outside of pods that are killed for want of memory are not told of Cannot open /no/such/log: ENOENT",
  ]);
});
