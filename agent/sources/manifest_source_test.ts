import assert from "node:assert/strict";
import { join } from "node:path";
import { Store } from "../store/mod.ts";
import { EventRing } from "../telemetry/events.ts";
import { createLogger, silentLogger } from "../telemetry/log.ts";
import { sourceFile, specHash } from "./annotations.ts";
import { ManifestSource, type ManifestSourceOptions } from "./manifest_source.ts";
import { configMap, manifest, parseLines, pod, until } from "./testing.ts";

/** A directory with its source and store; files are written as people's tools write them. */
class Bench implements AsyncDisposable {
  root = Deno.makeTempDirSync({ prefix: "islet-source-" });
  dir = join(this.root, "manifests");
  store: Store;
  events = new EventRing({ nodeName: "node" });
  lines: string[] = [];
  source?: ManifestSource;

  constructor(store?: Store) {
    Deno.mkdirSync(this.dir);
    this.store = store ?? Store.open(":memory:", { log: silentLogger });
  }

  async start(options: Partial<ManifestSourceOptions> = {}): Promise<ManifestSource> {
    await this.source?.stop();
    this.source = new ManifestSource({
      dir: this.dir,
      store: this.store,
      log: createLogger({ format: "json", write: (line) => this.lines.push(line) }),
      events: this.events,
      nodeName: "node",
      parse: parseLines,
      settleMs: 30,
      holdMs: 30,
      retryMs: 20,
      ...options,
    });
    await this.source.start();
    return this.source;
  }

  path = (name: string) => join(this.dir, name);
  write = (name: string, text: string) => Deno.writeTextFileSync(this.path(name), text);
  /** Written elsewhere and renamed into place. */
  place(name: string, text: string) {
    const temporary = join(this.root, "placing");
    Deno.writeTextFileSync(temporary, text);
    Deno.renameSync(temporary, this.path(name));
  }
  get = (name: string, kind = "Pod") => this.store.get("local", kind, "default", name);
  uid = (name: string) => this.get(name)?.metadata.uid;
  /** What the pod manager does with a pod that is ending. */
  end = (name: string) => this.store.remove("local", "Pod", "default", name);
  /** Everything has been looked at. */
  async settled() {
    this.source!.recheck();
    await this.source!.idle();
    await new Promise((resolve) => setTimeout(resolve, 80));
    await this.source!.idle();
  }
  warnings = (msg: string) => this.lines.map((line) => JSON.parse(line)).filter((line) => line.msg === msg);

  async [Symbol.asyncDispose]() {
    await this.source?.stop();
    await this.store.close();
    Deno.removeSync(this.root, { recursive: true });
  }
}

Deno.test("start() stores what the directory holds, annotated, under UIDs of its own", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(configMap("settings"), pod("web", {}, { uid: "given", annotations: { mine: "1" } })));
  await bench.start();
  const web = bench.get("web")!;
  assert.match(web.metadata.uid!, /^[0-9a-f-]{36}$/);
  assert.equal(web.metadata.annotations!["kubernetes.io/config.source"], "file");
  assert.equal(web.metadata.annotations![sourceFile], bench.path("a.yaml"));
  assert.equal(web.metadata.annotations!.mine, "1");
  assert.equal(web.metadata.annotations![specHash], web.metadata.annotations!["kubernetes.io/config.hash"]);
  assert.equal((web.spec as { nodeName: string }).nodeName, "node");
  assert.deepEqual((bench.get("settings", "ConfigMap") as unknown as { data: unknown }).data, { key: "value" });
});

Deno.test("a file renamed into place, written and closed, or linked is stored by its event alone", async () => {
  await using bench = new Bench();
  await bench.start({ settleMs: 3_600_000, fileCheckMs: 3_600_000 });
  bench.place("placed.yaml", manifest(pod("placed")));
  await until(() => bench.get("placed"));
  bench.write("written.yaml", manifest(pod("written")));
  await until(() => bench.get("written"));
  Deno.mkdirSync(bench.path("..1"));
  bench.write("..1/linked.yaml", manifest(pod("linked")));
  Deno.symlinkSync("..1", bench.path("..data"));
  Deno.symlinkSync("..data/linked.yaml", bench.path("linked.yaml"));
  await until(() => bench.get("linked"));
});

