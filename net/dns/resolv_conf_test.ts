import { deepEqual, equal, ok } from "node:assert/strict";
import { parseResolvConf, parseServer, sameServer, serverText } from "./resolv_conf.ts";

Deno.test("parseResolvConf() reads what resolvers read and passes over the rest", () => {
  const conf = parseResolvConf(`# made by hand
; another remark
nameserver 192.0.2.1
nameserver  fd00::1 # the other family
nameserver fe80::1%eth0
nameserver example.com
nameserver
search one.example
search two.example three.example
options ndots:5 timeout:3 attempts:9 rotate edns0 timeout:x
sortlist 10.0.0.0
`);
  deepEqual(conf, {
    servers: [{ address: "192.0.2.1", port: 53 }, { address: "fd00::1", port: 53 }, {
      address: "fe80::1%eth0",
      port: 53,
    }],
    search: ["two.example", "three.example"],
    timeout: 3,
    attempts: 5,
    rotate: true,
  });
  deepEqual(parseResolvConf(""), { servers: [], search: [], rotate: false });
});

Deno.test("parseServer() reads addresses with and without a port, and nothing else", () => {
  for (
    const [text, expected] of [
      ["1.1.1.1", "1.1.1.1:53"],
      ["1.1.1.1:5353", "1.1.1.1:5353"],
      ["fd00::1", "[fd00::1]:53"],
      ["[fd00::1]", "[fd00::1]:53"],
      ["[fd00::1]:5353", "[fd00::1]:5353"],
    ]
  ) {
    equal(serverText(parseServer(text)!), expected);
  }
  for (
    const text of [
      "",
      "dns.example",
      "1.1.1.1:0",
      "1.1.1.1:65536",
      "1.1.1.1:",
      "1.1.1",
      "[1.1.1.1",
      "1.1.1.1%eth0",
      "[fd00::1]x",
    ]
  ) equal(parseServer(text), undefined, text);
});

Deno.test("sameServer() sees through spellings", () => {
  const same = (one: string, other: string) => sameServer(parseServer(one)!, parseServer(other)!);
  ok(same("fd00::1", "fd00:0::1"));
  ok(same("0.0.0.0", "127.0.0.1"));
  ok(same("::", "::1"));
  ok(!same("10.0.0.1", "10.0.0.1:54"));
  ok(!same("10.0.0.1", "10.0.0.2"));
});
