import assert from "node:assert/strict";
import { fieldSelector } from "./field_selector.ts";
import { labelSelector } from "./label_selector.ts";

const labels = { app: "web", tier: "front", "example.com/x": "", size: "10", in: "here" };
const cases: [selector: string, matches: boolean][] = [
  ["", true],
  ["app=web", true],
  [" app == web , tier=front ", true],
  ["app=web,tier=back", false],
  ["app!=db", true],
  ["app!=web", false],
  ["gone!=db", true],
  ["gone=", false],
  ["app in (db, web)", true],
  ["app in(web)", true],
  ["app notin (db,web)", false],
  ["gone notin (db)", true],
  ["gone in (db)", false],
  ["example.com/x in (,a)", true],
  ["example.com/x in ()", true],
  ["app", true],
  ["!app", false],
  ["!gone", true],
  ["example.com/x", true],
  ["example.com/x=", true],
  ["app in (a,b),tier", false],
  ["size>9", true],
  ["size>10", false],
  ["size<11,size>9", true],
  ["app>1", false],
  ["in=here", true],
  ["in", true],
  ["in in (here)", true],
];
for (const [selector, matches] of cases) {
  Deno.test(`labelSelector() ${JSON.stringify(selector)} ${matches ? "fits" : "does not fit"}`, () =>
    assert.equal(labelSelector(selector)(labels), matches));
}

const broken: [selector: string, message: RegExp][] = [
  ["a b", /^unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt$/],
  ["app in web", /^unable to parse requirement: found 'web' expected: '\('$/],
  ["app in (web", /^unable to parse requirement: found '', expected: ',', or '\)'$/],
  ["app in (a b)", /found 'b', expected: ',', or '\)'/],
  ["-x=1", /^unable to parse requirement: key: Invalid value: "-x": name part must consist of/],
  ["app=a b", /^found 'b', expected: ',' or 'end of string'$/],
  ["=x", /^found '=', expected: !, identifier, or 'end of string'$/],
  ["app=_", /^unable to parse requirement: values\[0\]\[app\]: Invalid value: "_": a valid label must be/],
  ["app=web,", /^found '', expected: identifier after ','$/],
  ["!", /found '', expected: identifier$/],
  ["!app=web", /^found '=', expected: ',' or 'end of string'$/],
  ["app=!x", /found '!', expected: identifier$/],
  ["size>big", /for 'Gt', 'Lt' operators, the value must be an integer$/],
];
for (const [selector, message] of broken) {
  Deno.test(`labelSelector() refuses ${JSON.stringify(selector)}`, () =>
    assert.throws(() => labelSelector(selector), (err: Error & { code: number }) => {
      assert.equal(err.code, 400);
      assert.match(err.message, message);
      return true;
    }));
}

Deno.test("fieldSelector() compares fields, an absent one as empty", () => {
  const select = (text: string) => fieldSelector<{ a?: string }>(text, { "x.a": ({ a }) => a });
  assert.equal(select("x.a=1")({ a: "1" }), true);
  assert.equal(select("x.a==1")({ a: "2" }), false);
  assert.equal(select("x.a!=1")({}), true);
  assert.equal(select("x.a=")({}), true);
  assert.equal(select("x.a!=1,x.a!=2,")({ a: "2" }), false);
  assert.equal(select("x.a=1\\,2\\=3\\\\")({ a: "1,2=3\\" }), true);
});

Deno.test("fieldSelector() refuses what it cannot understand, and fields that are none", () => {
  const select = (text: string) => () => fieldSelector<{ a?: string }>(text, { "x.a": ({ a }) => a });
  assert.throws(select("x.b=1"), { code: 400, message: "field label not supported: x.b" });
  assert.throws(select("constructor=1"), { message: "field label not supported: constructor" });
  assert.throws(select("x.a"), { code: 400, message: "invalid selector: 'x.a'; can't understand 'x.a'" });
  assert.throws(select("x.a=\\n"), { code: 400, message: "invalid field selector: invalid escape sequence: \\n" });
  assert.throws(select("x.a=b=c"), { code: 400, message: "invalid field selector: unescaped character in value: =" });
});
