import { deepEqual, equal } from "node:assert/strict";
import { canonicalAddress, firstServiceAddress, sameNames, servingNames } from "./names.ts";

const input = {
  nodeName: "edge-1",
  nodeAddresses: ["192.0.2.7", "2001:DB8:0::7"],
  apiAddress: "127.0.0.1",
  serviceAddresses: ["10.96.0.1"],
  clusterDomain: "example.org",
};

Deno.test("servingNames() has loopback, the node, and Service default/kubernetes by all its names", () => {
  deepEqual(servingNames(input), {
    dnsNames: [
      "localhost",
      "edge-1",
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      "kubernetes.default.svc.example.org",
    ],
    addresses: ["127.0.0.1", "::1", "192.0.2.7", "2001:db8::7", "10.96.0.1"],
  });
});

Deno.test("servingNames() has the address of the API, unless that is every address", () => {
  equal(servingNames({ ...input, apiAddress: "198.51.100.1" }).addresses.includes("198.51.100.1"), true);
  for (const apiAddress of ["0.0.0.0", "::"]) {
    equal(servingNames({ ...input, apiAddress }).addresses.includes(apiAddress), false);
  }
});

Deno.test("servingNames() of a machine with no address but loopback has those", () => {
  deepEqual(servingNames({ ...input, nodeAddresses: [], serviceAddresses: [] }).addresses, ["127.0.0.1", "::1"]);
});

const firsts: [cidr: string, first: string][] = [
  ["10.96.0.0/16", "10.96.0.1"],
  ["10.96.7.9/16", "10.96.0.1"],
  ["192.168.255.128/25", "192.168.255.129"],
  ["255.255.255.248/29", "255.255.255.249"],
  ["0.0.0.0/0", "0.0.0.1"],
  ["fd00::/108", "fd00::1"],
  ["fd00:0:0:1::abcd/64", "fd00:0:0:1::1"],
  ["2001:db8::ffff:0/112", "2001:db8::ffff:1"],
];

for (const [cidr, first] of firsts) {
  Deno.test(`firstServiceAddress() of ${cidr} is ${first}`, () => equal(firstServiceAddress(cidr), first));
}

Deno.test("canonicalAddress() spells an address in one way, and leaves names alone", () => {
  equal(canonicalAddress("2001:0DB8:0:0::1"), "2001:db8::1");
  equal(canonicalAddress("0:0:0:0:0:0:0:1"), "::1");
  equal(canonicalAddress("192.0.2.1"), "192.0.2.1");
  equal(canonicalAddress("not:an:address"), "not:an:address");
});

Deno.test("sameNames() heeds what is there, not in which order", () => {
  equal(sameNames(["a", "b"], ["b", "a"]), true);
  equal(sameNames(["a"], ["a", "b"]), false);
  equal(sameNames(["a", "b"], ["a", "c"]), false);
  equal(sameNames([], []), true);
});
