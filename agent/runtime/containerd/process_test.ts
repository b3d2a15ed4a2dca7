import assert from "node:assert/strict";
import { join } from "node:path";
import { commandLine, findProcess, isRunning, processId, signal, spawnDetached, writePidFile } from "./process.ts";

async function inTemporaryDirectory(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = Deno.makeTempDirSync();
  try {
    await body(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("spawnDetached() starts a program in a session of its own, which is found by pid file and by command line", () =>
  inTemporaryDirectory(async (dir) => {
    const log = join(dir, "log"), pidFile = join(dir, "pid");
    const marker = crypto.randomUUID();
    const started = await spawnDetached("tail", ["-f", "/dev/null", `--pid=${Deno.pid}`, `--sleep-interval=30`], {
      log,
      env: { PATH: Deno.env.get("PATH")!, MARKER: marker },
    });
    try {
      assert.equal(isRunning(started), true);
      const session = Deno.readTextFileSync(`/proc/${started.pid}/stat`).split(") ")[1].split(" ")[3];
      assert.equal(Number(session), started.pid);
      await until(() => commandLine(started.pid).includes("--sleep-interval=30"));
      const matches = (args: string[]) => args.includes(`--pid=${Deno.pid}`) && args.includes("--sleep-interval=30");
      assert.deepEqual(findProcess(pidFile, matches), started, "without a pid file");
      writePidFile(pidFile, started);
      assert.deepEqual(findProcess(pidFile, matches), started);
      assert.equal(findProcess(pidFile, () => false), undefined, "a pid file alone is not believed");
      writePidFile(pidFile, { ...started, startTime: "1" });
      assert.deepEqual(findProcess(pidFile, matches), started, "a reused pid is not believed");
    } finally {
      signal(started, "SIGKILL");
    }
    await until(() => !isRunning(started));
    assert.equal(processId(started.pid), undefined);
    assert.equal(signal(started, "SIGKILL"), false);
  }));

Deno.test("spawnDetached() appends the program's output to the log", () =>
  inTemporaryDirectory(async (dir) => {
    const log = join(dir, "log");
    Deno.writeTextFileSync(log, "before\n");
    await spawnDetached("cat", ["/no/such/file"], { log, env: { PATH: Deno.env.get("PATH")!, LC_ALL: "C" } })
      .catch(() => {}); // it may have ended before it was looked at
    await until(() => Deno.readTextFileSync(log).includes("No such file"));
    assert.match(Deno.readTextFileSync(log), /^before\n.*cat: /);
  }));

Deno.test("spawnDetached() says which program it cannot start", () =>
  inTemporaryDirectory(async (dir) => {
    await assert.rejects(
      spawnDetached("/no/such/program", [], { log: join(dir, "log"), env: {} }),
      /Cannot start \/no\/such\/program/,
    );
  }));
