/**
 * host-local's leases: one file an address, whose first line is the id of the sandbox that holds it. A runtime that is killed
 * between address and sandbox leaves a lease that nobody will ever give back; those are freed here, under host-local's own lock.
 */
import { join } from "node:path";
import { isIP } from "node:net";
import { networkName } from "./config.ts";

export interface Lease {
  address: string;
  sandboxId: string;
  /** Wall-clock milliseconds. */
  since: number;
}

/** The leases of the default network. */
export function leases(leaseDir: string): Lease[] {
  const dir = join(leaseDir, networkName);
  const found: Lease[] = [];
  for (const name of fileNames(dir)) {
    if (!isIP(name)) continue;
    const file = join(dir, name);
    try {
      const sandboxId = Deno.readTextFileSync(file).split(/\r?\n/)[0].trim();
      found.push({ address: name, sandboxId, since: Deno.statSync(file).mtime?.getTime() ?? 0 });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // given back meanwhile
    }
  }
  return found;
}

/**
 * Frees the leases whose sandbox is not among the living, and returns them. `before` must be a moment at which no sandbox was
 * being made that `live` does not know: younger leases stay.
 */
export async function freeLeases(leaseDir: string, live: ReadonlySet<string>, before: number): Promise<Lease[]> {
  const leaked = leases(leaseDir).filter(({ sandboxId, since }) => !live.has(sandboxId) && since < before);
  if (leaked.length === 0) return [];
  const dir = join(leaseDir, networkName);
  const lock = await Deno.open(join(dir, "lock"), { write: true, create: true });
  try {
    await lock.lock(true);
    const now = new Map(leases(leaseDir).map((lease) => [lease.address, lease.sandboxId]));
    const freed = leaked.filter(({ address, sandboxId }) => now.get(address) === sandboxId);
    for (const { address } of freed) Deno.removeSync(join(dir, address));
    return freed;
  } finally {
    lock.close();
  }
}

function fileNames(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].filter((entry) => entry.isFile).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
