import assert from "node:assert/strict";
import { pauseElf } from "./pause_elf.ts";
import { machineArchitecture } from "./pause.ts";

for (const [architecture, machine] of [["amd64", 62], ["arm64", 183]] as const) {
  Deno.test(`pauseElf() is a static executable of a few hundred bytes for ${architecture}`, () => {
    const file = pauseElf(architecture);
    const view = new DataView(file.buffer);
    assert.ok(file.length < 512, `${file.length} bytes`);
    assert.deepEqual([...file.subarray(0, 6)], [0x7f, 0x45, 0x4c, 0x46, 2, 1]);
    assert.equal(view.getUint16(18, true), machine);
    assert.equal(view.getUint16(56, true), 1, "one program header");
    assert.equal(view.getUint32(64, true), 1, "PT_LOAD");
    assert.equal(view.getUint32(68, true), 5, "readable and executable, never writable");
    assert.equal(view.getBigUint64(96, true), BigInt(file.length), "the whole file is mapped");
    const entry = Number(view.getBigUint64(24, true) - view.getBigUint64(80, true));
    assert.equal(entry, 120, "code follows the headers");
  });
}

Deno.test("pauseElf() for arm64 points SIGCHLD at SIG_IGN and SIGTERM at its exit", () => {
  const file = pauseElf("arm64");
  const view = new DataView(file.buffer);
  const words = Array.from({ length: (file.length - 120) >> 2 }, (_, i) => view.getUint32(120 + 4 * i, true));
  // adr x1, <label>, the second instruction of each rt_sigaction
  const target = (at: number) => {
    assert.equal(words[at] >>> 24 & 0x9f, 0x10, "adr");
    const offset = ((words[at] >>> 5 & 0x7ffff) << 2) | (words[at] >>> 29 & 3);
    return 120 + 4 * at + offset;
  };
  assert.deepEqual(words.slice(0, 1), [0xd2800220], "mov x0, #17 (SIGCHLD)");
  assert.equal(view.getBigUint64(target(1), true), 1n, "SIG_IGN");
  assert.equal(words[6], 0xd28001e0, "mov x0, #15 (SIGTERM)");
  const exit = Number(view.getBigUint64(target(7), true)) - 0x400000;
  assert.deepEqual(
    [view.getUint32(exit, true), view.getUint32(exit + 4, true), view.getUint32(exit + 8, true)],
    [0xd2800000, 0xd2800bc8, 0xd4000001],
    "mov x0, #0; mov x8, #94; svc #0",
  );
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`the pause program ignores SIGCHLD, waits, and ends with status 0 on ${signal}`, async () => {
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeFile(file, pauseElf(machineArchitecture()), { mode: 0o755 });
      await Deno.chmod(file, 0o755);
      await using child = new Deno.Command(file, { stdin: "null", stdout: "null", stderr: "null" }).spawn();
      const status = await asleep(child.pid);
      assert.equal(BigInt("0x" + /^SigIgn:\s*(\w+)/m.exec(status)![1]) >> 16n & 1n, 1n, "SIGCHLD is ignored");
      assert.equal(BigInt("0x" + /^SigCgt:\s*(\w+)/m.exec(status)![1]), 1n << 14n | 1n << 1n, "SIGTERM and SIGINT");
      child.kill("SIGCHLD");
      child.kill(signal);
      assert.deepEqual({ ...await child.status }, { success: true, code: 0, signal: null });
    } finally {
      await Deno.remove(file);
    }
  });
}

/** The status of the process once the second of its handlers is there. */
async function asleep(pid: number): Promise<string> {
  while (true) {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    const caught = BigInt("0x" + /^SigCgt:\s*(\w+)/m.exec(status)![1]);
    if (caught === (1n << 14n | 1n << 1n)) return status;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
