import assert from "node:assert/strict";
import { fieldSelector, labelSelector } from "./selectors.ts";

const labels = { app: "web", tier: "front", "example.com/x": "" };
const cases: [selector: string, matches: boolean][] = [
  ["", true],
  ["app=web", true],
  ["app==web,tier=front", true],
  ["app=web,tier=back", false],
  ["app!=db", true],
  ["gone!=db", true],
  ["app in (db, web)", true],
  ["app notin (db,web)", false],
  ["gone notin (db)", true],
  ["gone in (db)", false],
  ["app", true],
  ["!app", false],
  ["!gone", true],
  ["example.com/x", true],
  ["example.com/x=", true],
  ["app in (a,b),tier", false],
];
for (const [selector, matches] of cases) {
  Deno.test(`labelSelector() ${JSON.stringify(selector)} ${matches ? "fits" : "does not fit"}`, () =>
    assert.equal(labelSelector(selector)(labels), matches));
}

for (const selector of ["app==", "a b", "app in web", "-x=1", "app=a b", "=x", "app=_"]) {
  const valid = selector === "app==";
  Deno.test(`labelSelector() ${valid ? "takes" : "refuses"} ${JSON.stringify(selector)}`, () => {
    if (valid) assert.equal(labelSelector(selector)({ app: "" }), true);
    else assert.throws(() => labelSelector(selector), { code: 400 });
  });
}

Deno.test("fieldSelector() compares fields, an absent one as empty", () => {
  const select = (text: string) => fieldSelector<{ a?: string }>(text, { "x.a": ({ a }) => a });
  assert.equal(select("x.a=1")({ a: "1" }), true);
  assert.equal(select("x.a==1")({ a: "2" }), false);
  assert.equal(select("x.a!=1")({}), true);
  assert.equal(select("x.a=")({}), true);
  assert.throws(() => select("x.b=1"), /field label not supported: x\.b/);
  assert.throws(() => select("x.a"), { code: 400 });
});
