import assert from "node:assert/strict";
import { plainScalar, taggedScalar } from "./scalars.ts";

Deno.test("plain scalars mean what they mean to Kubernetes", () => {
  const cases: Record<string, unknown> = {
    "yes": true,
    "On": true,
    "n": false,
    "OFF": false,
    "True": true,
    "": null,
    "~": null,
    "null": null,
    "NULL": null,
    "0644": 420,
    "0o644": 420,
    "0x1F": 31,
    "0b11": 3,
    "08": 8,
    "-12": -12,
    "+5": 5,
    "1_000": 1000,
    "1.5": 1.5,
    ".5": 0.5,
    "1e3": 1000,
    "-.inf": -Infinity,
    "1.2.3": "1.2.3",
    "10.0.0.1": "10.0.0.1",
    "12Mi": "12Mi",
    "100m": "100m",
    "2026-01-01": "2026-01-01",
    "12:30": "12:30",
    "yEs": "yEs",
    "-": "-",
    ".": ".",
    "0x": "0x",
    "e3": "e3",
  };
  for (const [source, value] of Object.entries(cases)) assert.deepEqual(plainScalar(source), value, source);
  assert.ok(Number.isNaN(plainScalar(".nan")));
});

Deno.test("taggedScalar() obeys the core tags and no others", () => {
  assert.equal(taggedScalar("tag:yaml.org,2002:str", "5"), "5");
  assert.equal(taggedScalar("!", "yes"), "yes");
  assert.equal(taggedScalar("tag:yaml.org,2002:int", "5"), 5);
  assert.equal(taggedScalar("tag:yaml.org,2002:bool", "off"), false);
  assert.equal(taggedScalar("tag:yaml.org,2002:null", ""), null);
  assert.equal(taggedScalar("tag:yaml.org,2002:int", "x"), undefined);
  assert.equal(taggedScalar("!mine", "x"), undefined);
});
