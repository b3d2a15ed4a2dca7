import assert from "node:assert/strict";
import { FakeCgroups } from "../../cgroups/fake.ts";
import { loadLibc } from "../linux/mod.ts";
import { podCgroupFor } from "../resources/mod.ts";
import { silentLogger } from "../telemetry/log.ts";
import { type LeftBehind, sweepLeftovers } from "./sweep.ts";

// once, before tests are watched for what they leave open
loadLibc();

/** UIDs by short names, so that what is compared can be read. */
const uids: Record<string, string> = {};
const uid = (name: string) => uids[name] ??= crypto.randomUUID();
const named = (text: string) => Object.entries(uids).reduce((shown, [name, uid]) => shown.replaceAll(uid, name), text);

function setup() {
  const podLogsDir = Deno.makeTempDirSync();
  const kernel = new FakeCgroups(2);
  const cgroups = kernel.fs();
  const cgroupPaths = { driver: "cgroupfs" as const };
  const dirs = new Set<string>();
  const fault: { uid?: string; message: string } = { message: "busy" };
  const warnings: string[] = [];
  return {
    podLogsDir,
    ownLogs: false,
    kernel,
    cgroups,
    cgroupPaths,
    dirs,
    fault,
    warnings,
    log: {
      ...silentLogger,
      warn: (_: string, fields: { err?: unknown; uid?: unknown } = {}) =>
        void warnings.push(named(`${fields.uid}: ${(fields.err as Error).message}`)),
    },
    known: (_uid: string) => false,
    volumes: {
      listPodDirs: async () => [...dirs],
      teardown: async (uid: string) => {
        if (fault.uid === uid) throw new Error(fault.message);
        dirs.delete(uid);
      },
    },
    logs: () => [...Deno.readDirSync(podLogsDir)].map(({ name }) => named(name)).sort(),
    hasCgroup: (name: string, qos: "Guaranteed" | "Burstable" | "BestEffort") =>
      cgroups.exists(podCgroupFor(uid(name), qos, cgroupPaths)),
    [Symbol.dispose]: () => Deno.removeSync(podLogsDir, { recursive: true }),
  };
}

const sweep = async (place: Parameters<typeof sweepLeftovers>[0], left: LeftBehind = new Map()) => {
  await sweepLeftovers(place, left);
  return [...left.keys()].map(named);
};

Deno.test("sweepLeftovers() removes cgroup, logs and directory of pods that are gone, and nothing of others", async () => {
  using place = setup();
  for (const [name, qos] of [["gone", "Burstable"], ["late", "Guaranteed"], ["here", "BestEffort"]] as const) {
    place.dirs.add(uid(name));
    await place.cgroups.create(podCgroupFor(uid(name), qos, place.cgroupPaths));
    Deno.mkdirSync(`${place.podLogsDir}/shop_web_${uid(name)}/main`, { recursive: true });
  }
  Deno.mkdirSync(`${place.podLogsDir}/shop_web_${uid("foreign")}`);
  place.dirs.add("lost+found");
  assert.deepEqual(await sweep({ ...place, known: (one) => one === uid("here") }), []);
  assert.deepEqual([...place.dirs], [uid("here"), "lost+found"]);
  assert.deepEqual(place.logs(), ["shop_web_foreign", "shop_web_here"]);
  assert.equal(place.hasCgroup("gone", "Burstable"), false);
  assert.equal(place.hasCgroup("late", "Guaranteed"), false);
  assert.equal(place.hasCgroup("here", "BestEffort"), true);
});

Deno.test("sweepLeftovers() removes logs of pods that are gone where all logs are the node's", async () => {
  using place = setup();
  const outside = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${outside}/kept`, "");
    for (const name of ["gone", "here"]) {
      Deno.mkdirSync(`${place.podLogsDir}/shop_web_${uid(name)}/main`, { recursive: true });
    }
    Deno.symlinkSync(outside, `${place.podLogsDir}/shop_web_${uid("gone")}/main/link`);
    Deno.symlinkSync(outside, `${place.podLogsDir}/shop_web_${uid("linked")}`);
    Deno.mkdirSync(`${place.podLogsDir}/notes_of_mine`);
    assert.deepEqual(await sweep({ ...place, ownLogs: true, known: (one) => one === uid("here") }), []);
    assert.deepEqual(place.logs(), ["notes_of_mine", "shop_web_here", "shop_web_linked"]);
    assert.ok(Deno.statSync(`${outside}/kept`).isFile);
  } finally {
    Deno.removeSync(outside, { recursive: true });
  }
});

Deno.test("sweepLeftovers() removes empty cgroups of pods that are gone, and none in which something runs", async () => {
  using place = setup();
  for (const name of ["gone", "here", "runs"]) {
    await place.cgroups.create(podCgroupFor(uid(name), "Burstable", place.cgroupPaths));
  }
  await place.cgroups.addProcess(podCgroupFor(uid("runs"), "Burstable", place.cgroupPaths), 4711);
  assert.deepEqual(await sweep({ ...place, known: (one) => one === uid("here") }), []);
  assert.deepEqual(["gone", "here", "runs"].map((name) => place.hasCgroup(name, "Burstable")), [false, true, true]);
});

Deno.test("sweepLeftovers() goes on after a pod that cannot be removed, and tells of it once", async () => {
  using place = setup();
  place.dirs.add(uid("bad")).add(uid("gone"));
  place.fault.uid = uid("bad");
  const left: LeftBehind = new Map();
  assert.deepEqual(await sweep(place, left), ["bad"]);
  assert.deepEqual([...place.dirs], [uid("bad")]);
  assert.deepEqual(await sweep(place, left), ["bad"]);
  assert.deepEqual(place.warnings, ["bad: busy"]);
  place.fault.message = "broken";
  await sweep(place, left);
  assert.deepEqual(place.warnings, ["bad: busy", "bad: broken"]);
  delete place.fault.uid;
  assert.deepEqual(await sweep(place, left), []);
  assert.deepEqual([...place.dirs], []);
});

Deno.test("sweepLeftovers() asks before each pod whether it has come", async () => {
  using place = setup();
  place.dirs.add(uid("a")).add(uid("b"));
  const come = new Set<string>();
  const { teardown } = place.volumes;
  place.volumes.teardown = async (one) => {
    come.add(uid("b"));
    await teardown(one);
  };
  await sweep({ ...place, known: (one) => come.has(one) });
  assert.deepEqual([...place.dirs], [uid("b")]);
});
