import assert from "node:assert/strict";
import { planMounts, type VolumePlace } from "./plan_mounts.ts";
import type { Loose } from "./testing.ts";

const places = new Map<string, VolumePlace>([
  ["data", { specName: "data", path: "/pods/u/data", readOnly: false, managed: true }],
  ["conf", { specName: "conf", path: "/pods/u/conf", readOnly: true, managed: true }],
]);

const plan = (mount: Loose, options: Parameters<typeof planMounts>[2] = {}) =>
  planMounts({ name: "main", volumeMounts: [{ mountPath: "/m", ...mount }] }, places, options)[0];

Deno.test("planMounts() keeps the manifest's order and makes paths absolute", () => {
  const mounts = planMounts({
    name: "main",
    volumeMounts: [{ name: "conf", mountPath: "etc/app" }, { name: "data", mountPath: "/data", readOnly: true }],
  } as Loose, places);
  assert.deepEqual(
    mounts.map(({ index, volume, containerPath, readOnly }) => ({ index, volume, containerPath, readOnly })),
    [
      { index: 0, volume: "conf", containerPath: "/etc/app", readOnly: true },
      { index: 1, volume: "data", containerPath: "/data", readOnly: true },
    ],
  );
});

Deno.test("planMounts() carries propagation, read-only and recursive read-only", () => {
  assert.equal(plan({ name: "data" }).readOnly, false);
  assert.equal(plan({ name: "data", readOnly: true }).readOnly, true);
  assert.equal(plan({ name: "data" }).propagation, "None");
  assert.equal(plan({ name: "data", mountPropagation: "Bidirectional" }).propagation, "Bidirectional");
  const rro = (recursiveReadOnly: string, supported: boolean) =>
    plan({ name: "data", readOnly: true, recursiveReadOnly }, { recursiveReadOnly: supported }).recursiveReadOnly;
  assert.equal(rro("Disabled", true), false);
  assert.equal(rro("IfPossible", false), false);
  assert.equal(rro("IfPossible", true), true);
  assert.equal(rro("Enabled", true), true);
});

Deno.test("planMounts() expands subPathExpr from the container's environment", () => {
  const env = new Map([["POD", "web-1"], ["EMPTY", ""]]);
  const expanded = (subPathExpr: string) => plan({ name: "data", subPathExpr }, { env }).subPath;
  assert.equal(expanded("logs/$(POD)"), "logs/web-1");
  assert.equal(expanded("$$(POD)/$(POD)"), "$(POD)/web-1");
  assert.equal(plan({ name: "data", subPath: "$(POD)" }, { env }).subPath, "$(POD)");
  assert.throws(() => expanded("$(NONE)/$(EMPTY)"), { message: "missing value for EMPTY, NONE" });
});

Deno.test("planMounts() refuses what kubelet refuses, as CreateContainerConfigError", () => {
  const env = new Map([["UP", "../x"], ["ROOT", "/etc"]]);
  const cases: [Loose, string][] = [
    [{ name: "none" }, 'cannot find volume "none" to mount into container "main"'],
    [{ name: "data", subPath: "/etc" }, "error SubPath `/etc` must not be an absolute path"],
    [{ name: "data", subPath: "a/../b" }, "unable to provision SubPath `a/../b`: must not contain '..'"],
    [{ name: "data", subPathExpr: "$(UP)" }, "unable to provision SubPath `../x`: must not contain '..'"],
    [{ name: "data", subPathExpr: "$(ROOT)" }, "error SubPath `/etc` must not be an absolute path"],
    [
      { name: "data", recursiveReadOnly: "Enabled" },
      'volume "data" requested recursive read-only mode, but it is not read-only',
    ],
    [
      { name: "data", readOnly: true, recursiveReadOnly: "Enabled", mountPropagation: "HostToContainer" },
      'volume "data" requested recursive read-only mode, but it is not compatible with propagation "HostToContainer"',
    ],
    [
      { name: "data", readOnly: true, recursiveReadOnly: "Enabled" },
      'volume "data" requested recursive read-only mode, but it is not supported by the runtime',
    ],
  ];
  for (const [mount, message] of cases) {
    assert.throws(() => plan(mount, { env }), { name: "VolumeError", reason: "CreateContainerConfigError", message });
  }
});
