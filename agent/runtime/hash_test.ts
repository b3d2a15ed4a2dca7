import assert from "node:assert/strict";
import { box } from "../resources/testing.ts";
import { containerHash, containerHashVersion, fnv1a32, sameContainer } from "./hash.ts";

Deno.test("fnv1a32() gives the published values", () => {
  assert.equal(fnv1a32(""), "811c9dc5");
  assert.equal(fnv1a32("a"), "e40c292c");
  assert.equal(fnv1a32("foobar"), "bf9cf968");
});

Deno.test("containerHash() of version 1 never changes: a release that changes it would restart every container", () => {
  assert.equal(containerHash({ name: "web", image: "example/web:1" }, 1), "875e64d7");
});

Deno.test("containerHash() covers name and image and nothing else", () => {
  const base = containerHash(box("web"));
  assert.equal(containerHash(box("web", { cpu: "1" }, {}, { args: ["x"], env: [{ name: "A", value: "1" }] })), base);
  assert.notEqual(containerHash(box("web2")), base);
  assert.notEqual(containerHash({ ...box("web"), image: "example/web:2" }), base);
  assert.notEqual(containerHash({ name: "a", image: "b" }), containerHash({ name: "ab", image: "" }));
});

Deno.test("sameContainer() recomputes the stored version's hash", () => {
  const container = box("web");
  const stored = { hash: containerHash(container), version: containerHashVersion, image: "whatever" };
  assert.equal(sameContainer(container, stored), true);
  assert.equal(sameContainer({ ...container, image: "example/web:2" }, stored), false);
});

Deno.test("sameContainer() goes by the image's name where a newer release wrote the hash", () => {
  const container = box("web");
  assert.equal(sameContainer(container, { hash: "?", version: 99, image: "example/web:1" }), true);
  assert.equal(sameContainer(container, { hash: "?", version: 99, image: "example/web:2" }), false);
});
