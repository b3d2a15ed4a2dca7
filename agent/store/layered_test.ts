import { deepEqual, equal, rejects } from "node:assert/strict";
import { silentLogger } from "../telemetry/log.ts";
import { LayeredStore, MemoryStore, Store, type StoreObject } from "./mod.ts";

const thing = (name: string, more: Partial<StoreObject["metadata"]> = {}): StoreObject => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name, ...more },
});
const volatile = (name: string) => thing(name, { labels: { volatile: "yes" } });

async function layered(
  test: (given: {
    disk: Store;
    memory: MemoryStore;
    store: LayeredStore;
    told: string[];
    put: (object: StoreObject) => Promise<StoreObject | undefined>;
    remove: (name: string) => Promise<StoreObject | undefined>;
  }) => Promise<void>,
) {
  const disk = Store.open(":memory:", { log: silentLogger });
  const memory = new MemoryStore({ log: silentLogger, versions: disk });
  const store = new LayeredStore({ disk, memory, isVolatile: ({ metadata }) => metadata.labels?.volatile === "yes" });
  const told: string[] = [];
  let last = 0;
  store.watch(({ type, object }) => {
    const version = Number(object.metadata.resourceVersion);
    told.push(`${type} ${object.metadata.name}${version > last ? "" : " out of order"}`);
    last = version;
  }, { kind: "Thing" });
  const put = (object: StoreObject) =>
    store.change(
      "local",
      "Thing",
      "",
      object.metadata.name,
      (current) => current ? { ...current, metadata: { ...current.metadata, labels: object.metadata.labels } } : object,
    );
  const remove = (name: string) => store.change("local", "Thing", "", name, () => undefined);
  await test({ disk, memory, store, told, put, remove });
  await disk.close();
}
const names = (store: Pick<Store, "list">) =>
  store.list<StoreObject>("Thing").map(({ object }) => object.metadata.name);

Deno.test("what is volatile is kept in memory, the rest on disk; both are listed, found and told of", () =>
  layered(async ({ disk, memory, store, told, put, remove }) => {
    await put(thing("a"));
    await put(volatile("b"));
    deepEqual([names(disk), names(memory), names(store)], [["a"], ["b"], ["a", "b"]]);
    equal(store.get<StoreObject>("local", "Thing", "", "b")?.metadata.name, "b");
    await remove("b");
    await remove("a");
    deepEqual(names(store), []);
    deepEqual(told, ["ADDED a", "ADDED b", "DELETED b", "DELETED a"]);
  }));

Deno.test("what ceases to be volatile moves to disk under its UID; what becomes volatile stays until somebody moves it", () =>
  layered(async ({ disk, memory, put }) => {
    const before = await put(volatile("a"));
    const after = await put(thing("a"));
    equal(after?.metadata.uid, before?.metadata.uid);
    deepEqual([names(disk), names(memory)], [["a"], []]);
    await put(volatile("a"));
    deepEqual([names(disk), names(memory)], [["a"], []]);
  }));

Deno.test("of two of one name the one on disk is seen, and the other shows when it is gone", () =>
  layered(async ({ disk, memory, store, told }) => {
    memory.changeNow("local", "Thing", "", "a", () => volatile("a"));
    await disk.put("local", thing("a"));
    memory.changeNow(
      "local",
      "Thing",
      "",
      "a",
      (current) => ({ ...current!, metadata: { ...current!.metadata, labels: { volatile: "yes", more: "1" } } }),
    );
    deepEqual(names(store), ["a"]);
    equal(store.get<StoreObject>("local", "Thing", "", "a")?.metadata.labels, undefined);
    await disk.remove("local", "Thing", "", "a");
    equal(store.get<StoreObject>("local", "Thing", "", "a")?.metadata.labels?.more, "1");
    deepEqual(told, ["ADDED a", "MODIFIED a", "MODIFIED a"]);
  }));

Deno.test("a change tried dry moves nothing; one that throws changes nothing", () =>
  layered(async ({ disk, memory, store, put }) => {
    await put(volatile("a"));
    const tried = await store.change("local", "Thing", "", "a", () => thing("a"), { dryRun: true });
    equal(tried?.metadata.labels, undefined);
    await rejects(
      store.change("local", "Thing", "", "b", () => {
        throw new Error("no");
      }),
      /no/,
    );
    deepEqual([names(disk), names(memory)], [[], ["a"]]);
  }));
