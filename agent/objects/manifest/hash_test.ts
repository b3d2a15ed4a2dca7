import assert from "node:assert/strict";
import { parseManifest } from "./parse.ts";

const web = `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: main, image: web:1 }
`;

const hashesOf = (text: string) => {
  const { hashes, objects, errors } = parseManifest(text, { file: "a.yaml" });
  assert.deepEqual(errors, []);
  assert.equal(hashes.length, objects.length);
  return hashes[0];
};

Deno.test("parseManifest() hashes what is written: order, layout, comments and system fields do not count", () => {
  const same = [
    web.replaceAll("\n    - {", "\n    # main\n    - {"),
    web.replace("{ name: main, image: web:1 }", `{ "image": "web:1", "name": "main" }`),
    web.replace("{ name: web }", "{ name: web, uid: abc, resourceVersion: '7' }") + "status: { phase: Running }\n",
    web + "  nodeSelector:\n",
  ];
  for (const text of same) assert.deepEqual(hashesOf(text), hashesOf(web), text);
});

Deno.test("parseManifest() tells an edit that is applied in place from one that makes another pod", () => {
  const inPlace = hashesOf(web.replace("web:1", "web:2"));
  assert.notEqual(inPlace.manifest, hashesOf(web).manifest);
  assert.equal(inPlace.identity, hashesOf(web).identity);
  const other = hashesOf(web + "  hostNetwork: true\n");
  assert.notEqual(other.identity, hashesOf(web).identity);
});

Deno.test("parseManifest() has the hashes of the objects without errors, in their order", () => {
  const config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n";
  const bad = "---\napiVersion: v1\nkind: Pod\nmetadata: { name: Bad_1 }\nspec: {}\n";
  const { hashes, objects } = parseManifest(bad + config + "---" + web, { file: "a.yaml" });
  assert.deepEqual(objects.map(({ kind }) => kind), ["ConfigMap", "Pod"]);
  assert.deepEqual(hashes[1], hashesOf(web));
  assert.equal(hashes[0].identity, undefined);
});
