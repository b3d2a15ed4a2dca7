import assert from "node:assert/strict";
import type { Container } from "../objects/mod.ts";
import { container, ended, pod } from "../pods/testing.ts";
import { loadLibc } from "../linux/mod.ts";
import { terminationMessage } from "./termination_message.ts";

loadLibc();

const path = "/dev/termination-log";

/** A container that ended, its message file and its log. */
async function message(
  { exitCode = 1, file, log, policy }: {
    exitCode?: number;
    file?: string | ((path: string) => void);
    log?: string[];
    policy?: Container["terminationMessagePolicy"];
  },
): Promise<string> {
  const dir = Deno.makeTempDirSync();
  try {
    const of = pod({
      containers: [container("web", { terminationMessagePath: path, terminationMessagePolicy: policy ?? "File" })],
    });
    if (typeof file === "string") Deno.writeTextFileSync(`${dir}/message`, file);
    else file?.(`${dir}/message`);
    const lines = (log ?? []).map((text) => `2026-01-01T00:00:00Z stdout F ${text}\n`);
    Deno.writeTextFileSync(`${dir}/0.log`, lines.join(""));
    const mounts = [{ containerPath: path, hostPath: `${dir}/message` }];
    return await terminationMessage(ended(of, "web", exitCode), mounts, `${dir}/0.log`);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

Deno.test("the termination message is what the container wrote, 4096 bytes of it", async () => {
  assert.equal(await message({ file: "out of luck\n" }), "out of luck\n");
  assert.equal((await message({ file: "x".repeat(5000) })).length, 4096);
  assert.equal(await message({ exitCode: 0, file: "done" }), "done");
});

Deno.test("the log stands in only for failures, with FallbackToLogsOnError, and for an empty file", async () => {
  const log = ["one", "two"];
  const policy = "FallbackToLogsOnError";
  assert.equal(await message({ log, file: "" }), "");
  assert.equal(await message({ log, file: "", policy }), "one\ntwo\n");
  assert.equal(await message({ log, policy }), "one\ntwo\n");
  assert.equal(await message({ log, file: "words", policy }), "words");
  assert.equal(await message({ log, file: "", policy, exitCode: 0 }), "");
});

Deno.test("the log's last 80 lines or 2048 bytes are taken", async () => {
  const policy = "FallbackToLogsOnError";
  const many = Array.from({ length: 200 }, (_, i) => `line ${i}`);
  const short = await message({ log: many, policy });
  assert.equal(short.split("\n")[0], "line 120");
  assert.ok(short.endsWith("line 199\n"));
  const wide = await message({ log: Array.from({ length: 50 }, () => "y".repeat(200)), policy });
  assert.equal(wide.length, 2048);
});

Deno.test("what a container has put in the file's place is neither followed nor waited for", async () => {
  assert.equal(await message({ file: (path) => Deno.symlinkSync("/etc/passwd", path) }), "");
  assert.equal(await message({ file: (path) => Deno.mkdirSync(path) }), "");
  const fifo = (path: string) => {
    assert.ok(new Deno.Command("mkfifo", { args: [path] }).outputSync().success);
  };
  assert.equal(await message({ file: fifo }), "");
  assert.equal(await message({}), "");
});
