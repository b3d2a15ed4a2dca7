import { doesNotMatch, equal, match } from "node:assert/strict";
import { ownAddressRules } from "./own_address.ts";

const redirect = { port: 443, target: 6550 };

Deno.test("ownAddressRules() leads the well-known port to the one that is listened on, from pods and from the node", () => {
  equal(
    ownAddressRules([{ address: "10.96.0.1", redirect }, { address: "10.96.0.10" }]),
    `add table ip islet-own
delete table ip islet-own
table ip islet-own {
  set held {
    type ipv4_addr;
    elements = { 10.96.0.1, 10.96.0.10 }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat - 10;
    ip daddr 10.96.0.1 tcp dport 443 dnat to 10.96.0.1:6550
  }
  chain output {
    type nat hook output priority -110;
    ip daddr 10.96.0.1 tcp dport 443 dnat to 10.96.0.1:6550
  }
}
`,
  );
});

Deno.test("ownAddressRules() lets nobody but pods and the node to what is held, where it knows the pods", () => {
  const held = [{ address: "10.96.0.10" }, { address: "fd00:96::a" }];
  const rules = ownAddressRules(held, ["10.244.0.0/24"]);
  match(
    rules,
    /chain guard \{\s+type filter hook input priority filter;\s+iifname != "lo" ip daddr @held ip saddr != \{ 10\.244\.0\.0\/24 \} drop/,
  );
  doesNotMatch(rules, /ip6 saddr/);
  doesNotMatch(ownAddressRules(held), /guard/);
});

Deno.test("ownAddressRules() has a table for each family", () => {
  const rules = ownAddressRules([{ address: "10.96.0.1", redirect }, { address: "fd00::1", redirect }]);
  match(rules, /table ip islet-own \{[^]+dnat to 10\.96\.0\.1:6550/);
  match(rules, /table ip6 islet-own \{[^]+ip6 daddr fd00::1 tcp dport 443 dnat to \[fd00::1\]:6550/);
  equal(ownAddressRules([]), "");
});
