/**
 * Session affinity is learned from packets, in a map for each frontend and port. Rules learn only endpoints that are live; what was
 * learned of one before it went is deleted here, after the transaction that took it out: its clients are given another.
 */
import { type Family } from "../addr.ts";
import { NftError, type NftRunner } from "../nft/mod.ts";
import { affinityMap, tableName } from "./chains.ts";
import { type Change } from "./diff.ts";
import { portOf } from "./frontend.ts";

/** A map of clients, and the addresses that may stay in it. */
export interface Pruning {
  map: string;
  live: Set<string>;
}

/** Which maps hold clients of endpoints that have gone. Pure. */
export function mapsToPrune(family: Family, changes: readonly Change[]): Pruning[] {
  const prunings: Pruning[] = [];
  for (const { from, to } of changes) {
    if (!from?.learn || !to?.learn) continue; // with the last endpoint or the service the map itself goes
    const live = new Set([...to.endpoints.cluster, ...to.endpoints.local]);
    const gone = [...from.endpoints.cluster, ...from.endpoints.local].filter((endpoint) => !live.has(endpoint));
    for (const port of new Set(gone.map(portOf))) {
      if (!to.learn.has(port)) continue;
      const addresses = [...live].filter((endpoint) => portOf(endpoint) === port).map((each) => each.split(" ")[0]);
      prunings.push({ map: affinityMap(family, to.id, Number(port)).name, live: new Set(addresses) });
    }
  }
  return prunings;
}

/** Deletes what was learned of endpoints that have gone. */
export async function forgetDeadEndpoints(family: Family, nft: NftRunner, changes: readonly Change[]): Promise<void> {
  for (const { map, live } of mapsToPrune(family, changes)) {
    for (let tries = 0; tries < 3; tries++) {
      const clients = await nft.readElements(family, tableName, map);
      const dead = [...clients].filter(([, address]) => !live.has(address!));
      if (dead.length === 0) break;
      const at = `element ${family} ${tableName} ${map}`;
      // one that runs out meanwhile is added first, for deleting what is not there is an error
      const add = dead.map(([client, address]) => `${client} timeout 10s : ${address}`);
      try {
        await nft.run(
          `add ${at} {\n${add.join(",\n")}\n}\ndelete ${at} {\n${dead.map(([client]) => client).join(",\n")}\n}\n`,
        );
        break;
      } catch (error) {
        // a client that came back meanwhile has another endpoint now: look again
        if (!(error instanceof NftError) || tries === 2) throw error;
      }
    }
  }
}
