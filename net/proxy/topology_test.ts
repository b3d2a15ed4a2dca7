import { deepEqual } from "node:assert/strict";
import { backendsOf } from "./backends.ts";
import { endpoint } from "./testing.ts";
import { closest, type TopologyHints } from "./topology.ts";
import { type ProxyEndpoint } from "./types.ts";

const [here, away, none] = [{ node: true, zone: true }, { node: false, zone: false }, {}];
const near = { node: false, zone: true };

const cases: [name: string, hints: TopologyHints[], close: number[] | undefined][] = [
  ["those for this node come first", [here, near, away], [0]],
  ["else those for its zone", [near, away, near], [0, 2]],
  ["a zone without any has all", [away, away], undefined],
  ["one without hints: all", [here, none], undefined],
  ["one without hints for nodes: those for the zone", [here, { zone: true }, away], [0, 1]],
  ["hints for nodes alone, none for this one: all", [{ node: false }, { node: false }], undefined],
  ["hints for nodes alone", [{ node: true }, { node: false }], [0]],
];
for (const [name, hints, close] of cases) {
  Deno.test(`closest(): ${name}`, () => {
    const ready = hints.map((each, at) => ({ at, hints: each }));
    deepEqual(closest(ready)?.map(({ at }) => at), close);
  });
}

const port = { name: "", protocol: "TCP" as const, port: 80 };
const other = { local: false };
const unready = { ready: false, serving: false }, ending = { ready: false, serving: true, terminating: true };

/** Last parts of the addresses that answer, and of those that do under the policy Local. */
function answering(...endpoints: ProxyEndpoint[]): [cluster: string, local: string, pairs: string] {
  const { cluster, local, pairs } = backendsOf("ip", port, endpoints, () => {});
  const last = (list: readonly string[]) => list.map((text) => text.split(" ")[0].split(".")[3]).join();
  return [last(cluster), last(local), last(pairs.cluster)];
}
const at = (last: number, hints: TopologyHints | undefined, more: Partial<ProxyEndpoint> = {}) =>
  endpoint(`10.0.0.${last}`, { ...(hints ? { hints } : {}), ...more });

Deno.test("backendsOf() obeys hints of ready endpoints under the policy Cluster, and none under Local", () => {
  deepEqual(answering(at(1, here), at(2, away, other)), ["1", "1", "1"]);
  deepEqual(answering(at(1, away), at(2, here, other)), ["2", "1", ""], "a close one may be on another node");
  deepEqual(answering(at(1, away), at(2, here)), ["2", "1,2", "2"], "Local has all of the node's own");
  deepEqual(answering(at(1, away), at(2, away, other)), ["1,2", "1", "1"], "none is for here");
  deepEqual(answering(at(1, here), at(2, undefined, other)), ["1,2", "1", "1"], "one has no hints");
});

Deno.test("backendsOf() asks nothing of endpoints that are not ready, and falls back to all that end", () => {
  deepEqual(answering(at(1, away), at(2, here, { ...other, ...unready })), ["1", "1", "1"]);
  deepEqual(answering(at(1, here), at(2, undefined, { ...other, ...ending })), ["1", "1", "1"]);
  deepEqual(answering(at(1, here, ending), at(2, away, { ...other, ...ending })), ["1,2", "1", "1"]);
});

Deno.test("backendsOf() takes hints of the family and port that it is asked for", () => {
  const six = endpoint("fd00::1", { hints: away });
  deepEqual(answering(at(1, here), at(2, away, other), six, at(3, undefined, { portName: "x" })), ["1", "1", "1"]);
});