Deno.test("forty files placed in one moment are all stored, though most of their events are dropped", async () => {
  await using bench = new Bench();
  await bench.start({ settleMs: 3_600_000, fileCheckMs: 3_600_000 });
  const names = Array.from({ length: 40 }, (_, i) => `pod-${i}`);
  for (const name of names) bench.place(`${name}.yaml`, manifest(pod(name)));
  await until(() => names.every((name) => bench.get(name)));
});

Deno.test("a file that is being written waits until it is closed or quiet", async () => {
  await using bench = new Bench();
  await bench.start({ settleMs: 3_600_000, fileCheckMs: 3_600_000 });
  const text = new TextEncoder().encode(manifest(pod("one"), pod("two")));
  const half = text.indexOf(10) + 1;
  using file = Deno.openSync(bench.path("slow.yaml"), { create: true, write: true });
  file.writeSync(text.subarray(0, half));
  bench.place("marker.yaml", manifest(pod("marker")));
  await until(() => bench.get("marker"));
  assert.equal(bench.get("one"), undefined);
  file.writeSync(text.subarray(half));
  file[Symbol.dispose]();
  await until(() => bench.get("two"));
  assert.ok(bench.get("one"));

  await bench.start({ settleMs: 30, fileCheckMs: 3_600_000 });
  using open = Deno.openSync(bench.path("open.yaml"), { create: true, write: true });
  open.writeSync(new TextEncoder().encode(manifest(pod("quiet"))));
  await until(() => bench.get("quiet"));
});

Deno.test("a swapped ..data link changes every file behind it at once", async () => {
  await using bench = new Bench();
  for (const n of [1, 2]) {
    Deno.mkdirSync(bench.path(`..${n}`));
    bench.write(`..${n}/web.yaml`, manifest(pod("web", { containers: [{ name: "main", image: `web:${n}` }] })));
  }
  Deno.symlinkSync("..1", bench.path("..data"));
  Deno.symlinkSync("..data/web.yaml", bench.path("web.yaml"));
  await bench.start({ fileCheckMs: 3_600_000 });
  const uid = bench.uid("web");
  assert.ok(uid);
  Deno.symlinkSync("..2", bench.path("..data_tmp"));
  Deno.renameSync(bench.path("..data_tmp"), bench.path("..data"));
  await until(() => JSON.stringify(bench.get("web")).includes("web:2"));
  assert.equal(bench.uid("web"), uid);
});

Deno.test("touching, chmod, and writing the same text again change nothing", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(configMap("settings"), pod("web")));
  await bench.start();
  const before = [bench.get("web"), bench.get("settings", "ConfigMap"), bench.store.resourceVersion];
  Deno.utimeSync(bench.path("a.yaml"), 1, 1);
  await bench.settled();
  Deno.chmodSync(bench.path("a.yaml"), 0o600);
  await bench.settled();
  bench.write("a.yaml", manifest(configMap("settings"), pod("web")));
  await bench.settled();
  bench.write("a.yaml", `# a comment\n${manifest(pod("web"), configMap("settings"))}`);
  await bench.settled();
  assert.deepEqual([bench.get("web"), bench.get("settings", "ConfigMap"), bench.store.resourceVersion], before);
});

Deno.test("renaming a file changes the annotation and nothing else", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(pod("web")));
  await bench.start();
  const { uid, generation } = bench.get("web")!.metadata;
  Deno.renameSync(bench.path("a.yaml"), bench.path("b.yaml"));
  const moved = await until(() =>
    bench.get("web")!.metadata.annotations![sourceFile] === bench.path("b.yaml") && bench.get("web")
  );
  await bench.settled();
  assert.deepEqual({ uid: moved.metadata.uid, generation: moved.metadata.generation }, { uid, generation });
  assert.equal(bench.get("web")!.metadata.deletionTimestamp, undefined);
});

Deno.test("an editor that renames the old file away before it writes the new one ends no pod", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(pod("web")));
  await bench.start({ holdMs: 3_600_000 });
  const uid = bench.uid("web");
  Deno.renameSync(bench.path("a.yaml"), bench.path("a.yaml~"));
  await bench.settled();
  bench.write("a.yaml", manifest(pod("web", { containers: [{ name: "main", image: "web:2" }] })));
  await until(() => JSON.stringify(bench.get("web")).includes("web:2"));
  Deno.removeSync(bench.path("a.yaml~"));
  await bench.settled();
  assert.equal(bench.uid("web"), uid);
  assert.equal(bench.get("web")!.metadata.deletionTimestamp, undefined);
});

