import assert from "node:assert/strict";
import { join } from "node:path";
import { freeLeases, leases } from "./leases.ts";

Deno.test("freeLeases() frees old leases of sandboxes that are gone, and nothing else", async () => {
  const dir = Deno.makeTempDirSync();
  try {
    assert.deepEqual(leases(dir), [], "no directory, no leases");
    assert.deepEqual(await freeLeases(dir, new Set(), Date.now()), []);
    const network = join(dir, "islet");
    Deno.mkdirSync(network);
    const hold = (address: string, sandbox: string, age: number) => {
      const file = join(network, address);
      Deno.writeTextFileSync(file, `${sandbox}\r\neth0`);
      Deno.utimeSync(file, new Date(1_000_000 - age), new Date(1_000_000 - age));
    };
    hold("10.244.0.2", "live", 500);
    hold("10.244.0.3", "gone", 500);
    hold("10.244.0.4", "new", 10);
    hold("fd00::5", "gone too", 500);
    Deno.writeTextFileSync(join(network, "last_reserved_ip.0"), "10.244.0.4");
    const freed = await freeLeases(dir, new Set(["live"]), 1_000_000 - 100);
    assert.deepEqual(freed.map(({ address }) => address).sort(), ["10.244.0.3", "fd00::5"]);
    assert.deepEqual(leases(dir).map(({ sandboxId }) => sandboxId).sort(), ["live", "new"]);
    assert.equal(Deno.readTextFileSync(join(network, "last_reserved_ip.0")), "10.244.0.4");
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});
