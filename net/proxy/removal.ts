/** Takes away all that the proxy has set on a machine, whatever it was configured to. */
import { type Family } from "../addr.ts";
import { type NftRunner } from "../nft/mod.ts";
import { routeLocalnetMarker, tableName } from "./chains.ts";
import { type ProxyHost, thisHost } from "./host.ts";

const families: readonly Family[] = ["ip", "ip6"];

/** Removes tables, routes and, where it was off before, route_localnet. Connections that go through it end. */
export async function removeProxy(nft: NftRunner, host: ProxyHost = thisHost): Promise<void> {
  for (const family of families) {
    const chains = new Set<string>();
    await nft.readTable(family, tableName, {
      chain: (name) => void chains.add(name),
      set: () => false,
      element() {},
      restart() {},
    });
    if (chains.has(routeLocalnetMarker)) host.setRouteLocalnet(false);
    if (chains.size > 0) await removeTable(nft, family);
  }
  for (const family of families) await removeRoutes(family, host);
}

/** Takes away what there is of a family that Services have no more. */
export async function removeFamily(nft: NftRunner, family: Family, host: ProxyHost = thisHost): Promise<void> {
  await removeTable(nft, family);
  await removeRoutes(family, host);
}

/** A kernel without IPv6 has none. */
async function removeRoutes(family: Family, host: ProxyHost): Promise<void> {
  await host.setRoutes(family, []).catch(() => {});
}

async function removeTable(nft: NftRunner, family: Family): Promise<void> {
  await nft.run(`add table ${family} ${tableName}\ndelete table ${family} ${tableName}\n`);
}
