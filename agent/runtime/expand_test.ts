import assert from "node:assert/strict";
import { expand, unknownReferences } from "./expand.ts";

const known: Record<string, string> = { A: "1", B: "$(A)", EMPTY: "", "dotted.name": "d", "A B": "space" };
const lookup = (name: string) => known[name];

const cases: [string, string, string][] = [
  ["leaves text without references alone", "plain", "plain"],
  ["replaces a reference", "x$(A)y", "x1y"],
  ["replaces several, side by side too", "$(A)$(A)-$(A)", "11-1"],
  ["does not expand what a reference brings in", "$(B)", "$(A)"],
  ["replaces by an empty value", "[$(EMPTY)]", "[]"],
  ["leaves a reference to nothing as it is", "$(NOBODY)", "$(NOBODY)"],
  ["leaves an empty reference as it is", "$()", "$()"],
  ["takes any name up to the parenthesis", "$(dotted.name) $(A B)", "d space"],
  ["makes one dollar of two", "$$", "$"],
  ["does not expand an escaped reference", "$$(A)", "$(A)"],
  ["expands behind an escaped dollar", "$$$(A)", "$1"],
  ["makes two dollars of four", "$$$$(A)", "$$(A)"],
  ["leaves an unfinished reference as it is", "$(A", "$(A"],
  ["unescapes within an unfinished reference", "$($$", "$($"],
  ["leaves a dollar before anything else alone", "$A ${A} $", "$A ${A} $"],
  ["reads up to the first parenthesis that closes", "$(A))", "1)"],
  ["does not nest", "$($(A))", "$($(A))"],
  ["spans lines", "$(A)\n$(A)", "1\n1"],
];

for (const [name, text, expected] of cases) {
  Deno.test(`expand() ${name}`, () => assert.equal(expand(text, lookup), expected));
}

Deno.test("unknownReferences() names what is missing once each and no escaped reference", () => {
  assert.deepEqual(unknownReferences("$(A)/$(X)/$(Y)/$(X)/$$(Z)", lookup), ["X", "Y"]);
  assert.deepEqual(unknownReferences("$(EMPTY)", lookup), []);
});
