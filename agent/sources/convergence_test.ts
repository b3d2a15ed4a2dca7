/** Whatever people do with the files, and whatever happens to the rows: in the end the store says what the files say. */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { Store, type StoreObject } from "../store/mod.ts";
import { EventRing } from "../telemetry/events.ts";
import { silentLogger } from "../telemetry/log.ts";
import { isFromFile } from "./annotations.ts";
import { ManifestSource } from "./manifest_source.ts";
import { configMap, manifest, parseLines, pod } from "./testing.ts";
import { identityOf } from "./types.ts";

const object = fc.oneof(
  fc.record({ name: fc.constantFrom("a", "b"), image: fc.constantFrom("1", "2"), host: fc.boolean() }).map((one) =>
    pod(one.name, { hostNetwork: one.host, containers: [{ name: "main", image: one.image }] })
  ),
  fc.record({ name: fc.constantFrom("a", "b"), value: fc.constantFrom("1", "2") }).map((one) =>
    configMap(one.name, { value: one.value })
  ),
);
const name = fc.constantFrom("one.yaml", "two.yaml", "three.yaml");
const objects = fc.uniqueArray(object, { selector: identityOf, maxLength: 3 });

type Operation =
  | { do: "write" | "place" | "append"; name: string; objects: StoreObject[] }
  | { do: "break" | "empty" | "remove" | "touch"; name: string }
  | { do: "rename"; name: string; to: string }
  | { do: "restart" | "endPods" | "deleteRows" | "pause" };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ do: fc.constantFrom("write" as const, "place" as const, "append" as const), name, objects }),
  fc.record({ do: fc.constantFrom("break" as const, "empty" as const, "remove" as const, "touch" as const), name }),
  fc.record({ do: fc.constant("rename" as const), name, to: name }),
  fc.record({
    do: fc.constantFrom("restart" as const, "endPods" as const, "deleteRows" as const, "pause" as const),
  }),
);

Deno.test("any sequence of changes of files and rows converges to what the directory says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 25 }), async (operations) => {
      const root = Deno.makeTempDirSync({ prefix: "islet-converge-" });
      const dir = join(root, "m");
      Deno.mkdirSync(dir);
      const store = Store.open(":memory:", { log: silentLogger });
      // A pod whose row was written while the one before was ending, or taken from under it, would show here.
      const wrong: string[] = [];
      store.watch(({ type, object, previous }) => {
        if (type !== "MODIFIED" || !previous) return;
        if (object.metadata.uid !== previous.metadata.uid) wrong.push(`${identityOf(object)} changed its UID`);
        const before = JSON.stringify({ ...previous.spec as object, containers: 0, nodeName: 0 });
        const after = JSON.stringify({ ...object.spec as object, containers: 0, nodeName: 0 });
        if (object.kind === "Pod" && before !== after) {
          wrong.push(`${identityOf(object)} was edited beyond the allowed`);
        }
      });
      const make = () =>
        new ManifestSource({
          dir,
          store,
          log: silentLogger,
          events: new EventRing({ nodeName: "node" }),
          nodeName: "node",
          parse: parseLines,
          settleMs: 1,
          holdMs: 1,
          retryMs: 1,
        });
      let source = make();
      await source.start();
      try {
        for (const one of operations) {
          source = await perform(one, { dir, root, store, source, make }) ?? source;
        }
        // What is broken says nothing: take it away, so that every file says what it means.
        for (const { name } of Deno.readDirSync(dir)) {
          const text = Deno.readTextFileSync(join(dir, name));
          if (text === "" || text.includes("broken")) Deno.removeSync(join(dir, name));
        }
        const expected = contents(dir);
        // Rounds of looking at the files and ending what is ending: three are enough for any replacement.
        let rows: StoreObject[] = [];
        for (let round = 0; round < 50; round++) {
          source.recheck();
          await source.idle();
          await endPods(store);
          await source.idle();
          await new Promise((resolve) => setTimeout(resolve, 2));
          rows = ownRows(store);
          if (matches(rows, expected)) break;
        }
        assert.ok(matches(rows, expected), `${JSON.stringify(rows)} is not ${JSON.stringify([...expected])}`);
        assert.deepEqual(source.waiting(), []);
        assert.deepEqual(wrong, []);
      } finally {
        await source.stop();
        await store.close();
        Deno.removeSync(root, { recursive: true });
      }
    }),
    { numRuns: 60 },
  );
});

interface World {
  dir: string;
  root: string;
  store: Store;
  source: ManifestSource;
  make: () => ManifestSource;
}

async function perform(one: Operation, { dir, root, store, source, make }: World): Promise<ManifestSource | undefined> {
  const path = "name" in one ? join(dir, one.name) : "";
  try {
    switch (one.do) {
      case "write":
        return void Deno.writeTextFileSync(path, manifest(...one.objects));
      case "append":
        return void Deno.writeTextFileSync(path, manifest(...one.objects), { append: true });
      case "place":
        Deno.writeTextFileSync(join(root, "placing"), manifest(...one.objects));
        return void Deno.renameSync(join(root, "placing"), path);
      case "break":
        return void Deno.writeTextFileSync(path, "broken\n");
      case "empty":
        return void Deno.writeTextFileSync(path, "");
      case "remove":
        return void Deno.removeSync(path);
      case "touch":
        return void Deno.utimeSync(path, 1, 1);
      case "rename":
        return void Deno.renameSync(path, join(dir, one.to));
      case "restart": {
        await source.stop();
        const next = make();
        await next.start();
        return next;
      }
      case "endPods":
        return void await endPods(store);
      case "deleteRows":
        for (const row of ownRows(store)) {
          if (row.kind !== "Pod") await store.remove("local", row.kind, row.metadata.namespace!, row.metadata.name);
        }
        return;
      case "pause":
        return void await new Promise((resolve) => setTimeout(resolve, 3));
      default:
        return one satisfies never;
    }
  } catch (err) {
    if (!(err instanceof Deno.errors.NotFound)) throw err;
  }
}

/** What the pod manager does with pods that are ending. */
async function endPods(store: Store): Promise<void> {
  for (const { metadata } of ownRows(store).filter(({ kind }) => kind === "Pod")) {
    if (metadata.deletionTimestamp) {
      await store.remove("local", "Pod", metadata.namespace!, metadata.name, metadata.uid);
    }
  }
}

function ownRows(store: Store): StoreObject[] {
  return store.kinds().flatMap((kind) => store.list(kind)).map(({ object }) => object).filter(isFromFile);
}

/** By identity, every version that some file has of it. */
function contents(dir: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { name } of Deno.readDirSync(dir)) {
    for (const line of Deno.readTextFileSync(join(dir, name)).split("\n").filter(Boolean)) {
      const object = JSON.parse(line) as StoreObject;
      found.set(identityOf(object), [...found.get(identityOf(object)) ?? [], said(object)]);
    }
  }
  return found;
}

function matches(rows: StoreObject[], expected: Map<string, string[]>): boolean {
  return rows.length === expected.size &&
    rows.every((row) => !row.metadata.deletionTimestamp && expected.get(identityOf(row))?.includes(said(row)));
}

/** What an object says, apart from what sources and store add. */
function said({ spec, ...rest }: StoreObject): string {
  const { nodeName: _, ...own } = (spec ?? {}) as Record<string, unknown>;
  return JSON.stringify([own, (rest as { data?: unknown }).data]);
}
