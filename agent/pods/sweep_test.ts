import assert from "node:assert/strict";
import { FakeCgroups } from "../../cgroups/fake.ts";
import { podCgroupFor } from "../resources/mod.ts";
import { silentLogger } from "../telemetry/log.ts";
import { sweepLeftovers } from "./sweep.ts";

function setup() {
  const podLogsDir = Deno.makeTempDirSync();
  const cgroups = new FakeCgroups(2).fs();
  const cgroupPaths = { driver: "cgroupfs" as const };
  const dirs = new Set<string>();
  const fault: { uid?: string } = {};
  return {
    podLogsDir,
    cgroups,
    cgroupPaths,
    dirs,
    fault,
    log: silentLogger,
    known: (_uid: string) => false,
    volumes: {
      listPodDirs: async () => [...dirs],
      teardown: async (uid: string) => {
        if (fault.uid === uid) throw new Error("busy");
        dirs.delete(uid);
      },
    },
    logs: () => [...Deno.readDirSync(podLogsDir)].map(({ name }) => name).sort(),
    [Symbol.dispose]: () => Deno.removeSync(podLogsDir, { recursive: true }),
  };
}

Deno.test("sweepLeftovers() removes cgroup, logs and directory of pods that are gone, and nothing of others", async () => {
  using place = setup();
  for (const [uid, qos] of [["gone", "Burstable"], ["late", "Guaranteed"], ["here", "BestEffort"]] as const) {
    place.dirs.add(uid);
    await place.cgroups.create(podCgroupFor(uid, qos, place.cgroupPaths));
    Deno.mkdirSync(`${place.podLogsDir}/shop_web_${uid}/main`, { recursive: true });
  }
  Deno.mkdirSync(`${place.podLogsDir}/shop_web_foreign`);
  await sweepLeftovers({ ...place, known: (uid) => uid === "here" });
  assert.deepEqual([...place.dirs], ["here"]);
  assert.deepEqual(place.logs(), ["shop_web_foreign", "shop_web_here"]);
  assert.equal(place.cgroups.exists(podCgroupFor("gone", "Burstable", place.cgroupPaths)), false);
  assert.equal(place.cgroups.exists(podCgroupFor("late", "Guaranteed", place.cgroupPaths)), false);
  assert.equal(place.cgroups.exists(podCgroupFor("here", "BestEffort", place.cgroupPaths)), true);
});

Deno.test("sweepLeftovers() goes on after a pod that cannot be removed, whose directory stays for the next time", async () => {
  using place = setup();
  place.dirs.add("bad").add("gone");
  place.fault.uid = "bad";
  await sweepLeftovers(place);
  assert.deepEqual([...place.dirs], ["bad"]);
});

Deno.test("sweepLeftovers() asks before each pod whether it has come", async () => {
  using place = setup();
  place.dirs.add("a").add("b");
  const come = new Set<string>();
  const { teardown } = place.volumes;
  place.volumes.teardown = async (uid) => {
    come.add("b");
    await teardown(uid);
  };
  await sweepLeftovers({ ...place, known: (uid) => come.has(uid) });
  assert.deepEqual([...place.dirs], ["b"]);
});