Deno.test("removing a file ends its pods with their own grace and deletes the rest", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(configMap("settings"), pod("web")));
  await bench.start();
  Deno.removeSync(bench.path("a.yaml"));
  const ending = await until(() => !!bench.get("web")!.metadata.deletionTimestamp && bench.get("web"));
  assert.equal(ending.metadata.deletionGracePeriodSeconds, 7);
  await until(() => bench.get("settings", "ConfigMap") === undefined);
  await bench.end("web");
  await bench.settled();
  assert.equal(bench.get("web"), undefined);
});

Deno.test("an edit that is not allowed on a live pod starts the next incarnation only when the row is gone", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(pod("web")));
  const source = await bench.start();
  const first = bench.uid("web");
  bench.place("a.yaml", manifest(pod("web", { hostNetwork: true })));
  await until(() => bench.get("web")!.metadata.deletionTimestamp);
  await bench.settled();
  assert.equal(bench.uid("web"), first);
  assert.deepEqual(source.waiting().map((one) => one.for), ["previous incarnation"]);
  await bench.end("web");
  const next = await until(() => bench.get("web"));
  assert.notEqual(next.metadata.uid, first);
  assert.equal((next.spec as { hostNetwork: boolean }).hostNetwork, true);
  assert.equal(next.metadata.deletionTimestamp, undefined);
});

Deno.test("a finished pod that is removed and added runs again; one that stays does not, even after a restart", async () => {
  await using bench = new Bench();
  bench.write("job.yaml", manifest(pod("job", { restartPolicy: "Never" })));
  await bench.start();
  const first = bench.uid("job")!;
  bench.store.putStatus("local", "Pod", "default", "job", first, { phase: "Succeeded" });
  await bench.start();
  await bench.settled();
  assert.equal(bench.uid("job"), first);
  assert.deepEqual(bench.get("job")!.status, { phase: "Succeeded" });
  const text = Deno.readTextFileSync(bench.path("job.yaml"));
  Deno.removeSync(bench.path("job.yaml"));
  await until(() => bench.get("job")!.metadata.deletionTimestamp);
  bench.write("job.yaml", text);
  await bench.settled();
  assert.equal(bench.uid("job"), first);
  await bench.end("job");
  const second = await until(() => bench.get("job"));
  assert.notEqual(second.metadata.uid, first);
  assert.equal(second.status, undefined);
});

Deno.test("a broken file keeps what it said, is told once, and shows in its pods' events", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(configMap("settings"), pod("web")));
  const source = await bench.start();
  const uid = bench.uid("web");
  bench.place("a.yaml", "not json\n");
  await until(() => source.problems().length > 0);
  await bench.settled();
  bench.place("a.yaml", "not json\n");
  await bench.settled();
  assert.equal(bench.uid("web"), uid);
  assert.equal(bench.get("web")!.metadata.deletionTimestamp, undefined);
  assert.ok(bench.get("settings", "ConfigMap"));
  assert.deepEqual(source.problems(), [
    { file: bench.path("a.yaml"), line: 1, column: 1, message: "no JSON", severity: "error" },
  ]);
  const told = bench.warnings("A manifest cannot be used; what it said last stays");
  assert.equal(told.length, 1);
  assert.deepEqual(told[0].problems, ["a.yaml:1:1: no JSON"]);
  const events = bench.events.list({ name: "web" });
  assert.deepEqual(events.map(({ reason, count, involvedObject }) => [reason, count, involvedObject.uid]), [
    ["FailedToParseManifest", 1, uid],
  ]);
  // Another error is told anew, and mending it ends the problem.
  bench.place("a.yaml", "other\n");
  await until(() => bench.warnings("A manifest cannot be used; what it said last stays").length === 2);
  bench.place("a.yaml", manifest(pod("web")));
  await until(() => source.problems().length === 0);
  await until(() => bench.get("settings", "ConfigMap") === undefined);
  assert.equal(bench.uid("web"), uid);
});

Deno.test("a file that was broken before the start keeps its rows, also under another name", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(configMap("settings"), pod("web")));
  await bench.start();
  const uid = bench.uid("web");
  await bench.source!.stop();
  bench.write("a.yaml", "broken\n");
  await bench.start();
  await bench.settled();
  assert.equal(bench.events.list({ name: "web" }).length, 1);
  Deno.renameSync(bench.path("a.yaml"), bench.path("b.yaml"));
  await bench.settled();
  await bench.settled();
  assert.equal(bench.uid("web"), uid);
  assert.equal(bench.get("web")!.metadata.deletionTimestamp, undefined);
  assert.ok(bench.get("settings", "ConfigMap"));
  Deno.removeSync(bench.path("b.yaml"));
  await until(() => bench.get("web")!.metadata.deletionTimestamp);
});

