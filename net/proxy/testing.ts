/** What the tests of the proxy have in common: services by a few words, and what must be true of every table. */
import assert from "node:assert/strict";
import { type FakeNft } from "../nft/fake.ts";
import { type Family } from "../addr.ts";
import { countOf, tableName } from "./chains.ts";
import { type ProxyEndpoint, type ProxyOptions, type ProxyService } from "./types.ts";

export const options: ProxyOptions = {
  serviceCIDRs: ["10.96.0.0/16", "fd00:96::/108"],
  podCIDRs: ["10.244.0.0/24", "fd00:244::/64"],
};

/** A Service `default/<name>` with one TCP port 80. */
export function service(name: string, clusterIP: string, more: Partial<ProxyService> = {}): ProxyService {
  const ports = [{ name: "", protocol: "TCP" as const, port: 80 }];
  return { namespace: "default", name, ports, clusterIPs: [clusterIP], ...more };
}

/** A ready endpoint on this node, port 8080. */
export function endpoint(address: string, more: Partial<ProxyEndpoint> = {}): ProxyEndpoint {
  const state = { ready: true, serving: true, terminating: false, local: true };
  return { portName: "", protocol: "TCP", address, port: 8080, ...state, ...more };
}

/** Endpoints by the names of services in `default`. */
export function behind(endpoints: Record<string, ProxyEndpoint[]>): Map<string, ProxyEndpoint[]> {
  return new Map(Object.entries(endpoints).map(([name, list]) => [`default/${name}`, list]));
}

/** The elements of all maps and sets of a table but those that packets write. */
export function contents(nft: FakeNft, family: Family = "ip"): Record<string, Record<string, string | undefined>> {
  const sets = nft.tables.get(`${family} ${tableName}`)?.sets ?? new Map();
  return Object.fromEntries(
    [...sets].filter(([name, { elements }]) => elements.size > 0 && !name.startsWith("affinity-"))
      .map(([name, { elements }]) => [name, Object.fromEntries(elements)]),
  );
}

/** Every element that sends to a chain which chooses one of N has exactly the indexes 0 to N−1, and no others are there. */
export function assertIndexes(nft: FakeNft, family: Family = "ip"): number {
  const table = nft.tables.get(`${family} ${tableName}`);
  if (!table) return 0;
  let checked = 0;
  const expected = new Map<string, Set<string>>();
  for (const [verdicts, prefix] of [["services", ""], ["node-ports", "node-"]]) {
    for (const [id, verdict] of nft.elements(family, tableName, verdicts)) {
      for (const [set, count] of choices(table.chains, verdict!.replace("goto ", ""))) {
        const name: string = `${prefix}${set.replace("node-", "")}`;
        assert.equal(set, name, `${id} ${verdict} looks into ${set}`);
        if (!expected.has(name)) expected.set(name, new Set());
        for (let index = 0; index < count; index++) expected.get(name)!.add(`${id} . ${index}`);
        checked++;
      }
    }
  }
  for (const name of table.sets.keys()) {
    if (!name.includes("endpoints-")) continue;
    const there = [...nft.elements(family, tableName, name).keys()].sort();
    assert.deepEqual(there, [...expected.get(name) ?? []].sort(), name);
  }
  return checked;
}

/** The endpoint maps that a chain ends up in, with the count of each, read from its rules. */
function choices(chains: ReadonlyMap<string, string[]>, chain: string): [string, number][] {
  if (chain === "drop") return [];
  const rules = chains.get(chain);
  assert.ok(rules, `there is no chain ${chain}`);
  const next = [...new Set(rules.flatMap((rule) => /goto (\S+)/.exec(rule)?.[1] ?? []))];
  if (next.length > 0) return next.flatMap((name) => choices(chains, name));
  assert.equal(rules.at(-1), "drop", `${chain} lets through what it does not know`);
  const set = /map @(\S+)/.exec(rules.at(-2)!)![1];
  const modulo = Math.max(...rules.map((rule) => Number(/mod (\d+)/.exec(rule)?.[1] ?? 0)));
  assert.equal(modulo, countOf(chain), `${chain} chooses from as many as its name says`);
  return [[set, modulo]];
}
