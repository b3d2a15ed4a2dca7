import assert from "node:assert/strict";
import { join } from "node:path";
import { findCniBinDir, hasCapability, parseContainerdVersion } from "./facts.ts";

Deno.test("parseContainerdVersion() reads Debian's, Docker's and containerd's own builds", () => {
  const debian = "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1";
  assert.deepEqual(parseContainerdVersion(debian), { major: 1, minor: 6 });
  assert.deepEqual(parseContainerdVersion("containerd containerd.io 1.7.27 05044ec0a9a7"), { major: 1, minor: 7 });
  assert.deepEqual(parseContainerdVersion("containerd github.com/containerd/containerd/v2 v2.1.3 c787fb98"), {
    major: 2,
    minor: 1,
  });
  assert.throws(() => parseContainerdVersion("no"), /Cannot tell containerd's version/);
});

Deno.test("hasCapability() reads the effective set", () => {
  const status = "CapPrm:\tffffffffffffffff\nCapEff:\t000001fffeffffff\n";
  assert.equal(hasCapability(status, 24), false, "CAP_SYS_RESOURCE");
  assert.equal(hasCapability(status, 21), true, "CAP_SYS_ADMIN");
  assert.equal(hasCapability("", 21), false);
});

Deno.test("findCniBinDir() takes the first directory that holds all plugins of the default network", () => {
  const dir = Deno.makeTempDirSync();
  try {
    for (const [name, plugins] of [["half", ["ptp"]], ["whole", ["ptp", "host-local", "loopback"]]] as const) {
      Deno.mkdirSync(join(dir, name));
      for (const plugin of plugins) Deno.writeTextFileSync(join(dir, name, plugin), "");
    }
    assert.equal(findCniBinDir([join(dir, "none"), join(dir, "half"), join(dir, "whole")]), join(dir, "whole"));
    assert.equal(findCniBinDir([join(dir, "half")]), undefined);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});
