import assert from "node:assert/strict";
import { join } from "node:path";
import { boundLog, logTail } from "./log_file.ts";

Deno.test("boundLog() keeps the end beside an emptied file in which the writer goes on", () => {
  const dir = Deno.makeTempDirSync();
  try {
    const file = join(dir, "log");
    assert.equal(boundLog(file, 10), false, "no file, nothing to do");
    const writer = Deno.openSync(file, { append: true, create: true });
    const write = (text: string) => writer.writeSync(new TextEncoder().encode(text));
    write("0123456789");
    assert.equal(boundLog(file, 10), false);
    write("abc");
    assert.equal(boundLog(file, 10), true);
    assert.equal(Deno.readTextFileSync(`${file}.1`), "3456789abc");
    write("next\n");
    assert.equal(Deno.readTextFileSync(file), "next\n");
    writer.close();
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});

Deno.test("logTail() is the last lines, and nothing where there is no log", () => {
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, "a\nb\nc\n");
    assert.equal(logTail(file, 2), "b\nc");
    assert.equal(logTail("/no/such/log", 2), "");
  } finally {
    Deno.removeSync(file);
  }
});
