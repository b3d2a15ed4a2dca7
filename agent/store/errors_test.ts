import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { classify, isStorageFull, isUnwritable, StoreError } from "./errors.ts";

Deno.test("classify() knows SQLite's errors by code and by message", () => {
  const coded = (errcode: number) => classify(Object.assign(new Error("?"), { errcode }));
  assert.deepEqual([5, 8, 778, 11, 267, 13, 26].map(coded), [
    "locked",
    "readOnly",
    "io",
    "corrupt",
    "corrupt",
    "full",
    "corrupt",
  ]);
  assert.equal(classify(new Error("database or disk is full")), "full");
  assert.equal(classify(new Error("attempt to write a readonly database")), "readOnly");
  assert.equal(classify(new Error("something else")), undefined);
  assert.equal(classify("text"), undefined);
});

Deno.test("classify() knows what SQLite really throws on a full database", () => {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE t (x); PRAGMA max_page_count = 4");
  assert.throws(
    () => db.prepare("INSERT INTO t VALUES (zeroblob(100000))").run(),
    (err) => classify(err) === "full",
  );
  assert.throws(() => db.exec("INSERT INTO t VALUES (zeroblob(100000))"), (err) => classify(err) === "full");
  db.close();
});

Deno.test("predicates tell a StoreError's class and nothing else's", () => {
  assert.equal(isStorageFull(new StoreError("full", "")), true);
  assert.equal(isUnwritable(new StoreError("readOnly", "")), true);
  assert.equal(isUnwritable(new StoreError("conflict", "")), false);
  assert.equal(isStorageFull(new Error("full")), false);
});
