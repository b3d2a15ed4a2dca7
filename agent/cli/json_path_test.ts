import { deepEqual, throws } from "node:assert/strict";
import { type Path, readPath, valuesAt } from "./json_path.ts";

const paths: [text: string, path: Path][] = [
  ["{.status.phase}", ["status", "phase"]],
  [".status.phase", ["status", "phase"]],
  ["status.phase", ["status", "phase"]],
  ["{$.status.phase}", ["status", "phase"]],
  ["{.status.conditions[0].type}", ["status", "conditions", 0, "type"]],
  ["{.status.podIPs[*].ip}", ["status", "podIPs", "*", "ip"]],
  ["{.metadata.labels['app.kubernetes.io/name']}", ["metadata", "labels", "app.kubernetes.io/name"]],
  ["{.metadata.labels.app\\.kubernetes\\.io/name}", ["metadata", "labels", "app.kubernetes.io/name"]],
];
for (const [text, path] of paths) {
  Deno.test(`the path ${text} is read`, () => deepEqual(readPath(text), path));
}

Deno.test("a path that cannot be read is a usage error", () => {
  throws(() => readPath("{.status.conditions[?(@.type)]}"), /cannot read the path/);
});

Deno.test("values are found at a path, and nothing beyond it", () => {
  const object = { a: [{ b: 1 }, { b: 2 }, { c: 3 }], d: null };
  deepEqual(valuesAt(object, ["a", "*", "b"]), [1, 2]);
  deepEqual(valuesAt(object, ["a", 1, "b"]), [2]);
  deepEqual(valuesAt(object, ["d", "e"]), []);
  deepEqual(valuesAt(object, ["constructor"]), []);
});
