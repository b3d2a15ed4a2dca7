import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import type { Pod } from "../objects/mod.ts";
import { silentLogger } from "../telemetry/log.ts";
import { ImageCollector, type ImageCollectorOptions } from "./collector.ts";
import { ImagePins, memoryRecords } from "./pins.ts";
import { UseBook } from "./use_book.ts";

const minute = 60_000;
/** Every image takes this much of a disk of 1000. */
const imageBytes = 50;

/** A runtime with images on a small disk, of which `other` is taken by something else. */
class Disk {
  readonly clock = new ManualClock();
  readonly records = memoryRecords();
  readonly pins = new ImagePins(memoryRecords());
  readonly book = new UseBook(this.records, this.clock, () => this.clock.now());
  readonly events: string[] = [];
  readonly collected: string[] = [];
  readonly stuck = new Set<string>();
  images: string[] = [];
  pinned = new Set<string>();
  /** Images of containers. */
  containers: string[] = [];
  pods: string[] = [];
  other = 0;
  lists = 0;
  sandboxImage = "";
  onRemove: () => unknown = () => {};
  capacity: number | undefined = 1000;

  collector(policy: Partial<ImageCollectorOptions["policy"]> = {}): ImageCollector {
    return new ImageCollector({
      cri: {
        runtime: {
          listContainers: async () => ({
            containers: this.containers.map((imageRef) => ({
              imageRef,
              imageId: "",
              labels: { "io.kubernetes.pod.namespace": "default", "io.kubernetes.pod.name": `of-${imageRef}` },
            })),
          }),
          status: async () => ({ info: { config: JSON.stringify({ sandboxImage: this.sandboxImage }) } }),
        },
        image: {
          listImages: async () => {
            this.lists++;
            return {
              images: this.images.map((id) => ({
                id,
                repoTags: [`example.com/${id}:1`],
                repoDigests: [],
                size: 10n,
                pinned: this.pinned.has(id),
              })),
            };
          },
          removeImage: async ({ image }: { image: { image: string } }) => {
            if (this.stuck.has(image.image)) throw new Error(`${image.image} is stuck`);
            this.onRemove();
            this.images = this.images.filter((id) => id !== image.image);
            return {};
          },
        },
      } as unknown as ImageCollectorOptions["cri"],
      pins: this.pins,
      book: this.book,
      policy: { highPercent: 85, lowPercent: 80, minAgeMs: 2 * minute, maxAgeMs: 0, ...policy },
      wanted: () =>
        this.pods.map((image) =>
          ({
            metadata: { namespace: "default", name: image },
            spec: { containers: [{ image: `example.com/${image}:1` }] },
          }) as Pod
        ),
      space: async () =>
        this.capacity === undefined ? undefined : {
          capacityBytes: this.capacity,
          availableBytes: Math.max(0, this.capacity - this.other - this.images.length * imageBytes),
        },
      nodeName: "edge-1",
      events: {
        event: (about, type, reason, message) => this.events.push(`${about.name} ${type} ${reason}: ${message}`),
      },
      log: silentLogger,
      clock: this.clock,
      onCollected: (reason) => this.collected.push(reason),
    });
  }

  /** All images are known for as long as this. */
  async age(ms: number): Promise<void> {
    for (const id of this.images) this.book.times(id);
    await this.clock.advance(ms);
  }
}

Deno.test("ImageCollector removes the least recently used images until there is room, and no more", async () => {
  const disk = new Disk();
  disk.images = ["a", "b", "c", "d"];
  disk.book.used("b");
  await disk.age(minute);
  disk.book.used("a");
  await disk.age(5 * minute);
  disk.other = 660; // 860 are used
  const collector = disk.collector();
  collector.start();
  await disk.clock.advance(0);
  deepEqual(disk.images, ["a", "b"], "those never used");
  deepEqual(disk.collected, ["space", "space"]);
  await collector.stop();
});

Deno.test("ImageCollector lists no images while there is room", async () => {
  const disk = new Disk();
  disk.images = ["a"];
  const collector = disk.collector();
  collector.start();
  await disk.clock.advance(60 * minute);
  equal(disk.lists, 0);
  disk.other = 900;
  await disk.clock.advance(5 * minute);
  equal(disk.lists, 1);
  await collector.stop();
});

Deno.test("ImageCollector looks at once after a pull has filled the disk, and spares what was pulled", async () => {
  const disk = new Disk();
  disk.images = ["old"];
  await disk.age(10 * minute);
  const collector = disk.collector();
  collector.start();
  await disk.clock.advance(0);
  disk.images.push("new");
  disk.other = 750;
  collector.pulled("new");
  await disk.clock.advance(10_000);
  deepEqual(disk.images, ["new"]);
  await collector.stop();
});

