import { equal, throws } from "node:assert/strict";
import { claimNetwork, holderOf } from "./network_claim.ts";

Deno.test("claimNetwork() lets one node have a network, tells the next who it is, and gives it back", () => {
  const name = `islet-test-${crypto.randomUUID()}`;
  const claim = claimNetwork("/var/lib/first", name);
  throws(
    () => claimNetwork("/var/lib/second", name),
    /another node runs in this network, with the root directory \/var\/lib\/first,/,
  );
  claimNetwork("/elsewhere", `${name}-2`).close();
  claim.close();
  claimNetwork("/var/lib/second", name).close();
});

Deno.test("claimNetwork() takes a root directory of any length", () => {
  const name = `islet-${crypto.randomUUID().slice(0, 8)}`;
  const claim = claimNetwork(`/${"x".repeat(4000)}`, name);
  throws(() => claimNetwork("/b", name), /another node runs in this network/);
  claim.close();
});

Deno.test("holderOf() reads the kernel's list of sockets", () => {
  const head = "Num       RefCount Protocol Flags    Type St Inode Path";
  const line = "0000000000000000: 00000002 00000000 00010000 0001 01 12145710";
  equal(holderOf(`${head}\n${line} @islet-node\n${line} @islet-node /srv/a b\n`), "/srv/a b");
  equal(holderOf(`${head}\n${line} @islet-node\n${line} /run/islet-node /x\n`), undefined);
});
