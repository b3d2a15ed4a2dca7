import assert from "node:assert/strict";
import { driverPath, expandSlice, sliceName } from "./names.ts";

Deno.test("sliceName() spells parents with dashes and own dashes as underscores", () => {
  assert.equal(sliceName([]), "-.slice");
  assert.equal(sliceName(["kubepods"]), "kubepods.slice");
  assert.equal(
    sliceName(["kubepods", "burstable", "pod9f-1a"]),
    "kubepods-burstable-pod9f_1a.slice",
  );
});

Deno.test("expandSlice() nests as systemd does", () => {
  assert.equal(expandSlice("-.slice"), "/");
  assert.equal(expandSlice("kubepods.slice"), "/kubepods.slice");
  assert.equal(
    expandSlice("kubepods-burstable-pod9f_1a.slice"),
    "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod9f_1a.slice",
  );
});

Deno.test("expandSlice() refuses what is no slice name", () => {
  for (const name of ["", "kubepods", ".slice", "a--b.slice", "-a.slice", "a-.slice", "a/b.slice", "a.service"]) {
    assert.throws(() => expandSlice(name), /Cannot expand slice/, name);
  }
});

Deno.test("driverPath() gives both drivers' paths for the same components", () => {
  assert.equal(driverPath("cgroupfs", ["kubepods", "besteffort", "pod1-2"]), "/kubepods/besteffort/pod1-2");
  assert.equal(
    driverPath("systemd", ["kubepods", "besteffort", "pod1-2"]),
    "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice",
  );
});
