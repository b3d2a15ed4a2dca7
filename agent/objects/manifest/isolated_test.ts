import assert from "node:assert/strict";
import { parseManifestIsolated } from "./isolated.ts";
import { parseManifest } from "./parse.ts";

const file = "web.yaml";
const text = `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - {name: web, image: "web:1", ports: [{containerPort: 80}], extra: ä}
`;

Deno.test("parseManifestIsolated() answers as parseManifest() does", async () => {
  for (const options of [{ file }, { file, strict: true }]) {
    const answer = await parseManifestIsolated(text, options);
    assert.deepEqual(answer, JSON.parse(JSON.stringify(parseManifest(text, options))));
    assert.equal(answer.objects.length + answer.errors.length, 1);
  }
});

Deno.test("parseManifestIsolated() carries a large manifest both ways", async () => {
  const data = Array.from({ length: 3000 }, (_, i) => `  k${i}: ${"v".repeat(200)}\n`).join("");
  const large = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n${data}`;
  const { objects, errors } = await parseManifestIsolated(large, { file });
  assert.deepEqual(errors, []);
  assert.ok(objects[0].kind === "ConfigMap");
  assert.equal(Object.keys(objects[0].data ?? {}).length, 3000);
});

Deno.test("parseManifestIsolated() ends a child that takes too long", async () => {
  const { objects, errors } = await parseManifestIsolated(text, { file, deadlineMs: 50, command: ["sleep", "60"] });
  assert.deepEqual(objects, []);
  assert.deepEqual(errors.map(({ message }) => message), ["parsing took longer than 50 ms"]);
});

Deno.test("parseManifestIsolated() ends a child that has had the processor for too long, and waits for one that has not", async () => {
  const busy = ["sh", "-c", "while :; do :; done"];
  assert.equal((await parseManifestIsolated(text, { file, deadlineMs: 100, command: busy })).errors.length, 1);
  const answer = '{"objects":[],"errors":[],"warnings":[]}';
  const slow = ["sh", "-c", `sleep 0.8; echo '${answer}'`];
  assert.deepEqual((await parseManifestIsolated(text, { file, deadlineMs: 500, command: slow })).errors, []);
});

Deno.test("parseManifestIsolated() says what a child that failed said", async () => {
  const command = ["sh", "-c", "echo broken >&2; exit 3"];
  const { errors } = await parseManifestIsolated(text, { file, command });
  assert.deepEqual(errors.map(({ message }) => message), ["parsing ended with exit code 3: broken"]);
});

Deno.test("parseManifestIsolated() refuses what is too large without starting anything", async () => {
  const { errors } = await parseManifestIsolated("#".repeat(2 ** 20 + 1), { file, command: ["/nonexistent"] });
  assert.deepEqual(errors.map(({ message }) => message), ["file is larger than 1048576 bytes"]);
});
