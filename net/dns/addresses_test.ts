import { deepEqual, equal } from "node:assert/strict";
import { addressBytes, addressKey, dashed, nameOfAddress, reverseName, undashed } from "./addresses.ts";

Deno.test("addressBytes() reads both families in every spelling, and nothing else", () => {
  deepEqual(addressBytes("10.0.255.1"), Uint8Array.of(10, 0, 255, 1));
  for (const text of ["::1", "0:0:0:0:0:0:0:1", "0000::0001"]) equal(addressKey(text), "0".repeat(31) + "1", text);
  equal(addressKey("FD00::A:0"), addressKey("fd00:0:0:0:0:0:a:0"));
  equal(addressKey("::ffff:10.0.0.1"), addressKey("::ffff:a00:1"));
  equal(addressKey("::"), "0".repeat(32));
  equal(addressKey("1::"), "0001" + "0".repeat(28));
  for (
    const text of [
      "",
      "10.0.0",
      "10.0.0.256",
      "010.0.0.1",
      "10.0.0.1.2",
      "a",
      ":",
      ":::",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "g::",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7::8",
      "::10.0.0.256",
      "10.0.0.1::",
      "fe80::1%eth0",
      "None",
    ]
  ) equal(addressBytes(text), undefined, text);
});

Deno.test("reverse names lead back to the address", () => {
  for (const address of ["10.1.2.3", "0.0.0.0", "fd00::12:abcd", "::"]) {
    const bytes = addressBytes(address)!;
    deepEqual(reverseName(nameOfAddress(bytes).split("."))?.address, bytes, address);
  }
  equal(nameOfAddress(addressBytes("10.1.2.3")!), "3.2.1.10.in-addr.arpa");
  deepEqual(reverseName(["2", "10", "in-addr", "arpa"]), { family: 4, digits: [10, 2] });
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
    equal(addressKey(undashed(dashed(address))!), addressKey(address), address);
  }
  for (const label of ["", "a", "1-2-3", "1-2-3-256", "web-0", "fd00-1"]) equal(undashed(label), undefined, label);
});
