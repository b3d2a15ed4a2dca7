import { deepEqual, notDeepEqual } from "node:assert/strict";
import fc from "fast-check";
import { propertySeed } from "./fast_check.ts";

Deno.test("properties draw the same cases each time, and others from another seed", () => {
  const drawn = (parameters: { seed?: number } = {}) => {
    const numbers: number[] = [];
    fc.assert(fc.property(fc.nat(), (number) => void numbers.push(number)), parameters);
    return numbers;
  };
  deepEqual(drawn(), drawn({ seed: propertySeed }));
  notDeepEqual(drawn(), drawn({ seed: propertySeed + 1 }));
});
