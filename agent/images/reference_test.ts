import assert from "node:assert/strict";
import { parseReference } from "./reference.ts";

const digest = "sha256:" + "a".repeat(64);

const good: [string, ReturnType<typeof parseReference>][] = [
  ["busybox", { registry: "docker.io", path: "library/busybox", tag: "latest", text: "busybox:latest" }],
  ["busybox:1.36", { registry: "docker.io", path: "library/busybox", tag: "1.36", text: "busybox:1.36" }],
  ["team/app", { registry: "docker.io", path: "team/app", tag: "latest", text: "team/app:latest" }],
  ["index.docker.io/team/app:1", {
    registry: "docker.io",
    path: "team/app",
    tag: "1",
    text: "index.docker.io/team/app:1",
  }],
  ["localhost/app:1", { registry: "localhost", path: "app", tag: "1", text: "localhost/app:1" }],
  ["10.0.0.1:5000/a/b:x", { registry: "10.0.0.1:5000", path: "a/b", tag: "x", text: "10.0.0.1:5000/a/b:x" }],
  ["[::1]:5000/a:x", { registry: "[::1]:5000", path: "a", tag: "x", text: "[::1]:5000/a:x" }],
  [`r.example/a@${digest}`, { registry: "r.example", path: "a", digest, text: `r.example/a@${digest}` }],
  [`r.example/a:1@${digest}`, { registry: "r.example", path: "a", tag: "1", digest, text: `r.example/a:1@${digest}` }],
  ["a_b/c__d/e--f:T.1-x_y", {
    registry: "docker.io",
    path: "a_b/c__d/e--f",
    tag: "T.1-x_y",
    text: "a_b/c__d/e--f:T.1-x_y",
  }],
];
for (const [name, expected] of good) {
  Deno.test(`parseReference() reads ${name}`, () => assert.deepEqual(parseReference(name), expected));
}

for (
  const name of ["", ":1", "a b", "a:", "a@sha256:12", "a//b", "-a", "a/", "r.example:port/a", "a:" + "t".repeat(129)]
) {
  Deno.test(`parseReference() refuses ${JSON.stringify(name.slice(0, 20))}`, () => {
    assert.throws(() => parseReference(name), {
      message: `couldn't parse image name ${JSON.stringify(name)}: invalid reference format`,
    });
  });
}

Deno.test("parseReference() says that a repository must be lowercase", () => {
  assert.throws(() => parseReference("r.example/Web:1"), {
    message: `couldn't parse image name "r.example/Web:1": invalid reference format: ` +
      "repository name (Web) must be lowercase",
  });
});
