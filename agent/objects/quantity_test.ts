import assert from "node:assert/strict";
import {
  canonicalQuantity,
  compareQuantities,
  cpuMillis,
  formatQuantity,
  isQuantity,
  parseQuantity,
  quantityBytes,
} from "./quantity.ts";

Deno.test("parseQuantity() reads every suffix", () => {
  const cases: [string | number, bigint][] = [
    ["0", 0n],
    ["1", 1_000_000_000n],
    ["1n", 1n],
    ["1u", 1000n],
    ["1m", 1_000_000n],
    ["1k", 1000n * 10n ** 9n],
    ["1M", 10n ** 15n],
    ["1G", 10n ** 18n],
    ["1T", 10n ** 21n],
    ["1P", 10n ** 24n],
    ["1E", 10n ** 27n],
    ["1Ki", 1024n * 10n ** 9n],
    ["1Mi", 2n ** 20n * 10n ** 9n],
    ["1Gi", 2n ** 30n * 10n ** 9n],
    ["1Ti", 2n ** 40n * 10n ** 9n],
    ["1Pi", 2n ** 50n * 10n ** 9n],
    ["1Ei", 2n ** 60n * 10n ** 9n],
    ["1.5Gi", 3n * 2n ** 29n * 10n ** 9n],
    ["1e3", 1000n * 10n ** 9n],
    ["1E3", 1000n * 10n ** 9n],
    ["2e-3", 2_000_000n],
    [".5", 500_000_000n],
    ["5.", 5n * 10n ** 9n],
    ["+1", 10n ** 9n],
    ["-1", -(10n ** 9n)],
    ["-1.5m", -1_500_000n],
    // Finer than nano is rounded away from zero.
    ["0.1n", 1n],
    ["1e-30", 1n],
    ["-0.1n", -1n],
    // 2^63 − 1 is the most.
    ["1e40", (2n ** 63n - 1n) * 10n ** 9n],
    ["1e999999999", (2n ** 63n - 1n) * 10n ** 9n],
    ["0e999999999", 0n],
    ["1e-999999999", 1n],
    [0.5, 500_000_000n],
    [134217728, 134217728n * 10n ** 9n],
    [1e21, (2n ** 63n - 1n) * 10n ** 9n],
  ];
  for (const [text, nanos] of cases) assert.equal(parseQuantity(text), nanos, String(text));
});

Deno.test("isQuantity() refuses what Kubernetes refuses", () => {
  for (
    const text of ["", " 1", "1 ", "1x", "1mi", "1K", "Mi", "1.2.3", "--1", "1e", "1ee3", "0x10", "1,5", ".", "1KiB"]
  ) {
    assert.equal(isQuantity(text), false, text);
  }
  for (const value of [undefined, null, true, {}, NaN, Infinity]) assert.equal(isQuantity(value), false);
  assert.throws(() => parseQuantity("64 MB"), /Cannot read quantity: "64 MB"/);
});

Deno.test("cpuMillis() and quantityBytes() round up", () => {
  assert.equal(cpuMillis("1"), 1000);
  assert.equal(cpuMillis("100m"), 100);
  assert.equal(cpuMillis("0.1"), 100);
  assert.equal(cpuMillis("1n"), 1);
  assert.equal(cpuMillis(0.5), 500);
  assert.equal(quantityBytes("64Mi"), 67108864);
  assert.equal(quantityBytes("64M"), 64_000_000);
  assert.equal(quantityBytes("100m"), 1);
  assert.equal(quantityBytes("1.1"), 2);
  assert.equal(quantityBytes("0"), 0);
});

Deno.test("canonicalQuantity() writes amounts as the API server answers", () => {
  const cases: Record<string, string> = {
    "0.5": "500m",
    "1000m": "1",
    "1.0": "1",
    "1024Ki": "1Mi",
    "1.5Gi": "1536Mi",
    "1000Ki": "1000Ki",
    "1000": "1k",
    "1000000": "1M",
    "1100": "1100",
    "0Mi": "0",
    "0.5Ki": "512",
    "1e3": "1e3",
    "12e4": "120e3",
    "-1": "-1",
    "100n": "100n",
    "128974848": "128974848",
  };
  for (const [text, canonical] of Object.entries(cases)) assert.equal(canonicalQuantity(text), canonical, text);
  assert.equal(formatQuantity(1_500_000_000n), "1500m");
});

Deno.test("canonicalQuantity() keeps the amount", () => {
  for (const text of ["3", "250m", "1.25", "7Ki", "1.1Gi", "5e-4", "999999n", "12345678901", "3Ei"]) {
    assert.equal(parseQuantity(canonicalQuantity(text)), parseQuantity(text), text);
  }
});

Deno.test("compareQuantities() compares across suffixes", () => {
  assert.equal(compareQuantities("1", "1000m"), 0);
  assert.equal(compareQuantities("1Gi", "1G"), 1);
  assert.equal(compareQuantities("999m", 1), -1);
});
