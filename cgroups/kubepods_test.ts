import assert from "node:assert/strict";
import { FakeCgroups } from "./fake.ts";
import { ensureKubepods, kubepodsPaths } from "./kubepods.ts";

const gib = 2 ** 30;

for (const version of [1, 2] as const) {
  const memoryFile = version === 1 ? "memory.limit_in_bytes" : "memory.max";
  const usageFile = version === 1 ? "memory.usage_in_bytes" : "memory.current";
  const weight = (fs: ReturnType<FakeCgroups["fs"]>, path: string) =>
    fs.read(path, version === 1 ? "cpu.shares" : "cpu.weight");

  Deno.test(`ensureKubepods() on v${version} makes the three cgroups with kubelet's weights`, async () => {
    const fs = new FakeCgroups(version).fs();
    const limits = { cpuShares: 2048, memoryBytes: gib, pidsMax: 1000 };
    const paths = await ensureKubepods(fs, {
      driver: "cgroupfs",
      limits,
      burstable: { cpuShares: 512 },
      bestEffort: { ioWeight: 10 },
    });
    assert.deepEqual(paths, {
      guaranteed: "/kubepods",
      burstable: "/kubepods/burstable",
      bestEffort: "/kubepods/besteffort",
    });
    assert.equal(fs.read("/kubepods", memoryFile), String(gib));
    assert.equal(fs.read("/kubepods", "pids.max"), "1000");
    assert.equal(weight(fs, "/kubepods"), version === 1 ? "2048" : "79");
    assert.equal(weight(fs, "/kubepods/burstable"), version === 1 ? "512" : "20");
    assert.equal(weight(fs, "/kubepods/besteffort"), version === 1 ? "2" : "1");
    if (version === 2) assert.equal(fs.read("/kubepods/besteffort", "io.weight"), "default 10");
  });

  Deno.test(`ensureKubepods() on v${version} a second time writes nothing`, async () => {
    const kernel = new FakeCgroups(version);
    const options = {
      driver: "cgroupfs" as const,
      limits: { cpuShares: 2048, memoryBytes: gib },
      burstable: { cpuShares: 5 },
    };
    await ensureKubepods(kernel.fs(), options);
    kernel.writes.length = 0;
    await ensureKubepods(kernel.fs(), options);
    assert.deepEqual(kernel.writes, []);
  });

  Deno.test(`ensureKubepods() on v${version} never limits memory below what adopted pods use`, async () => {
    const kernel = new FakeCgroups(version);
    const fs = kernel.fs();
    await fs.create("/kubepods");
    kernel.set("/kubepods", usageFile, String(3 * gib));
    const options = { driver: "cgroupfs" as const, limits: { memoryBytes: 2 * gib } };
    const { heldAtBytes } = await ensureKubepods(fs, options);
    assert.ok(heldAtBytes! > 3 * gib && heldAtBytes! < 4 * gib);
    assert.equal(fs.read("/kubepods", memoryFile), String(heldAtBytes));

    kernel.set("/kubepods", usageFile, String(gib));
    assert.equal((await ensureKubepods(fs, options)).heldAtBytes, undefined);
    assert.equal(fs.read("/kubepods", memoryFile), String(2 * gib));
  });

  Deno.test(`ensureKubepods() on v${version} gives the burstable class the least weight until it is told more`, async () => {
    const fs = new FakeCgroups(version).fs();
    const paths = await ensureKubepods(fs, { driver: "cgroupfs", limits: {} });
    assert.equal(weight(fs, paths.burstable), version === 1 ? "2" : "1");
  });
}

Deno.test("kubepodsPaths() nests below a root, in both drivers' ways", () => {
  assert.equal(kubepodsPaths("cgroupfs", "/edge").burstable, "/edge/kubepods/burstable");
  assert.equal(
    kubepodsPaths("systemd", "/edge.slice/edge-a.slice").bestEffort,
    "/edge.slice/edge-a.slice/edge-a-kubepods.slice/edge-a-kubepods-besteffort.slice",
  );
});
