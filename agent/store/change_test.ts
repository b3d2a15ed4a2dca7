import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { silentLogger } from "../telemetry/log.ts";
import { MemoryStore, type ObjectStore, Store, StoreError, type StoreEvent, type StoreObject } from "./mod.ts";

interface Config extends StoreObject {
  data?: Record<string, string>;
}

const object = (data: Record<string, string> = {}, metadata: Partial<Config["metadata"]> = {}): Config => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", namespace: "default", ...metadata },
  data,
});

const at = ["local", "ConfigMap", "default", "a"] as const;

/** Both stores keep the same rules. */
const stores: Record<string, (clock: ManualClock) => ObjectStore & { close?(): Promise<void> }> = {
  "the store": (clock) => Store.open(":memory:", { log: silentLogger, clock }),
  "the store in memory": (clock) => {
    let version = 0;
    return new MemoryStore({
      log: silentLogger,
      clock,
      versions: {
        get resourceVersion() {
          return String(version);
        },
        nextVersion: () => String(++version),
      },
    });
  },
};

for (const [name, open] of Object.entries(stores)) {
  const test = (what: string, run: (store: ObjectStore, clock: ManualClock) => Promise<void>) =>
    Deno.test(`${name}: change() ${what}`, async () => {
      const clock = new ManualClock();
      const store = open(clock);
      try {
        await run(store, clock);
      } finally {
        await store.close?.();
      }
    });

  test("makes, changes and removes an object, and tells of each", async (store) => {
    const told: string[] = [];
    store.watch(({ type, object, previous }: StoreEvent) =>
      told.push(`${type} ${(object as Config).data?.x} ${(previous as Config | undefined)?.data?.x}`)
    );
    const made = await store.change<Config>(...at, (current) => {
      assert.equal(current, undefined);
      return object({ x: "1" });
    });
    assert.ok(made!.metadata.uid);
    const changed = await store.change<Config>(...at, (current) => ({ ...current!, data: { x: "2" } }));
    assert.equal(changed!.metadata.uid, made!.metadata.uid);
    assert.ok(Number(changed!.metadata.resourceVersion) > Number(made!.metadata.resourceVersion));
    assert.equal(await store.change(...at, () => undefined), undefined);
    assert.equal(store.get(...at), undefined);
    assert.deepEqual(told, ["ADDED 1 undefined", "MODIFIED 2 1", "DELETED 2 2"]);
  });

  test("sees what the changes before it made, also those of the same turn", async (store) => {
    await store.change<Config>(...at, () => object({ count: "0" }));
    const add = () =>
      store.change<Config>(...at, (current) => ({
        ...current!,
        data: { count: String(Number(current!.data!.count) + 1) },
      }));
    await Promise.all(Array.from({ length: 10 }, add));
    assert.equal(store.get<Config>(...at)!.data!.count, "10");
  });

  test("that throws changes nothing and rejects alone", async (store) => {
    await store.change<Config>(...at, () => object({ x: "1" }));
    const failing = store.change(...at, () => {
      throw new Error("no");
    });
    const fine = store.change<Config>(...at, (current) => ({ ...current!, data: { x: "2" } }));
    await assert.rejects(failing, /^Error: no$/);
    assert.equal((await fine)!.data!.x, "2");
  });

  test("that gives back what is there writes nothing", async (store) => {
    const made = await store.change<Config>(...at, () => object({ x: "1" }));
    const version = store.resourceVersion;
    assert.equal(await store.change<Config>(...at, (current) => current), made);
    await store.change<Config>(...at, (current) => structuredClone(current));
    assert.equal(store.get(...at), made);
    assert.equal(store.resourceVersion, version);
    assert.equal(await store.change("local", "ConfigMap", "default", "none", () => undefined), undefined);
  });

  test("takes a new object's status, later ones only when asked to", async (store) => {
    const made = await store.change<Config>(...at, () => ({ ...object(), status: { phase: "first" } }));
    assert.deepEqual(made!.status, { phase: "first" });
    const kept = await store.change<Config>(
      ...at,
      (current) => ({ ...current!, data: { a: "b" }, status: { phase: "x" } }),
    );
    assert.deepEqual(kept!.status, { phase: "first" });
    const written = await store.change<Config>(...at, (current) => ({ ...current!, status: { phase: "second" } }), {
      status: true,
    });
    assert.deepEqual([written!.status, written!.data], [{ phase: "second" }, { a: "b" }]);
  });

  test("ends an object with a grace; finalizers and reasons are the caller's", async (store, clock) => {
    await store.change<Config>(...at, () => object());
    const ending = await store.change<Config>(...at, (_, end) => end(30));
    assert.equal(ending!.metadata.deletionGracePeriodSeconds, 30);
    assert.equal(Date.parse(ending!.metadata.deletionTimestamp!), clock.now() + 30_000);
    const kept = await store.change<Config>(...at, (current) => ({
      ...current!,
      metadata: { ...current!.metadata, deletionTimestamp: undefined },
    }));
    assert.equal(kept!.metadata.deletionTimestamp, ending!.metadata.deletionTimestamp, "nobody takes that back");
  });

  test("tried dry says what would be and does nothing", async (store) => {
    const version = store.resourceVersion;
    const made = await store.change<Config>(...at, () => object({ x: "1" }), { dryRun: true });
    assert.ok(made!.metadata.uid);
    assert.equal(store.get(...at), undefined);
    await assert.rejects(
      store.change(...at, () => {
        throw new Error("no");
      }, { dryRun: true }),
      /no/,
    );
    const real = await store.change<Config>(...at, () => object({ x: "1" }));
    const changed = await store.change<Config>(...at, (current) => ({ ...current!, data: {} }), { dryRun: true });
    assert.deepEqual(changed!.data, {});
    assert.equal(changed!.metadata.resourceVersion, real!.metadata.resourceVersion);
    assert.equal(store.get(...at), real);
    assert.ok(Number(real!.metadata.resourceVersion) === Number(version) + 1);
  });

  test("refuses an object under another name than its own, and what is too large", async (store) => {
    const code = (expected: string) => (err: unknown) => err instanceof StoreError && err.code === expected;
    await assert.rejects(store.change<Config>(...at, () => object({}, { name: "b" })), code("invalid"));
    const large = () => object({ x: "x".repeat(2 << 20) });
    await assert.rejects(store.change<Config>(...at, large), code("tooLarge"));
    await assert.rejects(store.change<Config>(...at, large, { dryRun: true }), code("tooLarge"));
    assert.equal(store.get(...at), undefined);
  });
}