Deno.test("a replaced pod whose file breaks before the old one is gone comes back as last said", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(pod("web")));
  await bench.start();
  bench.place("a.yaml", manifest(pod("web", { hostNetwork: true })));
  await until(() => bench.get("web")!.metadata.deletionTimestamp);
  bench.place("a.yaml", "broken\n");
  await until(() => bench.source!.problems().length > 0);
  await bench.end("web");
  const next = await until(() => bench.get("web"));
  assert.equal((next.spec as { hostNetwork: boolean }).hostNetwork, true);
});

Deno.test("what cannot be a manifest is a problem of its own, and removes nothing", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(pod("web")));
  const source = await bench.start();
  bench.write("big.yaml", "#".repeat(1024 * 1024 + 1));
  Deno.symlinkSync("loop.yaml", bench.path("loop.yaml"));
  Deno.symlinkSync("nowhere", bench.path("dangling.yaml"));
  Deno.writeFileSync(bench.path("latin.yaml"), new Uint8Array([0x61, 0xff, 0xfe, 0x0a]));
  bench.place("a.yaml", "");
  Deno.mkdirSync(bench.path("folder.yaml"));
  await bench.settled();
  assert.deepEqual(source.problems().map(({ message }) => message), [
    "Cannot read a.yaml: it is empty",
    "Cannot read big.yaml: it has 1048577 bytes, more than 1048576",
    "Cannot read dangling.yaml: it is a symbolic link to nothing",
    "Cannot read latin.yaml: it is not UTF-8 text",
    "Cannot read loop.yaml: its symbolic links go round in a circle",
  ]);
  assert.equal(bench.get("web")!.metadata.deletionTimestamp, undefined);
});

Deno.test({
  name: "a FIFO is passed over and stops nothing",
  // Its descriptor is held on purpose: see `HeldFifos`.
  sanitizeResources: false,
  async fn() {
    await using bench = new Bench();
    await bench.start({ fileCheckMs: 3_600_000 });
    await new Deno.Command("mkfifo", { args: [bench.path("fifo.yaml")] }).output();
    await bench.settled();
    bench.place("a.yaml", manifest(pod("web")));
    await until(() => bench.get("web"));
    assert.deepEqual(bench.source!.problems(), []);
  },
});

Deno.test("the same object in two files: the first by name, then whoever holds it, keeps it", async () => {
  await using bench = new Bench();
  bench.write("b.yaml", manifest(pod("web", { hostname: "b" })));
  bench.write("c.yaml", manifest(pod("web", { hostname: "c" })));
  const source = await bench.start();
  const uid = bench.uid("web");
  assert.equal((bench.get("web")!.spec as { hostname: string }).hostname, "b");
  bench.write("a.yaml", manifest(pod("web", { hostname: "a" })));
  await bench.settled();
  assert.equal(bench.uid("web"), uid);
  assert.deepEqual(source.problems().map(({ file, message }) => [file, message]), [
    [
      bench.path("a.yaml"),
      `Pod default/web is defined in ${bench.path("b.yaml")} too; that one is used, this one is not`,
    ],
    [
      bench.path("c.yaml"),
      `Pod default/web is defined in ${bench.path("b.yaml")} too; that one is used, this one is not`,
    ],
  ]);
  assert.equal(bench.warnings("A manifest's object is not used").length, 2);
  Deno.removeSync(bench.path("b.yaml"));
  await until(() => bench.get("web")!.metadata.deletionTimestamp);
  await bench.end("web");
  const next = await until(() => bench.get("web"));
  assert.equal((next.spec as { hostname: string }).hostname, "a");
});

Deno.test("an object made through the API is not taken over", async () => {
  await using bench = new Bench();
  await bench.store.put("local", pod("web"));
  bench.write("a.yaml", manifest(pod("web", { hostname: "a" })));
  const source = await bench.start();
  assert.equal(bench.get("web")!.metadata.annotations, undefined);
  assert.deepEqual(source.problems().map(({ message }) => message), [
    "Pod default/web exists already and does not come from a manifest",
  ]);
});

