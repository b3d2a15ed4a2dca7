import { deepEqual, equal } from "node:assert/strict";
import { canonicalAddress, parseAddress } from "../addr.ts";
import { dashed, nameOfAddress, reverseName, undashed } from "./addresses.ts";

Deno.test("reverse names lead back to the address", () => {
  for (const address of ["10.1.2.3", "0.0.0.0", "fd00::12:abcd", "::"]) {
    const bytes = parseAddress(address)!;
    deepEqual(reverseName(nameOfAddress(bytes).split("."))?.address, bytes, address);
  }
  equal(nameOfAddress(parseAddress("10.1.2.3")!), "3.2.1.10.in-addr.arpa");
  deepEqual(reverseName(["2", "10", "in-addr", "arpa"]), { family: "ip", digits: [10, 2] });
  for (
    const name of [
      "arpa",
      "x.arpa",
      "256.in-addr.arpa",
      "1.2.3.4.5.in-addr.arpa",
      "1-2.in-addr.arpa",
      "10.ip6.arpa",
      "g.ip6.arpa",
    ]
  ) {
    equal(reverseName(name.split(".")), undefined, name);
  }
});

Deno.test("dashed labels lead back to the address", () => {
  for (const address of ["10.1.2.3", "fd00::5", "fd00:1:2:3:4:5:6:7", "::1", "fd00::"]) {
    equal(canonicalAddress(undashed(dashed(address))!), canonicalAddress(address), address);
  }
  for (const label of ["", "a", "1-2-3", "1-2-3-256", "web-0", "fd00-1"]) equal(undashed(label), undefined, label);
});
