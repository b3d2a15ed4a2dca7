import { deepEqual, equal, notEqual, throws } from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { type Disk, layoutName } from "../node/eviction/mod.ts";
import { createLogger } from "../telemetry/log.ts";
import { deviceOf, Disks, type DisksOptions } from "./disks.ts";

type Places = { images: string; layers: string };

/** Disks of a machine whose paths begin with the name of their device; what is told of a file system is its path. */
function disks(places: Places | undefined) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const told = { places, asked: 0 };
  const options: DisksOptions = {
    usage: {
      rootDir: "/a/islet",
      nodeFs: () => "/a/islet" as never,
      filesystem: (path) => path as never,
      runtimePlaces: () => {
        told.asked++;
        return Promise.resolve(told.places);
      },
    },
    device: (path) => path.split("/")[1],
    clock,
    log: createLogger({ sink: ({ level, msg }) => lines.push(`${level} ${msg}`) }),
  };
  const made = new Disks(options);
  const look = async () => {
    made.look("imagefs");
    await clock.advance(0);
    return (["nodefs", "imagefs", "containerfs"] as Disk[]).map((disk) => made.look(disk) ?? "-").join(" ");
  };
  return { disks: made, look, told, clock, lines };
}

const cases: [layout: string, places: Places, watched: string][] = [
  ["one for all", { images: "/a/images", layers: "/a/layers" }, "/a/islet /a/images -"],
  ["images apart", { images: "/b/snapshots", layers: "/b/snapshots" }, "/a/islet /b/snapshots -"],
  ["images apart", { images: "/b/images", layers: "/b/layers" }, "/a/islet /b/images -"],
  ["split", { images: "/b/images", layers: "/a/layers" }, "/a/islet /b/images -"],
  ["layers apart", { images: "/b/images", layers: "/c/layers" }, "/a/islet /b/images /c/layers"],
  ["layers apart", { images: "/a/images", layers: "/c/layers" }, "/a/islet /a/images /c/layers"],
];
for (const [layout, places, watched] of cases) {
  Deno.test(`Disks with images in ${places.images} and layers in ${places.layers} are ${layout}`, async () => {
    const node = disks(places);
    equal(await node.look(), watched);
    equal(layoutName(node.disks.layout), layout);
    equal(node.lines.some((line) => line.startsWith("warn")), layout === "layers apart");
    equal(node.told.asked, 1);
  });
}

Deno.test("Disks watches nodefs alone until the runtime tells where images are, and asks now and then", async () => {
  const node = disks(undefined);
  equal(await node.look(), "/a/islet - -");
  equal(layoutName(node.disks.layout), "one for all");
  await node.look();
  equal(node.told.asked, 1);
  node.told.places = { images: "/b/images", layers: "/b/images" };
  await node.clock.advance(30_000);
  equal(await node.look(), "/a/islet /b/images -");
  deepEqual([node.told.asked, node.lines], [2, ["info Disks are watched"]]);
});

Deno.test("deviceOf() tells this machine's file systems from one another by its mounts", () => {
  equal(deviceOf("/proc/self"), deviceOf("/proc"));
  notEqual(deviceOf("/proc"), deviceOf("/usr"));
  throws(() => deviceOf("/no/such/path"));
});
