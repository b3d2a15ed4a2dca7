import assert from "node:assert/strict";
import {
  configMapKey,
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  envVarName,
  httpHeaderName,
  ipAddress,
  isCIDR,
  isIPv6,
  labelValue,
  localDescendingPath,
  localNonReservedPath,
  portName,
  portNumber,
  qualifiedName,
} from "./names.ts";

/** Each check with what it takes and what it refuses. */
const table: [string, (value: string) => string[], string[], string[]][] = [
  ["dns1123Label", dns1123Label, ["a", "1", "a-b", "x".repeat(63)], [
    "",
    "A",
    "-a",
    "a-",
    "a.b",
    "a_b",
    "x".repeat(64),
  ]],
  ["dns1123Subdomain", dns1123Subdomain, ["a", "a.b", "1.2"], ["", ".a", "a..b", "A", "a_b", "x".repeat(254)]],
  ["dns1035Label", dns1035Label, ["a", "a1"], ["1a", "", "a.b", "A"]],
  ["qualifiedName", qualifiedName, ["a", "A_b.c", "x.io/Name"], [
    "",
    "/a",
    "a/",
    "a/b/c",
    "A.B/c",
    "-a",
    "x".repeat(64),
  ]],
  ["labelValue", labelValue, ["", "a", "A_b.c"], ["-a", "a b", "a/b", "x".repeat(64)]],
  ["envVarName", envVarName, ["A", "a.b-c", "my var", "1A"], ["", "A=B", "Ä", "a\tb"]],
  ["configMapKey", configMapKey, ["a", ".a", "A_b-c.d"], ["", ".", "..", "..a", "a/b", "a b"]],
  ["httpHeaderName", httpHeaderName, ["X-A", "a1"], ["", "a b", "a:b", "a_b"]],
  ["portName", portName, ["http", "a-1"], ["", "80", "Http", "a--b", "-a", "a-", "x".repeat(16)]],
  ["localDescendingPath", localDescendingPath, ["a", "a/b", "..a", ""], ["/a", "..", "a/../b"]],
  ["localNonReservedPath", localNonReservedPath, ["a", "a/..b"], ["..a", "../a", "/a"]],
  [
    "ipAddress",
    ipAddress,
    ["1.2.3.4", "::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"],
    ["", "1.2.3", "1.2.3.256", "01.2.3.4", "1:2", "1::2::3", "g::", "1:2:3:4:5:6:7:8:9", "host", "1.2.3.4/8"],
  ],
];

for (const [name, check, good, bad] of table) {
  Deno.test(`${name}() tells good from bad`, () => {
    for (const value of good) assert.deepEqual(check(value), [], JSON.stringify(value));
    for (const value of bad) assert.notDeepEqual(check(value), [], JSON.stringify(value));
  });
}

Deno.test("names are explained in apimachinery's words", () => {
  assert.deepEqual(dns1123Label("Web_1"), [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ]);
  assert.deepEqual(dns1123Label("a.b"), ["must not contain dots"]);
  assert.deepEqual(dns1123Label("x".repeat(64)), ["must be no more than 63 bytes"]);
  assert.deepEqual(portNumber(0), ["must be between 1 and 65535, inclusive"]);
  assert.deepEqual(portName("80"), ["must contain at least one letter (a-z)"]);
  assert.deepEqual(qualifiedName("x/"), [
    "name part must be non-empty",
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
  ]);
});

Deno.test("isCIDR() and isIPv6() know both families", () => {
  for (const good of ["10.0.0.0/8", "0.0.0.0/0", "fd00::/64"]) assert.ok(isCIDR(good), good);
  for (const bad of ["10.0.0.0", "10.0.0.0/33", "fd00::/129", "a/8", "1.2.3.4/8/8", "1.2.3.4/08"]) {
    assert.ok(!isCIDR(bad), bad);
  }
  assert.ok(!isIPv6("1.2.3.4"));
});
