import assert from "node:assert/strict";
import { join } from "node:path";
import { until } from "./testing.ts";
import { DirectoryWatch, type WatchFs } from "./watch.ts";

/** A watch fed by the test: what it was asked to watch, and a way to send events or end it. */
function fed() {
  const watched: { path: string; send: (event: Partial<Deno.FsEvent>) => void; end: () => void }[] = [];
  const watch: WatchFs = (path) => {
    const queue: Deno.FsEvent[] = [];
    let wake = () => {};
    let ended = false;
    const end = () => (ended = true, wake());
    watched.push({ path, send: (event) => (queue.push({ kind: "any", paths: [], ...event }), wake()), end });
    return {
      close: end,
      async *[Symbol.asyncIterator]() {
        while (!ended) {
          while (queue.length > 0) yield queue.shift()!;
          if (!ended) await new Promise<void>((resolve) => wake = resolve);
        }
      },
    };
  };
  const told: string[] = [];
  const listener = {
    onName: (name: string, complete: boolean) => void told.push(`${name} ${complete ? "complete" : "growing"}`),
    onEverything: () => void told.push("everything"),
  };
  return { watch, watched, told, listener };
}

Deno.test("DirectoryWatch tells names with whether they are complete", async () => {
  const dir = Deno.makeTempDirSync();
  const { watch, watched, told, listener } = fed();
  const directory = new DirectoryWatch(dir, listener, watch);
  assert.equal(directory.ensure(), true);
  assert.equal(directory.ensure(), true);
  assert.deepEqual(watched.map(({ path }) => path), [dir]);
  for (const kind of ["create", "modify", "access", "rename", "remove"] as const) {
    watched[0].send({ kind, paths: [join(dir, `${kind}.yaml`)] });
  }
  await until(() => told.length === 5);
  assert.deepEqual(told, [
    "create.yaml growing",
    "modify.yaml growing",
    "access.yaml complete",
    "rename.yaml complete",
    "remove.yaml complete",
  ]);
  directory.close();
  Deno.removeSync(dir);
});

Deno.test("DirectoryWatch asks for a look at everything when events were lost, the directory changed or the watch broke", async () => {
  const dir = Deno.makeTempDirSync();
  const { watch, watched, told, listener } = fed();
  const directory = new DirectoryWatch(dir, listener, watch);
  directory.ensure();
  watched[0].send({ kind: "other", flag: "rescan" });
  await until(() => told.length === 1);
  watched[0].send({ kind: "remove", paths: [dir] });
  await until(() => told.length === 2);
  watched[0].end();
  await until(() => told.length === 3);
  assert.deepEqual(told, ["everything", "everything", "everything"]);
  assert.equal(directory.ensure(), true);
  assert.equal(watched.length, 2);
  directory.close();
  Deno.removeSync(dir);
});

Deno.test("DirectoryWatch watches the parent for a directory that is missing, and anew one that was replaced", async () => {
  const root = Deno.makeTempDirSync();
  const dir = join(root, "m");
  const { watch, watched, told, listener } = fed();
  const directory = new DirectoryWatch(dir, listener, watch);
  assert.equal(directory.ensure(), false);
  assert.deepEqual(watched.map(({ path }) => path), [root]);
  watched[0].send({ kind: "create", paths: [join(root, "neighbour")] });
  watched[0].send({ kind: "create", paths: [dir] });
  await until(() => told.length > 0);
  assert.deepEqual(told, ["everything"]);
  Deno.mkdirSync(dir);
  assert.equal(directory.ensure(), true);
  Deno.renameSync(dir, dir + ".away");
  Deno.mkdirSync(dir);
  assert.equal(directory.ensure(), true);
  assert.deepEqual(watched.map(({ path }) => path), [root, dir, dir]);
  directory.close();
  assert.equal(directory.ensure(), false);
  Deno.removeSync(root, { recursive: true });
});

Deno.test("DirectoryWatch goes on without events when no watch can be had", () => {
  const dir = Deno.makeTempDirSync();
  const { told, listener } = fed();
  const directory = new DirectoryWatch(dir, listener, () => {
    throw new Error("no inotify watches are left");
  });
  assert.equal(directory.ensure(), false);
  assert.deepEqual(told, []);
  directory.close();
  Deno.removeSync(dir);
});

Deno.test("DirectoryWatch asks for a look at everything among many events, for Deno drops what comes on top of 16", async () => {
  const dir = Deno.makeTempDirSync();
  const { watch, watched, told, listener } = fed();
  const directory = new DirectoryWatch(dir, listener, watch);
  directory.ensure();
  for (let i = 0; i < 16; i++) watched[0].send({ kind: "rename", paths: [join(dir, `${i}.yaml`)] });
  await until(() => told.length === 17);
  assert.deepEqual(told.filter((one) => one === "everything"), ["everything"]);
  directory.close();
  Deno.removeSync(dir);
});
