/** Random objects and patches for tests: few names and values, so that they meet each other. */
import fc from "fast-check";
import { copy, isMap, type JsonMap } from "./json.ts";

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
const textMap = (keys: string[]) =>
  fc.dictionary(fc.constantFrom(...keys), fc.constantFrom("1", "2"), { minKeys: 1, maxKeys: 3 });
const listOf = <T extends object>(item: fc.Arbitrary<T>, key: (item: T) => unknown, least = 0) =>
  fc.uniqueArray(item, { selector: key, minLength: least, maxLength: 3 });

const container = fc.record({
  name: fc.constantFrom("a", "b", "c"),
  image: fc.constantFrom("x", "y"),
  command: maybe(fc.array(fc.constantFrom("r", "s"), { minLength: 1, maxLength: 2 })),
  env: maybe(listOf(
    fc.record({ name: fc.constantFrom("E", "F", "G"), value: fc.constantFrom("1", "2") }),
    ({ name }) => name,
    1,
  )),
  ports: maybe(listOf(
    fc.record({ containerPort: fc.constantFrom(80, 81), protocol: fc.constantFrom("TCP", "UDP") }),
    ({ containerPort, protocol }) => `${containerPort}/${protocol}`,
    1,
  )),
  securityContext: maybe(fc.record({ runAsUser: fc.constantFrom(1, 2), runAsNonRoot: maybe(fc.constant(true)) })),
});

const volume = fc.oneof(
  fc.record({ name: fc.constantFrom("v", "w"), emptyDir: fc.constant({ medium: "Memory" }) }),
  fc.record({ name: fc.constantFrom("v", "w"), configMap: fc.record({ name: fc.constantFrom("m", "n") }) }),
);

/** A pod as a client writes it. */
export const pods: fc.Arbitrary<JsonMap> = fc.record({
  labels: maybe(textMap(["a", "b", "c"])),
  annotations: maybe(textMap(["n", "o"])),
  finalizers: maybe(fc.uniqueArray(fc.constantFrom("f/1", "f/2", "f/3"), { minLength: 1 })),
  spec: fc.record({
    containers: listOf(container, ({ name }) => name, 1),
    volumes: maybe(listOf(volume, ({ name }) => name, 1)),
    tolerations: maybe(fc.array(fc.record({ key: fc.constantFrom("k", "l") }), { minLength: 1, maxLength: 2 })),
    nodeSelector: maybe(textMap(["d", "e"])),
    terminationGracePeriodSeconds: maybe(fc.constantFrom(1, 2)),
  }),
}).map(({ spec, ...metadata }) =>
  withoutUndefined({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default", ...metadata },
    spec,
  })
);

export function withoutUndefined<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** Which key tells the elements of a list apart, where they are. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  env: "name",
  volumes: "name",
  ports: "containerPort",
};

/** A strategic merge patch made of parts of an object: some fields null, some elements deleted, some lists ordered. */
export const strategicPatches: fc.Arbitrary<JsonMap> = fc.tuple(pods, fc.infiniteStream(fc.nat(99))).map((
  [pod, stream],
) => partOf(pod, () => stream.next().value!));

function partOf(value: JsonMap, chance: () => number): JsonMap {
  const part: JsonMap = {};
  for (const [key, field] of Object.entries(value)) {
    if (key === "apiVersion" || key === "kind") continue;
    const roll = key in mergeKeys || key === "metadata" || key === "spec" ? 99 : chance();
    if (roll < 10) part[key] = null;
    else if (roll >= 20) part[key] = changed(key, field, part, chance);
  }
  return part;
}

function changed(key: string, field: unknown, part: JsonMap, chance: () => number): unknown {
  if (isMap(field)) return chance() < 6 ? { ...copy(field), $patch: "replace" } : partOf(field, chance);
  const mergeKey = mergeKeys[key];
  if (!Array.isArray(field) || mergeKey === undefined) return field;
  const items = (field as JsonMap[]).map((item) => {
    const identity = { [mergeKey]: item[mergeKey] };
    if (chance() < 15) return { ...identity, $patch: "delete" };
    if (key === "volumes") return chance() < 50 ? { ...item, $retainKeys: Object.keys(item) } : item;
    return { ...partOf(item, chance), ...identity };
  });
  if (chance() < 5) return [...items, { $patch: "replace" }];
  if (chance() < 40) {
    const names = items.filter((item) => !("$patch" in item)).map((item) => ({ [mergeKey]: item[mergeKey] }));
    part[`$setElementOrder/${key}`] = names;
  }
  return items;
}

/** A value without nulls and without what is empty: what two programs that write JSON agree on. */
export function essence(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(essence);
  if (!isMap(value)) return value;
  const fields = Object.entries(value).map(([key, field]) => [key, essence(field)] as const).filter(([, field]) =>
    field !== null && !(typeof field === "object" && Object.keys(field as object).length === 0)
  );
  return Object.fromEntries(fields);
}
