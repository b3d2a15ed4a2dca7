import assert from "node:assert/strict";
import {
  type CgroupPathOptions,
  podCgroup,
  podCgroupFor,
  podCgroupParents,
  podUidOfCgroup,
  qosCgroup,
} from "./cgroup_path.ts";
import { box, exact, podOf, testUid } from "./testing.ts";

const cgroupfs: CgroupPathOptions = { driver: "cgroupfs" };
const systemd: CgroupPathOptions = { driver: "systemd" };
const underscored = testUid.replaceAll("-", "_");

const pods = {
  Guaranteed: podOf([exact("a", { cpu: "1", memory: "1Gi" })]),
  Burstable: podOf([box("a", { cpu: "1" })]),
  BestEffort: podOf([box("a")]),
};

const cases: [keyof typeof pods, CgroupPathOptions, string][] = [
  ["Guaranteed", cgroupfs, `/kubepods/pod${testUid}`],
  ["Burstable", cgroupfs, `/kubepods/burstable/pod${testUid}`],
  ["BestEffort", cgroupfs, `/kubepods/besteffort/pod${testUid}`],
  ["Burstable", { driver: "cgroupfs", root: "/islet/test" }, `/islet/test/kubepods/burstable/pod${testUid}`],
  ["Guaranteed", systemd, `/kubepods.slice/kubepods-pod${underscored}.slice`],
  [
    "Burstable",
    systemd,
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${underscored}.slice`,
  ],
  [
    "BestEffort",
    { driver: "systemd", root: "/edge.slice" },
    "/edge.slice/edge-kubepods.slice/edge-kubepods-besteffort.slice/" +
    `edge-kubepods-besteffort-pod${underscored}.slice`,
  ],
];

for (const [qos, options, path] of cases) {
  Deno.test(`podCgroup() puts a ${qos} pod at ${path.replace(/0c35.*/, "…")} (${options.driver})`, () => {
    assert.equal(podCgroup(pods[qos], options), path);
    assert.equal(podUidOfCgroup(path, options.driver), testUid, "the UID can be read back");
    assert.ok(podCgroupParents(options).includes(path.slice(0, path.lastIndexOf("/"))), "its parent is searched");
  });
}

Deno.test("podUidOfCgroup() tells pods from the cgroups above and beside them", () => {
  for (const options of [cgroupfs, systemd]) {
    for (const parent of podCgroupParents(options)) assert.equal(podUidOfCgroup(parent, options.driver), undefined);
  }
  assert.equal(podUidOfCgroup("/kubepods/burstable", "cgroupfs"), undefined);
  assert.equal(podUidOfCgroup("/system.slice/podman-1.slice", "systemd"), undefined);
});

Deno.test("qosCgroup() gives guaranteed pods the cgroup of all pods", () => {
  assert.equal(qosCgroup("Guaranteed", cgroupfs), "/kubepods");
  assert.equal(qosCgroup("BestEffort", systemd), "/kubepods.slice/kubepods-besteffort.slice");
});

Deno.test("podCgroupFor() refuses a UID that would name another place", () => {
  for (const uid of ["", "../x", "a/b", "a b"]) {
    assert.throws(() => podCgroupFor(uid, "Burstable", cgroupfs), /Cannot name the cgroup of a pod/);
  }
});
