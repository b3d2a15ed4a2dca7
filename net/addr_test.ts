import assert from "node:assert/strict";
import { canonicalAddress, contains, formatCidr, parseAddress, parseCidr, withoutContained } from "./addr.ts";

Deno.test("canonicalAddress() writes addresses as the kernel's tools do", () => {
  const cases: [string, string | undefined][] = [
    ["10.0.0.1", "10.0.0.1"],
    ["fd00:0:0:0:0:0:0:1", "fd00::1"],
    ["FD00::A", "fd00::a"],
    ["::", "::"],
    ["::1", "::1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["::ffff:10.0.0.1", "::ffff:10.0.0.1"],
    ["64:ff9b::10.0.0.1", "64:ff9b::a00:1"],
    ["2001:db8::", "2001:db8::"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ];
  for (const [text, expected] of cases) assert.equal(canonicalAddress(text), expected, text);
});

Deno.test("canonicalAddress() takes nothing that is no address", () => {
  const wrong = [
    "",
    "10.0.0",
    "10.0.0.256",
    "010.0.0.1",
    "1.2.3.4 }; flush ruleset",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
  ];
  for (const text of [...wrong, "fe80::1%eth0", "1:2:3:4:5:6:7:8:9", "12345::", "::1.2.3", "1.2.3.4::", "10.0.0.1/8"]) {
    assert.equal(canonicalAddress(text), undefined, text);
  }
});

Deno.test("parseCidr() clears what lies behind the prefix", () => {
  const cases: [string, string | undefined][] = [
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["10.1.2.3", "10.1.2.3"],
    ["10.1.2.3/32", "10.1.2.3"],
    ["10.1.255.3/23", "10.1.254.0/23"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["fd00:1::5/17", "fd00::/17"],
    [" 10.0.0.0/8 ", "10.0.0.0/8"],
    ["10.0.0.0/33", undefined],
    ["10.0.0.0/8/8", undefined],
    ["10.0.0.0/-1", undefined],
    ["10.0.0.0/", undefined],
  ];
  for (const [text, expected] of cases) {
    const cidr = parseCidr(text);
    assert.equal(cidr && formatCidr(cidr), expected, text);
  }
});

Deno.test("contains() tells what lies in a range, of one family only", () => {
  const range = parseCidr("10.0.0.0/9")!;
  assert.equal(contains(range, parseAddress("10.127.0.1")!), true);
  assert.equal(contains(range, parseAddress("10.128.0.1")!), false);
  assert.equal(contains(range, parseAddress("::1")!), false);
  assert.equal(contains(range, parseCidr("10.0.0.0/8")!), false);
  assert.equal(contains(parseCidr("::/0")!, parseAddress("10.0.0.1")!), false);
});

Deno.test("withoutContained() leaves ranges that do not overlap", () => {
  const ranges = ["10.0.0.0/24", "10.0.0.0/8", "10.0.0.0/8", "11.0.0.1", "fd00::/8", "fd00::1"];
  const left = withoutContained(ranges.map((text) => parseCidr(text)!)).map(formatCidr);
  assert.deepEqual(left.sort(), ["10.0.0.0/8", "11.0.0.1", "fd00::/8"]);
});
