import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { CgroupDriver, RuntimeConfigResponseSchema, StatusResponseSchema } from "../../cri/mod.ts";
import { runtimeCgroupDriver, runtimeHandlers } from "./features.ts";

const old = (config: unknown) => create(StatusResponseSchema, { info: { config: JSON.stringify(config) } });

Deno.test("runtimeHandlers() reads what each handler can do", () => {
  const handlers = runtimeHandlers(create(StatusResponseSchema, {
    runtimeHandlers: [
      { name: "", features: { recursiveReadOnlyMounts: true, userNamespaces: true } },
      { name: "kata", features: { userNamespaces: true } },
      { name: "old" },
    ],
  }));
  assert.deepEqual(Object.fromEntries(handlers), {
    "": { recursiveReadOnlyMounts: true, userNamespaces: true },
    kata: { recursiveReadOnlyMounts: false, userNamespaces: true },
    old: { recursiveReadOnlyMounts: false, userNamespaces: false },
  });
});

Deno.test("runtimeHandlers() finds the names of an older containerd in its configuration, and no features", () => {
  const handlers = runtimeHandlers(old({ containerd: { runtimes: { runc: {}, gvisor: {} } } }));
  assert.deepEqual([...handlers.keys()].sort(), ["", "gvisor", "runc"]);
  assert.equal([...handlers.values()].some((can) => can.userNamespaces || can.recursiveReadOnlyMounts), false);
  assert.deepEqual([...runtimeHandlers(create(StatusResponseSchema, { info: { config: "{" } })).keys()], [""]);
});

Deno.test("runtimeCgroupDriver() believes RuntimeConfig, then the configuration, and else says nothing", () => {
  const said = (cgroupDriver: CgroupDriver) => create(RuntimeConfigResponseSchema, { linux: { cgroupDriver } });
  const systemd = old({
    containerd: { defaultRuntimeName: "main", runtimes: { main: { options: { SystemdCgroup: true } } } },
  });
  assert.equal(runtimeCgroupDriver(said(CgroupDriver.SYSTEMD), undefined), "systemd");
  assert.equal(runtimeCgroupDriver(said(CgroupDriver.CGROUPFS), systemd), "cgroupfs");
  assert.equal(runtimeCgroupDriver(undefined, systemd), "systemd");
  assert.equal(
    runtimeCgroupDriver(undefined, old({ containerd: { runtimes: { runc: { options: {} } } } })),
    "cgroupfs",
  );
  assert.equal(
    runtimeCgroupDriver(undefined, old({ containerd: { runtimes: { runc: { options: null } } } })),
    undefined,
  );
  assert.equal(runtimeCgroupDriver(undefined, undefined), undefined);
});
