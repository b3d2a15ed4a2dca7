/** The store on a real disk: what survives, and what is made of damage, a full disk and a read-only one. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { ManualClock } from "../clock.ts";
import { silentLogger } from "../telemetry/log.ts";
import { isLocked, isReadOnly, isStorageFull } from "./errors.ts";
import { Store, type StoreOptions } from "./store.ts";
import type { StoreObject } from "./types.ts";

const pod = (name: string, spec: unknown = { containers: [] }): StoreObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default" },
  spec,
});

class Disk implements Disposable {
  root = Deno.makeTempDirSync({ prefix: "islet-store-" });
  dir = join(this.root, "state");
  file = join(this.dir, "state.db");
  mounted = false;

  open = (options: Partial<StoreOptions> = {}) => Store.open(this.file, { log: silentLogger, ...options });

  /** A file system of its own under the store. */
  mount(...options: string[]) {
    Deno.mkdirSync(this.dir, { recursive: true });
    run("mount", "-t", "tmpfs", "-o", ["mode=700", ...options].join(","), "islet-test", this.dir);
    this.mounted = true;
  }

  names = () => [...Deno.readDirSync(this.dir)].map(({ name }) => name).sort();

  [Symbol.dispose]() {
    if (this.mounted) run("umount", "-l", this.dir);
    Deno.removeSync(this.root, { recursive: true });
  }
}

