import { deepEqual, ok } from "node:assert/strict";
import { codeMappings, releaseMemory } from "./memory.ts";

// a library that is opened half way through a test looks like a leak
releaseMemory();

Deno.test("releaseMemory() gives back what is not used, and may be called at any time", () => {
  const size = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(Deno.readTextFileSync("/proc/self/status"))![1]);
  const before = { anonymous: size("RssAnon"), file: size("RssFile") };
  releaseMemory();
  ok(size("RssAnon") <= before.anonymous + 4096 && size("RssFile") <= before.file + 4096);
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
