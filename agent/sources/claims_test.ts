import assert from "node:assert/strict";
import { annotate } from "./annotations.ts";
import { claimObjects, type FileView } from "./claims.ts";
import { configMap, pod } from "./testing.ts";

const view = (path: string, names: string[] | undefined, state: FileView["state"] = "ok"): FileView => ({
  path,
  state,
  objects: names?.map((name) => annotate(pod(name), path)),
});
const row = (name: string, path: string) => annotate(pod(name), path);

/** Files, stored rows as `name: file`; who is taken from where, and whose files have a problem. */
const cases: [string, FileView[], Record<string, string>, Record<string, string>, string[]][] = [
  ["the first file by name has it", [view("b", ["web"]), view("a", ["web"])], {}, { web: "a" }, ["b"]],
  ["the file that it came from keeps it", [view("a", ["web"]), view("b", ["web"])], { web: "b" }, { web: "b" }, ["a"]],
  [
    "of three, the holder keeps it",
    [view("a", ["web"]), view("b", ["web"]), view("c", ["web"])],
    { web: "c" },
    { web: "c" },
    ["b", "a"],
  ],
  ["a holder that says it no longer gives it up", [view("a", ["web"]), view("b", [])], { web: "b" }, { web: "a" }, []],
  ["a broken file keeps what it said last", [view("a", ["web"], "broken")], {}, { web: "a" }, []],
  [
    "a broken file that was never read keeps its row from others",
    [view("a", ["web"]), view("b", undefined, "broken")],
    { web: "b" },
    {},
    ["a"],
  ],
  ["a vanished file keeps what nobody else has", [view("a", ["web", "old"], "vanished"), view("b", ["web"])], {
    web: "a",
  }, {
    web: "b",
    old: "a",
  }, []],
  ["twice in one file: the first is used", [view("a", ["web", "web"])], {}, { web: "a" }, ["a"]],
];

for (const [name, files, rows, expected, problems] of cases) {
  Deno.test(`claimObjects(): ${name}`, () => {
    const stored = Object.entries(rows).map(([object, path]) => row(object, path));
    const claims = claimObjects(files, stored);
    assert.deepEqual(
      Object.fromEntries(claims.desired.map(({ object, origin }) => [object.metadata.name, origin])),
      expected,
    );
    assert.deepEqual(claims.problems.map(({ file }) => file), problems);
  });
}

Deno.test("claimObjects() names both files, and keeps the rows of unread files alone", () => {
  const files = [view("a", ["web"]), view("b", ["web"]), view("c", undefined, "broken")];
  const claims = claimObjects(files, []);
  assert.deepEqual(claims.problems, [{
    file: "b",
    severity: "error",
    message: "Pod default/web is defined in a too; that one is used, this one is not",
  }]);
  assert.equal(claims.keeps(row("kept", "c")), true);
  assert.equal(claims.keeps(row("gone", "a")), false);
  assert.equal(claims.keeps(configMap("foreign")), false);
});