Deno.test("a directory that is missing removes nothing, and is read when it comes", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(pod("web")));
  const source = await bench.start({ fileCheckMs: 3_600_000 });
  Deno.renameSync(bench.dir, bench.dir + ".away");
  await until(() => source.problems().length > 0);
  await bench.settled();
  assert.match(source.problems()[0].message, /it does not exist; what came from it stays$/);
  assert.equal(bench.get("web")!.metadata.deletionTimestamp, undefined);
  Deno.mkdirSync(bench.dir);
  await until(() => bench.get("web")!.metadata.deletionTimestamp);
  assert.deepEqual(source.problems(), []);
  bench.write("b.yaml", manifest(pod("other")));
  await until(() => bench.get("other"));
  // Replaced in one step: the new one is watched.
  Deno.removeSync(bench.dir + ".away", { recursive: true });
  Deno.renameSync(bench.dir, bench.dir + ".away");
  Deno.mkdirSync(bench.dir);
  bench.write("c.yaml", manifest(pod("third")));
  await until(() => bench.get("third"));
  bench.place("d.yaml", manifest(pod("fourth")));
  await until(() => bench.get("fourth"));
});

Deno.test("a directory that is missing at the start keeps the rows of earlier lives", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(pod("web")));
  await bench.start();
  await bench.source!.stop();
  Deno.renameSync(bench.dir, bench.dir + ".away");
  await bench.start();
  assert.equal(bench.get("web")!.metadata.deletionTimestamp, undefined);
});

Deno.test("a single file is a source too, its neighbours are not", async () => {
  await using bench = new Bench();
  bench.write("only.conf", manifest(pod("web")));
  bench.write("other.yaml", manifest(pod("other")));
  await bench.start({ dir: bench.path("only.conf"), fileCheckMs: 3_600_000 });
  assert.ok(bench.get("web"));
  bench.place("only.conf", manifest(pod("next")));
  await until(() => bench.get("next"));
  bench.place("other.yaml", manifest(pod("another")));
  await bench.settled();
  assert.deepEqual(
    bench.store.list("Pod").map(({ object }) => (object as { metadata: { name: string } }).metadata.name),
    [
      "web",
      "next",
    ],
  );
  Deno.removeSync(bench.path("only.conf"));
  await until(() => bench.get("next")!.metadata.deletionTimestamp);
});

Deno.test("a change that no event told is found by the next look at everything", async () => {
  await using bench = new Bench();
  const silent = () => ({
    close() {},
    // deno-lint-ignore require-yield
    async *[Symbol.asyncIterator](): AsyncGenerator<Deno.FsEvent> {
      await new Promise(() => {});
    },
  });
  await bench.start({ watchFs: silent, fileCheckMs: 20 });
  bench.write("a.yaml", manifest(pod("web")));
  await until(() => bench.get("web"));
});

Deno.test("a lost store takes over the sandboxes that match, and waits for the others to be gone", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", manifest(pod("web"), pod("changed"), pod("fresh")));
  await bench.start();
  const hash = bench.get("web")!.metadata.annotations![specHash];
  await bench.store.close();
  bench.store = Store.open(":memory:", { log: silentLogger });
  let left = [
    { namespace: "default", name: "web", uid: "uid-web", specHash: hash },
    { namespace: "default", name: "changed", uid: "uid-old", specHash: "other" },
  ];
  let asked = 0;
  const source = await bench.start({
    adoptable: () => asked++ === 0 ? Promise.resolve(left) : Promise.resolve(left),
  });
  assert.equal(bench.uid("web"), "uid-web");
  assert.ok(bench.uid("fresh"));
  assert.equal(bench.get("changed"), undefined);
  assert.deepEqual(source.waiting(), [
    { kind: "Pod", namespace: "default", name: "changed", for: "orphaned sandbox", uids: ["uid-old"] },
  ]);
  left = left.slice(0, 1);
  await until(() => bench.get("changed"));
  assert.notEqual(bench.uid("changed"), "uid-old");
});

Deno.test("writes that the store refuses are tried again", async () => {
  let refuse = true;
  const store = Store.open(":memory:", {
    log: silentLogger,
    wrapJournal: (journal) => ({
      write(changes, options) {
        if (refuse) throw new Error("database or disk is full");
        journal.write(changes, options);
      },
      close: () => journal.close(),
    }),
  });
  await using bench = new Bench(store);
  bench.write("a.yaml", manifest(pod("web")));
  const source = await bench.start();
  assert.equal(bench.get("web"), undefined);
  assert.match(source.problems()[0].message, /^Store Pod default\/web failed: Cannot write the store/);
  refuse = false;
  await until(() => bench.get("web"));
  await until(() => source.problems().length === 0);
});