Deno.test("ImageCollector removes at 100 percent whatever can go, and nothing that is held", async () => {
  const disk = new Disk();
  disk.images = ["used", "wanted", "preloaded", "pause", "pinned", "byhand", "outside", "free", "free2"];
  disk.containers = ["used"];
  disk.pods = ["wanted"];
  disk.pins.setArchive("a.tar", { modified: 1, size: 1, ids: ["preloaded"], names: [] });
  disk.pins.pinSandbox("pause");
  disk.pinned.add("pinned");
  disk.book.keep("byhand");
  disk.sandboxImage = "example.com/outside:1";
  await disk.age(10 * minute);
  disk.other = 1000;
  const collector = disk.collector();
  collector.start();
  await disk.clock.advance(0);
  deepEqual(disk.images, ["used", "wanted", "preloaded", "pause", "pinned", "byhand", "outside"]);
  deepEqual((await collector.images()).map(({ id, hold }) => `${id}: ${hold}`), [
    "used: in use",
    "wanted: wanted",
    "preloaded: preloaded",
    "pause: sandbox image",
    "pinned: pinned by the runtime",
    "byhand: imported by hand",
    "outside: sandbox image",
  ]);
  equal(disk.events.length, 1);
  match(
    disk.events[0],
    /^edge-1 Warning FreeDiskSpaceFailed: Insufficient free disk space on the node's image filesystem \(100% of 1000 B used\)\. Failed to free sufficient space by deleting unused images \(freed 0 bytes\)\. Investigate/,
  );
  await disk.clock.advance(5 * minute);
  deepEqual(disk.events.map((event) => event.split(" ")[2]), [
    "FreeDiskSpaceFailed:",
    "FreeDiskSpaceFailed:",
    "ImageGCFailed:",
  ]);
  await collector.stop();
});

Deno.test("ImageCollector comes back for images that are too young, before it says that it failed", async () => {
  const disk = new Disk();
  disk.images = ["young"];
  disk.other = 800;
  const collector = disk.collector();
  collector.start();
  await disk.clock.advance(minute);
  deepEqual(disk.images, ["young"]);
  await disk.clock.advance(minute);
  deepEqual(disk.images, []);
  deepEqual(disk.events, []);
  await collector.stop();
});

Deno.test("ImageCollector goes on past an image that cannot be removed, and tells of it when it stays so", async () => {
  const disk = new Disk();
  disk.images = ["a", "b", "c"];
  disk.stuck.add("a");
  await disk.age(10 * minute);
  disk.other = 900;
  const collector = disk.collector();
  collector.start();
  await disk.clock.advance(0);
  deepEqual(disk.images, ["a"]);
  deepEqual(disk.events, []);
  await disk.clock.advance(5 * minute);
  deepEqual(disk.events, [
    "edge-1 Warning ImageGCFailed: wanted to free 150 bytes, but freed 0 bytes space with errors in image deletion: a is stuck",
  ]);
  await collector.stop();
});

Deno.test("ImageCollector removes what nobody has used for the maximum age, and forgets it", async () => {
  const disk = new Disk();
  disk.images = ["a", "b"];
  disk.containers = ["b"];
  const collector = disk.collector({ maxAgeMs: 30 * minute });
  collector.start();
  await disk.clock.advance(36 * minute);
  deepEqual(disk.images, ["b"]);
  deepEqual(disk.collected, ["age"]);
  deepEqual(disk.records.keys(), ["b"]);
  await collector.stop();
});

Deno.test("ImageCollector spares an image that a pod has come to want since the plan was made", async () => {
  const disk = new Disk();
  disk.images = ["a", "b"];
  await disk.age(10 * minute);
  disk.other = 950;
  const collector = disk.collector();
  disk.onRemove = () => disk.pods = ["b"];
  await collector.deleteUnused();
  deepEqual(disk.images, ["b"]);
});

Deno.test("ImageCollector frees as much as eviction asks for, and tells how much that was", async () => {
  const disk = new Disk();
  disk.images = ["a", "b", "c"];
  await disk.age(10 * minute);
  const collector = disk.collector();
  equal(await collector.reclaim(60), 100);
  deepEqual(disk.images, ["c"]);
  equal(await collector.deleteUnused(), 50);
  equal(await collector.deleteUnused(), 0);
  disk.capacity = undefined;
  equal(await collector.deleteUnused(), 0);
});

Deno.test("ImageCollector does nothing with the threshold at 100 percent and no maximum age", async () => {
  const disk = new Disk();
  disk.images = ["a"];
  await disk.age(10 * minute);
  disk.other = 950;
  const collector = disk.collector({ highPercent: 100, lowPercent: 99 });
  collector.start();
  await disk.clock.advance(60 * minute);
  deepEqual([disk.images, disk.lists], [["a"], 0]);
  await collector.stop();
});

Deno.test("ImageCollector tells of a file system without a size", async () => {
  const disk = new Disk();
  disk.capacity = 0;
  const collector = disk.collector();
  collector.start();
  await disk.clock.advance(0);
  deepEqual(disk.events, ["edge-1 Warning InvalidDiskCapacity: invalid capacity 0 on image filesystem"]);
  await collector.stop();
});

Deno.test("prune() takes what is unused; --all also young images and those imported by hand; a dry run takes none", async () => {
  const disk = new Disk();
  disk.images = ["old", "byhand", "wanted"];
  disk.book.keep("byhand");
  disk.pods = ["wanted"];
  await disk.age(10 * minute);
  disk.images.push("young");
  const collector = disk.collector();
  const ids = async (options: { all?: boolean; dryRun?: boolean }) =>
    (await collector.prune(options)).images.map(({ id }) => id).sort();
  deepEqual(await ids({ dryRun: true }), ["old"]);
  deepEqual(await ids({ dryRun: true, all: true }), ["byhand", "old", "young"]);
  equal(disk.images.length, 4);
  deepEqual(await ids({}), ["old"]);
  equal((await collector.prune({ all: true })).freedBytes, 100);
  deepEqual(disk.images, ["wanted"]);
  disk.images.push("stuck");
  disk.stuck.add("stuck");
  await rejects(collector.prune({ all: true }), /Cannot remove all unused images: stuck is stuck/);
});
