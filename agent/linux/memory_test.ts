import { deepEqual, ok } from "node:assert/strict";
import { codeMappings } from "./memory.ts";

Deno.test("releaseMemory() gives back what is not used, and harms nothing that is", async () => {
  // a process of its own: here other tests take and give back memory meanwhile
  const program = `
    import { releaseMemory } from ${JSON.stringify(import.meta.resolve("./memory.ts"))};
    const size = (field) => parseInt(Deno.readTextFileSync("/proc/self/status").split(field + ":")[1]);
    const look = () => ({ anonymous: size("RssAnon"), file: size("RssFile") });
    let all = Array.from({ length: 2000 }, () => new Uint8Array(32 * 1024).fill(1));
    const kept = all.filter((_, at) => at % 50 === 0);
    all = undefined;
    const before = look();
    for (let times = 0; times < 2; times++) releaseMemory();
    console.log(JSON.stringify({ before, after: look(), isWhole: kept.every((each) => each.every((byte) => byte === 1)) }));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--v8-flags=--expose-gc", program],
  }).output();
  const { before, after, isWhole } = JSON.parse(new TextDecoder().decode(stdout));
  ok(isWhole);
  ok(after.anonymous < before.anonymous - 32_000, `${before.anonymous} kB became ${after.anonymous} kB`);
  ok(after.file < before.file, `of files ${before.file} kB became ${after.file} kB`);
});

const mapping = (range: string, mode: string, inode: number, dirtyKb: number) =>
  `${range} ${mode} 00001000 fe:00 ${inode}   /usr/bin/islet
Size:              28000 kB
Private_Dirty:         ${dirtyKb} kB
Anonymous:             ${dirtyKb} kB
VmFlags: rd ex mr mw me
`;

Deno.test("only the code of files is given up, where it is as the file has it", () => {
  const smaps = mapping("7f0000000000-7f0001000000", "r-xp", 77, 0) +
    mapping("7f0002000000-7f0003000000", "r-xp", 77, 4) + // changed in memory: it would be lost
    mapping("7f0004000000-7f0005000000", "r--p", 77, 0) + // data, perhaps with relocations
    mapping("7f0006000000-7f0006001000", "r-xp", 77, 0) + // one page
    mapping("7f0008000000-7f0009000000", "r-xp", 0, 0); // no file: made while running
  deepEqual(codeMappings(smaps), [{ from: 0x7f0000000000n, size: 0x1000000n }]);
});
