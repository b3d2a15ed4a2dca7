import assert from "node:assert/strict";
import {
  quadraticWeightOfShares,
  quotaOfMillis,
  sharesOfMillis,
  sharesOfWeight,
  weightForm,
  weightOfShares,
} from "./cpu.ts";

Deno.test("sharesOfMillis() follows kubelet's table", () => {
  const table: [millis: number, shares: number][] = [
    [0, 2],
    [1, 2],
    [2, 2],
    [10, 10],
    [100, 102],
    [250, 256],
    [1000, 1024],
    [32000, 32768],
    [256000, 262144],
    [300000, 262144],
  ];
  for (const [millis, shares] of table) assert.equal(sharesOfMillis(millis), shares, `${millis}m`);
});

Deno.test("quotaOfMillis() never goes below the kernel's least quota and gives none for nothing", () => {
  const table: [millis: number, period: number, quota: number][] = [
    [0, 100_000, 0],
    [1, 100_000, 1000],
    [9, 100_000, 1000],
    [10, 100_000, 1000],
    [100, 100_000, 10_000],
    [2500, 100_000, 250_000],
    [500, 5000, 2500],
  ];
  for (const [millis, period, quota] of table) assert.equal(quotaOfMillis(millis, period), quota, `${millis}m`);
});

Deno.test("weightOfShares() is linear between both ends and clamps beyond them", () => {
  const table: [shares: number, weight: number][] = [
    [0, 1],
    [2, 1],
    [102, 4],
    [1024, 39],
    [2048, 79],
    [262144, 10000],
    [999999, 10000],
  ];
  for (const [shares, weight] of table) assert.equal(weightOfShares(shares), weight, `${shares}`);
});

Deno.test("sharesOfWeight() is undone by weightOfShares() for every weight", () => {
  for (let weight = 1; weight <= 10000; weight++) assert.equal(weightOfShares(sharesOfWeight(weight)), weight);
});

Deno.test("quadraticWeightOfShares() meets the published points and never falls", () => {
  const table: [shares: number, weight: number][] = [[0, 1], [2, 1], [102, 17], [1024, 100], [2048, 174], [
    262144,
    10000,
  ]];
  for (const [shares, weight] of table) assert.equal(quadraticWeightOfShares(shares), weight, `${shares}`);
  for (let shares = 2, before = 0; shares <= 262144; shares += 97) {
    const weight = quadraticWeightOfShares(shares);
    assert.ok(weight >= before && weight <= 10000);
    before = weight;
  }
});

Deno.test("weightForm() tells the two apart where they differ", () => {
  assert.equal(weightForm(1024, 39), "linear");
  assert.equal(weightForm(1024, 100), "quadratic");
  assert.equal(weightForm(1024, 77), undefined, "somebody else's");
  assert.equal(weightForm(2, 1), undefined, "both say so");
});
