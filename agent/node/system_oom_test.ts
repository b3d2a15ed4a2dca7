import { deepEqual, equal } from "node:assert/strict";
import { isOfPod, type OomKill, oomKill, systemOomMessage } from "./system_oom.ts";

const pod = "/kubepods/burstable/pod395b0534-46b0-4817-9eaf-2fb4c8199851";
const head = "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0";
const cases: [line: string, expected: OomKill | undefined][] = [
  [
    `${head},oom_memcg=/system.slice,task_memcg=/system.slice/cron.service,task=cron,pid=917,uid=0`,
    { process: "cron", pid: 917, cgroup: "/system.slice/cron.service" },
  ],
  [
    `${head},oom_memcg=${pod},task_memcg=${pod}/fc53,task=dd,pid=15877,uid=1000`,
    { process: "dd", pid: 15877, cgroup: `${pod}/fc53` },
  ],
  [
    `${head},oom_memcg=/a,task_memcg=/a,task=x,pid=1,uid=0,pid=77,uid=0`,
    { process: "x,pid=1,uid=0", pid: 77, cgroup: "/a" },
  ],
  // of a machine that is short the next line tells
  [
    "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/x,task=dd,pid=5,uid=0",
    undefined,
  ],
  [
    "Out of memory: Killed process 5 (my (own) dd) total-vm:104668kB, anon-rss:32256kB, file-rss:1584kB, shmem-rss:0kB, UID:0 pgtables:104kB oom_score_adj:999",
    { process: "my (own) dd", pid: 5 },
  ],
  [
    "Out of memory (oom_kill_allocating_task): Killed process 6 (dd) total-vm:1kB, anon-rss:2kB",
    { process: "dd", pid: 6 },
  ],
  ["Memory cgroup out of memory: Killed process 15877 (dd) total-vm:104668kB, anon-rss:32256kB", undefined],
  ["dd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=999", undefined],
  ["eth0: link up", undefined],
];
for (const [line, expected] of cases) {
  Deno.test(`oomKill() of ${line.slice(0, 40)}… ${line.slice(-20)} is ${JSON.stringify(expected) ?? "nothing"}`, () => {
    deepEqual(oomKill(line), expected);
  });
}

const cgroups: [path: string, ofPod: boolean][] = [
  ["/", false],
  ["/system.slice/cron.service", false],
  ["/islet-kubepods-test/daemon", false],
  ["/kubepods/podx/c", true],
  ["/docker/abc/kubepods/besteffort/podx", true],
  ["/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podx.slice/cri-1.scope", true],
  ["/edge.slice/edge-kubepods.slice/edge-kubepods-podx.slice", true],
];
for (const [path, ofPod] of cgroups) {
  Deno.test(`isOfPod(${path}) is ${ofPod}`, () => equal(isOfPod(path), ofPod));
}

Deno.test("systemOomMessage() is kubelet's", () => {
  equal(
    systemOomMessage({ process: "cron", pid: 917 }),
    "System OOM encountered, victim process: cron, pid: 917",
  );
});
