/**
 * An API to be fuzzed, as a process of its own: the real store on disk, every kind, TLS apart; no runtime, so that pods that the
 * fuzzer makes stay where they are. Prints its figures when a line is written to it: `{ rss, problems }`.
 *
 *     deno run -A --v8-flags=--expose-gc tests/fuzz/server.ts DIRECTORY
 */
import { join } from "node:path";
import { startApi } from "../../agent/api/mod.ts";
import { systemClock } from "../../agent/clock.ts";
import { Store } from "../../agent/store/mod.ts";
import { EventRing } from "../../agent/telemetry/events.ts";
import type { Logger } from "../../agent/telemetry/log.ts";

const [dir] = Deno.args;
const problems: string[] = [];
const tell = (message: string, fields: Record<string, unknown> = {}) => {
  const { err } = fields;
  problems.push(`${message} ${JSON.stringify(fields)} ${err instanceof Error ? err.stack : ""}`);
};
const log: Logger = { debug() {}, info() {}, warn: tell, error: tell, with: () => log };
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  tell("unhandled rejection", { err: event.reason });
});

const store = Store.open(join(dir, "state.db"), { log });
for (const name of ["default", "kube-system"]) {
  await store.change("local", "Namespace", "", name, () => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  }));
  await store.change("local", "ServiceAccount", name, "default", () => ({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace: name },
  }));
}
const none = () => Promise.reject(new Error("there is no runtime"));
await startApi({
  config: { api: { socket: join(dir, "api.sock") }, podLogsDir: dir, nodeName: "fuzzed" },
  store,
  events: new EventRing({ nodeName: "fuzzed", nextVersion: () => store.nextVersion() }),
  observer: { get: () => undefined },
  cri: { runtime: { exec: none, attach: none, portForward: none } },
  log,
  clock: systemClock,
  problems: () => [],
  healthy: () => true,
});
console.log("ready");

declare const gc: () => void;
const libc = Deno.dlopen("libc.so.6", { malloc_trim: { parameters: ["usize"], result: "i32" } }).symbols;

/**
 * Bytes of memory that only this process has: the program's own pages come and go as the machine likes (proc_pid_status(5)). What
 * the allocator holds ready for later, by chance tens of megabytes, is given back before.
 */
function ownMemory(): number {
  libc.malloc_trim(0n);
  return Number(/^RssAnon:\s*(\d+) kB$/m.exec(Deno.readTextFileSync("/proc/self/status"))![1]) * 1024;
}

for await (const _ of Deno.stdin.readable) {
  // V8 gives pages back some time after it has found them empty
  for (let turn = 0; turn < 10; turn++) {
    gc();
    await new Promise((done) => setTimeout(done, 300));
  }
  console.log(JSON.stringify({ rss: ownMemory(), problems: problems.splice(0) }));
}
