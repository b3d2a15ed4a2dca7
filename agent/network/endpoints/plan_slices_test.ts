import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { Endpoint, EndpointSlice } from "../../objects/mod.ts";
import { planSlices, type SliceGroup, type SlicePlan, type SliceTemplate } from "./plan_slices.ts";

const template: SliceTemplate = {
  owner: { apiVersion: "v1", kind: "Service", name: "web", uid: "uid-of-web" },
  namespace: "default",
  labels: { "kubernetes.io/service-name": "web" },
  most: 3,
};

const endpoint = (name: string, ready = true): Endpoint => ({
  addresses: [name],
  conditions: { ready },
  targetRef: { kind: "Pod", namespace: "default", name, uid: name },
});

/** Endpoints behind one port: `a b! c` has b not ready. */
const group = (text: string, port = 8080): SliceGroup => ({
  addressType: "IPv4",
  ports: [{ name: "", protocol: "TCP", port }],
  endpoints: text.split(" ").filter(Boolean).map((name) => endpoint(name.replace("!", ""), !name.endsWith("!"))),
});

/** The slices after a plan. */
function carriedOut(slices: EndpointSlice[], { put, remove }: SlicePlan): EndpointSlice[] {
  const byName = new Map(slices.map((slice) => [slice.metadata.name, slice]));
  for (const slice of put) byName.set(slice.metadata.name, slice);
  for (const { metadata } of remove) byName.delete(metadata.name);
  return [...byName.values()];
}

const text = ({ ports, endpoints }: EndpointSlice) =>
  `${ports!.map(({ port }) => port).join()}: ${
    endpoints!.map(({ addresses, conditions }) => addresses![0] + (conditions?.ready ? "" : "!")).join(" ")
  }`.trim();

const cases: [
  name: string,
  before: SliceGroup[],
  after: SliceGroup[],
  slices: string[],
  /** How many are put and removed. */
  writes: [put: number, remove: number],
][] = [
  ["a new Service gets one slice", [], [group("a b")], ["8080: a b"], [1, 0]],
  ["more endpoints than fit make more slices", [], [group("a b c d")], ["8080: a b c", "8080: d"], [2, 0]],
  ["nothing is written where nothing changed", [group("a b c d")], [group("d b a c")], ["8080: a b c", "8080: d"], [
    0,
    0,
  ]],
  ["an endpoint that changes stays where it is", [group("a b c d")], [group("a b! c d")], ["8080: a b! c", "8080: d"], [
    1,
    0,
  ]],
  ["a new one goes where it fits", [group("a b c d")], [group("a b c d e")], ["8080: a b c", "8080: d e"], [1, 0]],
  [
    "a slice that changes anyway is filled up",
    [group("a b c d")],
    [group("a b d e")],
    ["8080: a b e", "8080: d"],
    [1, 0],
  ],
  [
    "new ones that fit into no one slice get a slice of their own",
    [group("a b")],
    [group("a b c d e")],
    ["8080: a b", "8080: c d e"],
    [1, 0],
  ],
  ["an empty slice goes", [group("a b c d")], [group("a b c")], ["8080: a b c"], [0, 1]],
  ["pods with other ports have a slice of their own", [], [group("a"), group("b", 9090)], ["8080: a", "9090: b"], [
    2,
    0,
  ]],
  ["a slice of ports that nobody has is used again", [group("a")], [group("b", 9090)], ["9090: b"], [1, 0]],
  ["without endpoints one slice says so", [group("a")], [{ ...group(""), ports: [] }], [":"], [1, 0]],
  ["and is filled when there are some", [{ ...group(""), ports: [] }], [group("a")], ["8080: a"], [1, 0]],
  ["without groups there is nothing", [group("a")], [], [], [0, 1]],
];
for (const [name, before, after, expected, writes] of cases) {
  Deno.test(`planSlices(): ${name}`, () => {
    const slices = carriedOut([], planSlices(template, before, []));
    const plan = planSlices(template, after, slices);
    deepEqual(carriedOut(slices, plan).map(text), expected);
    deepEqual([plan.put.length, plan.remove.length], writes);
  });
}

Deno.test("planSlices() names slices as they were named before a restart, and nothing as others are", () => {
  const names = (taken: string[] = []) =>
    planSlices(template, [group("a b c d")], [], (name) => taken.includes(name)).put.map(({ metadata }) =>
      metadata.name
    );
  const [first, second] = names();
  ok(/^web-[a-z0-9]{5}$/.test(first) && first !== second);
  deepEqual(names(), [first, second]);
  const [other] = names([first]);
  equal(other, second);
});

Deno.test("planSlices() puts labels and owners right, and leaves the object's other metadata", () => {
  const [slice] = planSlices(template, [group("a")], []).put;
  const stored = { ...slice, metadata: { ...slice.metadata, uid: "u", labels: { mine: "yes" }, ownerReferences: [] } };
  const { put: [mended], remove } = planSlices(template, [group("a")], [stored]);
  deepEqual([mended.metadata.uid, mended.metadata.labels], ["u", template.labels]);
  deepEqual(mended.metadata.ownerReferences, slice.metadata.ownerReferences);
  deepEqual([remove, planSlices(template, [group("a")], [mended]).put], [[], []]);
});

Deno.test("planSlices() ends with each wanted endpoint once, whatever was there, and then has nothing to do", () => {
  const endpoints = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 14 }), fc.boolean()), { selector: ([id]) => id });
  const groups = fc.tuple(endpoints, endpoints).map(([here, there]) =>
    [here, there].map((list, at) =>
      group(list.map(([id, ready]) => `p${at}-${id}${ready ? "" : "!"}`).join(" "), 8080 + at)
    )
  );
  fc.assert(fc.property(fc.array(groups, { minLength: 1, maxLength: 6 }), (steps) => {
    let slices: EndpointSlice[] = [];
    for (const wanted of steps) {
      const plan = planSlices(template, wanted, slices);
      slices = carriedOut(slices, plan);
      for (const { ports, endpoints } of wanted) {
        const found = slices.filter((slice) => slice.ports![0]?.port === ports[0].port).flatMap((slice) =>
          slice.endpoints!
        );
        const key = ({ addresses, conditions }: Endpoint) => `${addresses![0]} ${conditions!.ready}`;
        deepEqual(found.map(key).sort(), endpoints.map(key).sort());
      }
      ok(slices.every(({ endpoints }) => endpoints!.length <= template.most));
      const again = planSlices(template, wanted, slices);
      deepEqual([again.put, again.remove], [[], []]);
    }
  }));
});
