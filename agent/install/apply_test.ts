import { equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import { applyPart } from "./apply.ts";
import type { Part } from "./plan.ts";

async function inTree(work: (prefix: string) => Promise<void>): Promise<void> {
  const prefix = await Deno.makeTempDir({ prefix: "islet-install-" });
  try {
    await work(prefix);
  } finally {
    await Deno.remove(prefix, { recursive: true });
  }
}

const file: Part = { type: "file", path: "/etc/a/b", text: "one\n", mode: 0o640 };
const apply = (part: Part, prefix: string, more: { dryRun?: boolean; program?: string } = {}) =>
  applyPart(part, { prefix, dryRun: false, program: undefined, ...more });

Deno.test("a file is made, left alone, changed, and left alone where it is the user's", () =>
  inTree(async (prefix) => {
    equal(await apply(file, prefix, { dryRun: true }), "made");
    await rejects(Deno.stat(join(prefix, "etc")), Deno.errors.NotFound);
    equal(await apply(file, prefix), "made");
    equal((await Deno.stat(join(prefix, file.path))).mode! & 0o777, 0o640);
    equal(await apply(file, prefix), "as it is");
    equal(await apply({ ...file, text: "two\n" }, prefix), "changed");
    equal(await apply({ ...file, text: "three\n", keep: true }, prefix), "yours, as it is");
    equal(await Deno.readTextFile(join(prefix, file.path)), "two\n");
  }));

Deno.test("a directory is made with its mode and keeps what it has", () =>
  inTree(async (prefix) => {
    const part: Part = { type: "directory", path: "/etc/x/y", mode: 0o700 };
    equal(await apply(part, prefix), "made");
    equal((await Deno.stat(join(prefix, part.path))).mode! & 0o777, 0o700);
    equal(await apply(part, prefix), "as it is");
  }));

Deno.test("the program is copied once, and again when it is another one", () =>
  inTree(async (prefix) => {
    const program = join(prefix, "new");
    const part: Part = { type: "program", path: "/usr/local/bin/islet" };
    await Deno.writeTextFile(program, "v1");
    equal(await apply(part, prefix, { program }), "made");
    equal((await Deno.stat(join(prefix, part.path))).mode! & 0o777, 0o755);
    equal(await apply(part, prefix, { program }), "as it is");
    await Deno.writeTextFile(program, "v2");
    equal(await apply(part, prefix, { program }), "changed");
    equal(await Deno.readTextFile(join(prefix, part.path)), "v2");
    equal(await apply(part, prefix, { program: join(prefix, part.path) }), "as it is");
  }));

Deno.test("a link is made and put right", () =>
  inTree(async (prefix) => {
    const part: Part = { type: "link", path: "/etc/wants/a", target: "../a" };
    equal(await apply(part, prefix), "made");
    equal(await apply(part, prefix), "as it is");
    equal(await apply({ ...part, target: "../b" }, prefix), "changed");
    equal(await Deno.readLink(join(prefix, part.path)), "../b");
  }));
