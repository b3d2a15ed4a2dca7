import assert from "node:assert/strict";
import fc from "fast-check";
import { formatCpuList, parseCpuList } from "./cpu_list.ts";

Deno.test("parseCpuList() reads the kernel's lists and nothing else", () => {
  const table: [text: string, cpus: number[] | undefined][] = [
    ["", []],
    ["\n", []],
    ["0", [0]],
    ["0-3,6\n", [0, 1, 2, 3, 6]],
    ["6,0-1,1-2", [0, 1, 2, 6]],
    ["3-1", undefined],
    ["0,", undefined],
    ["0x1", undefined],
    ["-1", undefined],
  ];
  for (const [text, cpus] of table) assert.deepEqual(parseCpuList(text), cpus, JSON.stringify(text));
});

Deno.test("formatCpuList() is undone by parseCpuList()", () => {
  assert.equal(formatCpuList([6, 1, 0, 2, 3, 3]), "0-3,6");
  fc.assert(fc.property(fc.uniqueArray(fc.nat(300)), (cpus) => {
    assert.deepEqual(parseCpuList(formatCpuList(cpus)), cpus.sort((a, b) => a - b));
  }));
});