Deno.test("what change() wrote, status and all, is there again after a restart", async () => {
  const dir = Deno.makeTempDirSync();
  try {
    const file = `${dir}/state.db`;
    const first = Store.open(file, { log: silentLogger });
    await first.change<Config>(...at, () => ({ ...object({ x: "1" }), status: { phase: "a" } }));
    await first.change<Config>(...at, (current) => ({ ...current!, status: { phase: "b" } }), { status: true });
    const before = first.get(...at);
    await first.close();
    const second = Store.open(file, { log: silentLogger });
    assert.deepEqual(second.get(...at), before);
    assert.deepEqual(second.get<Config>(...at)!.status, { phase: "b" });
    await second.close();
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});

Deno.test("where the disk refuses, change() is rejected and nothing of it is seen", async () => {
  let full = false;
  const store = Store.open(":memory:", {
    log: silentLogger,
    wrapJournal: (journal) => ({
      write(changes, options) {
        if (full) throw new StoreError("full", "full");
        journal.write(changes, options);
      },
      close: () => journal.close(),
    }),
  });
  const made = await store.change<Config>(...at, () => object({ x: "1" }));
  full = true;
  await assert.rejects(
    store.change<Config>(...at, (current) => ({ ...current!, data: {} })),
    (err) => err instanceof StoreError && err.code === "full",
  );
  assert.equal(store.get(...at), made);
  full = false;
  await store.close();
});
