import { equal, match, throws } from "node:assert/strict";
import { join } from "node:path";
import { ownerId, privateDirectory } from "./directories.ts";

async function inDirectory(use: (dir: string) => void): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("ownerId() is made once and stays", () =>
  inDirectory((dir) => {
    const first = ownerId(dir);
    match(first, /^[0-9a-f-]{36}$/);
    equal(ownerId(dir), first);
    equal(ownerId(dir, crypto.randomUUID()), first, "what is written beside the store comes first");
  }));

Deno.test("ownerId() comes back from the store when its file is lost or damaged, and is written again", () =>
  inDirectory((dir) => {
    const first = ownerId(dir);
    const file = join(dir, "owner");
    Deno.removeSync(file);
    equal(ownerId(dir, first), first);
    Deno.writeTextFileSync(file, "junk");
    throws(() => ownerId(dir), /holds no UUID/);
    throws(() => ownerId(dir, "junk too"), /holds no UUID/);
    equal(ownerId(dir, first), first);
    equal(ownerId(dir), first);
  }));

Deno.test("privateDirectory() closes what is open and says what is in its way", () =>
  inDirectory((dir) => {
    privateDirectory(join(dir, "a/b"));
    equal(Deno.statSync(join(dir, "a/b")).mode! & 0o777, 0o700);
    Deno.chmodSync(join(dir, "a/b"), 0o755);
    privateDirectory(join(dir, "a/b"));
    equal(Deno.statSync(join(dir, "a/b")).mode! & 0o777, 0o700);
    Deno.writeTextFileSync(join(dir, "file"), "");
    for (const path of [join(dir, "file"), join(dir, "file/below")]) {
      throws(() => privateDirectory(path), {
        message: `Cannot make the directory ${path}: there is something else in its place`,
      });
    }
  }));
