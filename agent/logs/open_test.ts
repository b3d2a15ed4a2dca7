import assert from "node:assert/strict";
import { join } from "node:path";
import { openLog } from "./open.ts";
import { readLog } from "./read.ts";

function place() {
  const dir = Deno.makeTempDirSync();
  const [log, secret] = [join(dir, "0.log"), join(dir, "secret")];
  Deno.writeTextFileSync(secret, "2026-01-02T00:00:00Z stdout F secret\n");
  return { log, secret, [Symbol.dispose]: () => Deno.removeSync(dir, { recursive: true }) };
}

async function read(path: string): Promise<string> {
  let text = "";
  for await (const bytes of readLog({ path })) text += new TextDecoder().decode(bytes);
  return text;
}

Deno.test("a log is read, and what a link of its name leads to is not", async () => {
  using here = place();
  Deno.symlinkSync(here.secret, here.log);
  await assert.rejects(read(here.log), Deno.errors.NotFound);
  Deno.removeSync(here.log);
  Deno.writeTextFileSync(here.log, "2026-01-02T00:00:00Z stdout F mine\n");
  assert.equal(await read(here.log), "mine\n");
});

Deno.test("a pipe of a log's name is not waited for, nor a directory read", async () => {
  using here = place();
  const { success } = await new Deno.Command("mkfifo", { args: [here.log] }).output();
  assert.equal(success, true);
  assert.throws(() => openLog(here.log), Deno.errors.NotFound);
  Deno.removeSync(here.log);
  Deno.mkdirSync(here.log);
  assert.throws(() => openLog(here.log), Deno.errors.NotFound);
});
