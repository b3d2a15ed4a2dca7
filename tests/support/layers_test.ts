import assert from "node:assert/strict";
import { circles, importsOf, lazyPackages, problemOf, roomOf } from "./layers.ts";

Deno.test("importsOf() finds static, type, side-effect, re-exported and dynamic imports, not those in comments", () => {
  const source = `
/** import x from "./in_comment.ts" */
import a from "./a.ts";
import type { B } from "../b.ts";
import {
  c,
} from "./c.ts";
import "./d.ts";
export * from "./e.ts";
export { f } from './f.ts';
const g = await import("./g.ts");
// import h from "./h.ts";
import { z } from "zod";
const text = 1;
`;
  assert.deepEqual(importsOf(source), ["./a.ts", "../b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts", "./g.ts"]);
});

Deno.test("roomOf() is the folder, in the agent the one below", () => {
  assert.equal(roomOf("main.ts"), "main.ts");
  assert.equal(roomOf("cri/gen/x.ts"), "cri");
  assert.equal(roomOf("agent/pods/status/x.ts"), "agent/pods");
  assert.equal(roomOf("agent/clock.ts"), "agent/clock.ts");
  assert.equal(roomOf("agent/observed/types.ts"), "agent/observed/types.ts");
});

const allowed: [string, string][] = [
  ["main.ts", "agent/cli/mod.ts"],
  ["agent/agent.ts", "agent/pods/manager.ts"],
  ["agent/pods/plan.ts", "agent/objects/mod.ts"],
  ["agent/volumes/manager.ts", "cgroups/mod.ts"],
  ["agent/runtime/observe.ts", "agent/observed/types.ts"],
  ["agent/objects/pod_test.ts", "agent/pods/plan.ts"],
  ["cri/client.ts", "cri/errors.ts"],
  ["tests/e2e/x_test.ts", "agent/pods/plan.ts"],
  ["examples/up.ts", "tests/images/build.ts"],
];
for (const [from, to] of allowed) {
  Deno.test(`problemOf() lets ${from} import ${to}`, () => assert.equal(problemOf({ from, to }), undefined));
}

const refused: [string, string, RegExp][] = [
  ["cri/client.ts", "agent/clock.ts", /cri\/ may import nothing of agent/],
  ["net/cni/setup.ts", "cri/mod.ts", /net\/ may import nothing of cri/],
  ["agent/store/store.ts", "agent/pods/plan.ts", /agent\/pods is above agent\/store/],
  ["agent/objects/pod.ts", "agent/store/store.ts", /agent\/store is above agent\/objects/],
  ["agent/pods/plan.ts", "tests/support/machine.ts", /agent\/ may not import tests/],
  ["agent/nowhere/x.ts", "agent/objects/mod.ts", /agent\/nowhere has no place/],
  ["main.ts", "cri/mod.ts", /main.ts may import agent\/ only/],
];
for (const [from, to, problem] of refused) {
  Deno.test(`problemOf() refuses that ${from} imports ${to}`, () => assert.match(problemOf({ from, to })!, problem));
}

Deno.test("circles() names the imports that close a circle of rooms", () => {
  const found = circles([
    { from: "agent/images/a.ts", to: "agent/runtime/b.ts" },
    { from: "agent/runtime/c.ts", to: "agent/volumes/d.ts" },
    { from: "agent/volumes/e.ts", to: "agent/images/f.ts" },
    { from: "agent/volumes/e.ts", to: "agent/objects/f.ts" },
    { from: "agent/objects/g_test.ts", to: "agent/volumes/e.ts" },
  ]);
  assert.equal(found.length, 1);
  assert.deepEqual(found[0].map(({ from, to }) => `${roomOf(from)}>${roomOf(to)}`), [
    "agent/images>agent/runtime",
    "agent/runtime>agent/volumes",
    "agent/volumes>agent/images",
  ]);
});

Deno.test("lazyPackages() finds packages that are loaded when wanted, and leaves modules of ours and Deno's be", () => {
  const source = `import a from "static";
const { b } = await import("yaml"), c = await import("./own.ts"), d = await import("node:zlib"), e = await import("@s/p");`;
  assert.deepEqual(lazyPackages(source), ["yaml", "@s/p"]);
});
