import assert from "node:assert/strict";
import { importedNames } from "./importer.ts";

Deno.test("importedNames() reads what ctr prints, one image a line", () => {
  const digest = "sha256:" + "0".repeat(64);
  assert.deepEqual(
    importedNames(`unpacking dev.islet/a:1 (${digest})...done\nunpacking docker.io/library/b:2 (${digest})...done\n`),
    ["dev.islet/a:1", "docker.io/library/b:2"],
  );
  assert.deepEqual(importedNames("nothing of the kind\n"), []);
});
