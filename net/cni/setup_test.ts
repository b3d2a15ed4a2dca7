import assert from "node:assert/strict";
import { join } from "node:path";
import { NftProcess } from "../nft/mod.ts";
import { chooseCniConfDir, cniFiles, writeDefaultCni } from "./setup.ts";

async function inTemporaryDirectory(body: (dir: string) => Promise<void> | void): Promise<void> {
  const dir = Deno.makeTempDirSync();
  try {
    await body(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

Deno.test("chooseCniConfDir() prefers a network that somebody configured for the system", () =>
  inTemporaryDirectory((dir) => {
    assert.equal(chooseCniConfDir("/own", join(dir, "none")), "/own");
    Deno.writeTextFileSync(join(dir, "README"), "");
    assert.equal(chooseCniConfDir("/own", dir), "/own");
    Deno.writeTextFileSync(join(dir, "10-net.conflist"), "{}");
    assert.equal(chooseCniConfDir("/own", dir), dir);
    assert.deepEqual(cniFiles(dir), ["10-net.conflist"]);
  }));

Deno.test("writeDefaultCni() leaves another network's configuration as it is", () =>
  inTemporaryDirectory(async (dir) => {
    Deno.writeTextFileSync(join(dir, "10-net.conflist"), "{}");
    const setup = await writeDefaultCni(new NftProcess(), {
      confDir: dir,
      leaseDir: join(dir, "leases"),
      podCIDRs: ["10.244.0.0/24"],
    });
    assert.deepEqual(setup, { confDir: dir, ours: false, changes: [] });
    assert.deepEqual([...Deno.readDirSync(dir)].map(({ name }) => name), ["10-net.conflist"]);
  }));
