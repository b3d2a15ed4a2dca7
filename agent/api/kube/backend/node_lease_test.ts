import { deepEqual, equal } from "node:assert/strict";
import { ManualClock } from "../../../clock.ts";
import type { Lease } from "../../../objects/mod.ts";
import { MemoryStore } from "../../../store/mod.ts";
import { silentLogger } from "../../../telemetry/log.ts";
import { withNodeLease } from "./node_lease.ts";
import { storeBackend } from "./store.ts";

Deno.test("withNodeLease() renews the lease when somebody looks, every ten seconds at most", async () => {
  const clock = new ManualClock();
  let version = 0;
  const versions = { resourceVersion: "0", nextVersion: () => String(++version) };
  const store = new MemoryStore({ log: silentLogger, clock, versions });
  const leases = withNodeLease(storeBackend<Lease>(store, "Lease"), "edge-1", clock);
  const look = async () => {
    await leases.prepare!();
    return leases.get("kube-node-lease", "edge-1")?.spec;
  };
  deepEqual(await look(), {
    holderIdentity: "edge-1",
    leaseDurationSeconds: 40,
    renewTime: "2026-01-01T00:00:00.000000Z",
  });
  await clock.advance(9999);
  await look();
  equal(version, 1);
  await clock.advance(1);
  equal((await look())?.renewTime, "2026-01-01T00:00:10.000000Z");
});
