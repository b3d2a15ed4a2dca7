import assert from "node:assert/strict";
import { join } from "node:path";
import type { CriClient } from "../../cri/mod.ts";
import { ManualClock } from "../clock.ts";
import { silentLogger } from "../telemetry/log.ts";
import { ImagePins, memoryRecords } from "./pins.ts";
import { ImagePreloader, planPreload } from "./preload.ts";

const file = (path: string, modified = 1, size = 10) => ({ path, modified, size });
const record = (ids: string[], modified = 1, size = 10) => ({ ids, modified, size, names: [] });

function pinsWith(archives: Record<string, ReturnType<typeof record>>): ImagePins {
  const pins = new ImagePins(memoryRecords());
  for (const [path, archive] of Object.entries(archives)) pins.setArchive(path, archive);
  return pins;
}

const cases: [
  string,
  ReturnType<typeof file>[],
  Record<string, ReturnType<typeof record>>,
  string[],
  string[],
  string[],
][] = [
  ["imports a new archive", [file("/a")], {}, [], ["/a"], []],
  ["leaves an archive alone that it knows", [file("/a")], { "/a": record(["1"]) }, ["1"], [], []],
  ["imports an archive of another time", [file("/a", 2)], { "/a": record(["1"]) }, ["1"], ["/a"], []],
  ["imports an archive of another size", [file("/a", 1, 11)], { "/a": record(["1"]) }, ["1"], ["/a"], []],
  ["imports again what the runtime has lost", [file("/a")], { "/a": record(["1", "2"]) }, ["1"], ["/a"], []],
  ["unpins the images of an archive that is gone", [], { "/a": record(["1"]) }, ["1"], [], ["/a"]],
];
for (const [name, files, archives, known, imported, unpin] of cases) {
  Deno.test(`planPreload() ${name}`, () => {
    const plan = planPreload(files, pinsWith(archives), new Set(known));
    assert.deepEqual(plan.import.map(({ path }) => path), imported);
    assert.deepEqual(plan.unpin, unpin);
  });
}

/** A runtime whose importer makes one image of each archive, named as its content. */
function setUp(dir: string) {
  const images = new Map<string, string>();
  const attempts: string[] = [], released: string[] = [];
  const pins = new ImagePins(memoryRecords());
  const clock = new ManualClock();
  let notify: (names: string[]) => void = () => {};
  const preloader = new ImagePreloader({
    dir,
    pins,
    clock,
    log: silentLogger,
    onImported: (names) => notify(names),
    image: {
      listImages: () => Promise.resolve({ images: [...images.values()].map((id) => ({ id })) }),
      imageStatus: ({ image }: { image: { image: string } }) =>
        Promise.resolve({ image: images.has(image.image) ? { id: images.get(image.image) } : undefined }),
    } as unknown as CriClient["image"],
    importer: {
      import: (archive) => {
        attempts.push(archive as string);
        const name = Deno.readTextFileSync(archive as string).trim();
        if (name === "broken") return Promise.reject(new Error("Cannot import: unexpected EOF"));
        images.set(name, `id of ${name}`);
        return Promise.resolve([name]);
      },
      release: async (names) => void released.push(...names),
    },
  });
  const imported = () => new Promise<string[]>((resolve) => notify = resolve);
  return { preloader, pins, images, attempts, released, clock, imported };
}

async function inTemporaryDirectory(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = Deno.makeTempDirSync();
  try {
    await body(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

Deno.test("ImagePreloader imports and pins at start, past a broken archive, and skips what is none", () =>
  inTemporaryDirectory(async (dir) => {
    const { preloader, pins, attempts } = setUp(dir);
    Deno.writeTextFileSync(join(dir, "a.tar"), "broken");
    Deno.writeTextFileSync(join(dir, "b.tar.zst"), "image-b");
    for (const name of [".hidden.tar", "notes.txt", "c.tar.part"]) Deno.writeTextFileSync(join(dir, name), "no");
    await preloader.start();
    assert.deepEqual(attempts, [join(dir, "a.tar"), join(dir, "b.tar.zst")]);
    assert.equal(pins.isPinned("id of image-b"), true);
    assert.equal(pins.isPinned("id of broken"), false);
    await preloader.sync();
    assert.equal(attempts.length, 2, "neither what is known nor what is broken is tried again as it is");
    Deno.removeSync(join(dir, "b.tar.zst"));
    await preloader.sync();
    assert.equal(pins.isPinned("id of image-b"), false);
    await preloader.stop();
  }));

Deno.test("ImagePreloader lets the runtime collect the images of an archive that is gone, unless another has them", () =>
  inTemporaryDirectory(async (dir) => {
    const { preloader, released } = setUp(dir);
    for (const [file, image] of [["a.tar", "one"], ["b.tar", "both"], ["c.tar", "both"]]) {
      Deno.writeTextFileSync(join(dir, file), image);
    }
    await preloader.start();
    Deno.removeSync(join(dir, "a.tar"));
    Deno.removeSync(join(dir, "b.tar"));
    await preloader.sync();
    assert.deepEqual(released, ["one"]);
    await preloader.stop();
  }));

Deno.test("ImagePreloader imports what is put into the directory later, once it has settled", () =>
  inTemporaryDirectory(async (dir) => {
    const { preloader, clock, imported, pins } = setUp(dir);
    await preloader.start();
    const names = imported();
    Deno.writeTextFileSync(join(dir, ".later.tar"), "image-c");
    Deno.renameSync(join(dir, ".later.tar"), join(dir, "later.tar"));
    let done = false;
    names.then(() => done = true);
    while (!done) await clock.advance(100); // inotify tells in its own time
    assert.deepEqual(await names, ["image-c"]);
    await preloader.idle();
    assert.equal(pins.isPinned("id of image-c"), true);
    await preloader.stop();
  }));