function run(command: string, ...args: string[]) {
  const { success, stderr } = new Deno.Command(command, { args }).outputSync();
  if (!success) throw new Error(`Cannot ${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

const names = (store: Store) => store.list<StoreObject>("Pod").map(({ object }) => object.metadata.name);

Deno.test("everything is there again after closing, with its status, records, versions and the last time", async () => {
  using disk = new Disk();
  const clock = new ManualClock(Date.UTC(2026, 5, 1));
  let store = disk.open({ clock });
  const stored = await store.put("local", pod("web", { big: "é".repeat(20_000) }));
  await store.put("control-plane", { apiVersion: "v1", kind: "Node", metadata: { name: "node" } });
  store.putStatus("local", "Pod", "default", "web", stored.metadata.uid!, { phase: "Running" });
  store.setRecord("backoff", "k", [1, 2]);
  const before = [store.get("local", "Pod", "default", "web"), store.get("control-plane", "Node", "", "node")];
  const version = Number(store.resourceVersion);
  await store.close();
  store = disk.open({ clock: new ManualClock(0) });
  assert.deepEqual(
    [store.get("local", "Pod", "default", "web"), store.get("control-plane", "Node", "", "node")],
    before,
  );
  assert.deepEqual(store.record("backoff", "k"), [1, 2]);
  assert.equal(store.rebuilt, undefined);
  assert.equal(store.lastKnownTime, Date.UTC(2026, 5, 1));
  assert.ok(Number(store.resourceVersion) > version);
  assert.ok(Object.isFrozen(store.get<StoreObject>("local", "Pod", "default", "web")!.metadata));
  await store.close();
});

Deno.test("the directory is 0700 and every file 0600", async () => {
  using disk = new Disk();
  const store = disk.open();
  await store.put("local", pod("web"));
  assert.equal(Deno.statSync(disk.dir).mode! & 0o777, 0o700);
  assert.deepEqual(disk.names(), ["state.db", "state.db-wal", "state.db.version"]);
  for (const name of disk.names()) assert.equal(Deno.statSync(join(disk.dir, name)).mode! & 0o777, 0o600, name);
  await store.close();
});

Deno.test("what was acknowledged survives kill -9, in a database that is whole", async () => {
  using disk = new Disk();
  const program = `
    import { Store } from ${JSON.stringify(import.meta.resolve("./store.ts"))};
    import { silentLogger } from ${JSON.stringify(import.meta.resolve("../telemetry/log.ts"))};
    const store = Store.open(${JSON.stringify(disk.file)}, { log: silentLogger });
    for (let i = 0; i < 10; i++) {
      await store.put("local", { apiVersion: "v1", kind: "Pod", metadata: { name: "p" + i, namespace: "default" }, spec: {} });
    }
    Deno.kill(Deno.pid, "SIGKILL");`;
  const { signal } = await new Deno.Command(Deno.execPath(), { args: ["eval", program] }).output();
  assert.equal(signal, "SIGKILL");
  const store = disk.open();
  assert.equal(store.rebuilt, undefined);
  assert.equal(names(store).length, 10);
  await store.close();
});

Deno.test("a second process is told that the store is in use", async () => {
  using disk = new Disk();
  const store = disk.open();
  await store.put("local", pod("web"));
  assert.throws(() => disk.open(), isLocked);
  await store.close();
  assert.deepEqual(disk.names(), ["state.db", "state.db.version"]);
});

/** What may be found where the database should be, and what is made of it. */
const damages: [string, (file: string) => void, string][] = [
  ["garbage", (file) => Deno.writeTextFileSync(file, "garbage ".repeat(1000)), "corrupt"],
  ["a truncated file", (file) => Deno.truncateSync(file, 5000), "corrupt"],
  ["a file whose pages are overwritten", overwrite, "corrupt"],
  ["an empty file", (file) => Deno.truncateSync(file, 0), "missing"],
  ["nothing", (file) => Deno.removeSync(file), "missing"],
  ["a directory", (file) => (Deno.removeSync(file), Deno.mkdirSync(file)), "unreadable"],
  ["another schema", (file) => sql(file, "DROP TABLE objects"), "corrupt"],
  ["a newer version's file", (file) => sql(file, "PRAGMA user_version = 99"), "newer-version"],
];

for (const [what, damage, rebuilt] of damages) {
  Deno.test(`${what} instead of the database: a fresh one, above every earlier version`, async () => {
    using disk = new Disk();
    let store = disk.open();
    for (let i = 0; i < 50; i++) store.put("local", pod(`p${i}`, { text: "x".repeat(500) }));
    await store.flush();
    const version = Number(store.resourceVersion);
    await store.close();
    damage(disk.file);
    store = disk.open({ clock: new ManualClock(0) });
    assert.equal(store.rebuilt, rebuilt);
    assert.deepEqual(names(store), []);
    assert.ok(Number(store.resourceVersion) > version);
    assert.equal(disk.names().includes("state.db.corrupt-1"), rebuilt !== "missing");
    await store.put("local", pod("after"));
    await store.close();
    store = disk.open();
    assert.equal(store.rebuilt, undefined);
    assert.deepEqual(names(store), ["after"]);
    await store.close();
  });
}

/** Every page but the first: the header looks well. */
function overwrite(file: string) {
  const bytes = Deno.readFileSync(file);
  Deno.writeFileSync(file, bytes.fill(0xa5, 4096));
}

function sql(file: string, text: string) {
  const db = new DatabaseSync(file);
  db.exec(text);
  db.close();
}

Deno.test("a log that was deleted after a crash loses its last writes and nothing else", async () => {
  using disk = new Disk();
  let store = disk.open();
  await store.put("local", pod("early"));
  await store.close();
  store = disk.open();
  await store.put("local", pod("late"));
  // As a crash leaves it: the database without the log.
  Deno.copyFileSync(disk.file, disk.file + ".copy");
  await store.close();
  Deno.renameSync(disk.file + ".copy", disk.file);
  store = disk.open();
  assert.equal(store.rebuilt, undefined);
  assert.deepEqual(names(store), ["early"]);
  await store.close();
});

Deno.test("one damaged row is dropped, the others stay", async () => {
  using disk = new Disk();
  let store = disk.open();
  await store.put("local", pod("good"));
  await store.put("local", pod("bad"));
  await store.close();
  sql(disk.file, "UPDATE objects SET body = '{half' WHERE name = 'bad'");
  store = disk.open();
  assert.deepEqual(names(store), ["good"]);
  await store.close();
  const db = new DatabaseSync(disk.file);
  assert.deepEqual(db.prepare("SELECT name FROM objects").all().map((row) => row.name), ["good"]);
  db.close();
});

Deno.test("damaged files are kept for a look, the last three of them", async () => {
  using disk = new Disk();
  for (let i = 0; i < 6; i++) {
    const store = disk.open();
    await store.close();
    Deno.writeTextFileSync(disk.file, "garbage");
    Deno.writeTextFileSync(disk.file + "-wal", "garbage");
  }
  await disk.open().close();
  assert.deepEqual(disk.names().filter((name) => name.includes("corrupt")), [
    "state.db.corrupt-4",
    "state.db.corrupt-5",
    "state.db.corrupt-6",
  ]);
});

Deno.test("damage found while running is mended from memory: no write is lost, nobody notices", async () => {
  using disk = new Disk();
  let journals = 0;
  let damaged = false;
  let store = disk.open({
    wrapJournal: (journal) => {
      const first = journals++ === 0;
      return {
        write(changes, options) {
          if (first && damaged) throw new Error("database disk image is malformed");
          journal.write(changes, options);
        },
        close: () => journal.close(),
      };
    },
  });
  const watched: string[] = [];
  store.watch(({ type, object }) => void watched.push(`${type} ${object.metadata.name}`));
  const first = await store.put("local", pod("first"));
  store.putStatus("local", "Pod", "default", "first", first.metadata.uid!, { phase: "Running" });
  store.setRecord("t", "k", 1);
  await store.flush();
  damaged = true;
  await store.put("local", pod("second"));
  assert.equal(journals, 2);
  assert.deepEqual(watched, ["ADDED first", "MODIFIED first", "ADDED second"]);
  assert.equal(store.rebuilt, undefined);
  await store.close();
  assert.ok(disk.names().includes("state.db.corrupt-1"));
  store = disk.open();
  assert.deepEqual(names(store), ["first", "second"]);
  assert.deepEqual(store.get<StoreObject>("local", "Pod", "default", "first")!.status, { phase: "Running" });
  assert.equal(store.record("t", "k"), 1);
  await store.close();
});

Deno.test("a full disk refuses writes and takes them again when there is room", async () => {
  using disk = new Disk();
  disk.mount("size=400k");
  let store = disk.open();
  await store.put("local", pod("web"));
  const filler = join(disk.dir, "filler");
  fill(filler);
  let refused: unknown;
  // The log has some room of its own: write until it is used up.
  for (let i = 0; i < 50 && !refused; i++) {
    await store.put("local", pod(`more${i}`, { text: "x".repeat(20_000) })).catch((err) => refused = err);
  }
  assert.ok(isStorageFull(refused), String(refused));
  assert.ok(isStorageFull(store.problem));
  const kept = names(store);
  const web = store.get<StoreObject>("local", "Pod", "default", "web")!;
  store.putStatus("local", "Pod", "default", "web", web.metadata.uid!, { text: "y".repeat(30_000) });
  await assert.rejects(store.flush(), isStorageFull);
  Deno.removeSync(filler);
  await store.flush();
  assert.equal(store.problem, undefined);
  await store.put("local", pod("after"));
  await store.close();
  store = disk.open();
  assert.deepEqual(names(store), [...kept, "after"]);
  assert.deepEqual(Object.keys(store.get<StoreObject>("local", "Pod", "default", "web")!.status!), ["text"]);
  await store.close();
});

Deno.test("a disk that is full at the start is read, and written when there is room", async () => {
  using disk = new Disk();
  disk.mount("size=400k");
  let store = disk.open();
  await store.put("local", pod("web"));
  await store.close();
  const filler = join(disk.dir, "filler");
  fill(filler);
  store = disk.open();
  assert.deepEqual(names(store), ["web"]);
  assert.equal(store.rebuilt, undefined);
  await assert.rejects(store.put("local", pod("new", { text: "x".repeat(100_000) })), isStorageFull);
  Deno.removeSync(filler);
  await store.put("local", pod("new"));
  await store.close();
  store = disk.open();
  assert.deepEqual(names(store), ["web", "new"]);
  await store.close();
});

Deno.test("a disk that becomes read-only, or is so at the start, is read on, and written when it can be", async () => {
  using disk = new Disk();
  disk.mount("size=4m");
  const store = disk.open();
  await store.put("local", pod("web"));
  await store.close();

  // At the start, where SQLite could not even open it.
  run("mount", "-o", "remount,ro", disk.dir);
  const readOnly = disk.open();
  assert.deepEqual(names(readOnly), ["web"]);
  assert.equal(readOnly.rebuilt, undefined);
  assert.ok(isReadOnly(readOnly.problem));
  const { uid } = readOnly.get<StoreObject>("local", "Pod", "default", "web")!.metadata;
  readOnly.putStatus("local", "Pod", "default", "web", uid!, { phase: "Running" });
  await assert.rejects(readOnly.put("local", pod("new")), /Cannot write the store/);
  run("mount", "-o", "remount,rw", disk.dir);
  await readOnly.put("local", pod("new"));
  assert.equal(readOnly.problem, undefined);
  await readOnly.close();

  const again = disk.open();
  assert.deepEqual(names(again), ["web", "new"]);
  assert.deepEqual(again.get<StoreObject>("local", "Pod", "default", "web")!.status, { phase: "Running" });
  await again.close();
});

/** Takes all room there is. */
function fill(path: string) {
  using file = Deno.openSync(path, { create: true, write: true });
  for (let size = 65536; size >= 1; size = Math.floor(size / 2)) {
    try {
      while (true) file.writeSync(new Uint8Array(size));
    } catch { /* smaller pieces */ }
  }
}
