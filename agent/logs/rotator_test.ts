import assert from "node:assert/strict";
import { join } from "node:path";
import { ManualClock } from "../clock.ts";
import { silentLogger } from "../telemetry/log.ts";
import { rotatedFiles } from "./paths.ts";
import { LogRotator, type LogRotatorOptions } from "./rotator.ts";

/** A directory with one container's log of 100 bytes, and a runtime that opens it anew. */
async function withLog(
  test: (
    at: { path: string; reopened: string[]; rotator: LogRotator; clock: ManualClock; warnings: string[] },
  ) => Promise<void>,
  options: Partial<LogRotatorOptions> = {},
): Promise<void> {
  const directory = Deno.makeTempDirSync();
  const path = join(directory, "0.log");
  const clock = new ManualClock();
  const reopened: string[] = [];
  const warnings: string[] = [];
  Deno.writeTextFileSync(path, "x".repeat(100), { mode: 0o640 });
  const rotator = new LogRotator({
    running: () => [{ containerId: "c1", path }],
    reopen: async (id) => {
      reopened.push(id);
      Deno.writeTextFileSync(path, "", { mode: 0o640 });
    },
    maxSize: 100,
    maxFiles: 3,
    clock,
    log: { ...silentLogger, warn: (message) => void warnings.push(message) },
    ...options,
  });
  try {
    await test({ path, reopened, rotator, clock, warnings });
  } finally {
    await rotator.stop();
    Deno.removeSync(directory, { recursive: true });
  }
}

const names = (path: string) => rotatedFiles(path).map((file) => file.path.slice(path.length));

Deno.test("LogRotator looks every interval, rotates, compresses the one before and drops the oldest", async () => {
  await withLog(async ({ path, reopened, rotator, clock }) => {
    rotator.start();
    await clock.advance(9_999);
    assert.deepEqual(reopened, []);
    await clock.advance(1);
    await rotator.rotateOnce();
    assert.deepEqual(reopened, ["c1"]);
    assert.deepEqual(names(path), [".20260101-000010"]);

    for (let round = 0; round < 2; round++) {
      Deno.writeTextFileSync(path, `${round}`.repeat(100));
      clock.setWall(clock.now() + 60_000);
      await rotator.rotateOnce();
    }
    assert.deepEqual(reopened, ["c1", "c1", "c1"]);
    assert.deepEqual(names(path), [".20260101-000110.gz", ".20260101-000210"]);
    const packed = Deno.openSync(`${path}.20260101-000110.gz`);
    assert.equal(packed.statSync().mode! & 0o777, 0o640);
    const text = await new Response(packed.readable.pipeThrough(new DecompressionStream("gzip"))).text();
    assert.equal(text, "0".repeat(100));
  });
});

Deno.test("LogRotator gives the log its name back when the runtime cannot reopen it, and tries again", async () => {
  let refuse = true;
  const reopened: string[] = [];
  const reopen = async (id: string) => {
    if (refuse) throw new Error("runtime is away");
    reopened.push(id);
  };
  await withLog(async ({ path, rotator, warnings }) => {
    await rotator.rotateOnce();
    assert.deepEqual(warnings, ["cannot rotate container log"]);
    assert.equal(Deno.readTextFileSync(path), "x".repeat(100));
    assert.deepEqual(names(path), []);
    refuse = false;
    await rotator.rotateOnce();
    assert.deepEqual(reopened, ["c1"]);
    assert.equal(names(path).length, 1);
  }, { reopen });
});

Deno.test("LogRotator has a log reopened whose rotation was cut off before that", async () => {
  await withLog(async ({ path, reopened, rotator }) => {
    Deno.renameSync(path, `${path}.20260101-000000`);
    await rotator.rotateOnce();
    assert.deepEqual(reopened, ["c1"]);
    assert.equal(Deno.readTextFileSync(`${path}.20260101-000000`), "x".repeat(100));
  });
});

Deno.test("LogRotator removes a half-written compression of an earlier life at once", async () => {
  await withLog(async ({ path, reopened, rotator }) => {
    Deno.writeTextFileSync(path, "small");
    Deno.writeTextFileSync(`${path}.20251231-000000.tmp`, "half");
    Deno.writeTextFileSync(`${path}.20251231-000000`, "whole");
    await rotator.rotateOnce();
    assert.deepEqual(names(path), [".20251231-000000"]);
    assert.deepEqual(reopened, []);
  });
});

Deno.test("LogRotator goes on with the next container when one fails", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const path = join(directory, "0.log");
    Deno.writeTextFileSync(path, "x".repeat(100));
    Deno.mkdirSync(join(directory, "dir"));
    const reopened: string[] = [];
    const rotator = new LogRotator({
      running: () => [
        { containerId: "broken", path: join(directory, "absent", "0.log") },
        { containerId: "c1", path },
      ],
      reopen: async (id) => {
        if (id === "broken") throw new Error("no such container");
        reopened.push(id);
      },
      maxSize: 10,
      maxFiles: 2,
      log: silentLogger,
    });
    await rotator.rotateOnce();
    assert.deepEqual(reopened, ["c1"]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("LogRotator that is stopped looks no more, and one that is off never does", async () => {
  await withLog(async ({ reopened, rotator, clock }) => {
    rotator.start();
    await rotator.stop();
    await clock.advance(60_000);
    assert.deepEqual(reopened, []);
  });
  await withLog(async ({ reopened, rotator, clock }) => {
    rotator.start();
    await clock.advance(60_000);
    assert.deepEqual(reopened, []);
  }, { maxSize: -1 });
});

Deno.test("LogRotator refuses to keep fewer than two files", () => {
  const options = { running: () => [], reopen: async () => {}, maxSize: 1, maxFiles: 1, log: silentLogger };
  assert.throws(() => new LogRotator(options), /containerLogMaxFiles 1 < 2/);
});

Deno.test("LogRotator rotates as many logs at once as it has workers", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    for (const workers of [1, 3]) {
      const logs = [1, 2, 3, 4].map((id) => ({ containerId: `c${id}`, path: join(directory, `${workers}-${id}.log`) }));
      for (const { path } of logs) Deno.writeTextFileSync(path, "x".repeat(100));
      let open = 0, most = 0;
      const { promise: allAtWork, resolve } = Promise.withResolvers<void>();
      const rotator = new LogRotator({
        running: () => logs,
        reopen: async () => {
          most = Math.max(most, ++open);
          if (most >= workers) resolve();
          await allAtWork;
          await new Promise((resolve) => setTimeout(resolve, 5));
          open--;
        },
        maxSize: 100,
        maxFiles: 2,
        workers,
        log: silentLogger,
      });
      await rotator.rotateOnce();
      assert.equal(most, workers);
      for (const { path } of logs) assert.equal(names(path).length, 1);
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
