import assert from "node:assert/strict";
import type { LogEntry } from "./line.ts";
import { Renderer, type RenderOptions } from "./render.ts";

const decoder = new TextDecoder();

/** `o` and `e` for a line of stdout and stderr, `O` and `E` for a part; the second of the minute is its place. */
function entries(...lines: string[]): LogEntry[] {
  return lines.map((line, second) => ({
    time: `2026-01-02T03:04:${String(second).padStart(2, "0")}Z`,
    stream: line[0].toLowerCase() === "o" ? "stdout" : "stderr",
    partial: line[0] === line[0].toUpperCase(),
    content: new TextEncoder().encode(line.slice(1)),
  }));
}

function rendered(options: RenderOptions, ...lines: string[]): string {
  const renderer = new Renderer(options);
  for (const entry of entries(...lines)) renderer.add(entry);
  renderer.finish();
  return decoder.decode(renderer.take());
}

const minute = Date.UTC(2026, 0, 2, 3, 4);
const cases: { name: string; options: RenderOptions; lines: string[]; text: string }[] = [
  { name: "lines as they are", options: {}, lines: ["oone", "etwo", "o"], text: "one\ntwo\n\n" },
  { name: "parts joined", options: {}, lines: ["Oa", "Ob", "oc", "od"], text: "abc\nd\n" },
  {
    name: "parts of both streams joined apart",
    options: {},
    lines: ["Oa", "EA", "ob", "eB"],
    text: "ab\nAB\n",
  },
  { name: "a part whose end does not come, last", options: {}, lines: ["oa", "Ob"], text: "a\nb" },
  { name: "one stream only", options: { stream: "stderr" }, lines: ["oa", "eb", "Oc", "ed", "oe"], text: "b\nd\n" },
  {
    name: "times before lines, not before parts",
    options: { timestamps: true },
    lines: ["Oa", "ob", "ec"],
    text: "2026-01-02T03:04:00.000000000Z ab\n2026-01-02T03:04:02.000000000Z c\n",
  },
  {
    name: "from a time on, that time included",
    options: { since: minute + 1000 },
    lines: ["oa", "ob", "oc"],
    text: "b\nc\n",
  },
  { name: "at most some bytes, within a line", options: { limitBytes: 4 }, lines: ["oabc", "odef"], text: "abc\n" },
  { name: "at most fewer bytes than the first line has", options: { limitBytes: 2 }, lines: ["oabc"], text: "ab" },
];

for (const { name, options, lines, text } of cases) {
  Deno.test(`Renderer shows ${name}`, () => assert.equal(rendered(options, ...lines), text));
}

Deno.test("Renderer copies what it is given: the reader's buffer is read into again", () => {
  const renderer = new Renderer({});
  const buffer = new TextEncoder().encode("first");
  const entry: LogEntry = { time: "2026-01-02T03:04:05Z", stream: "stdout", partial: false, content: buffer };
  renderer.add(entry);
  renderer.add({ ...entry, partial: true });
  buffer.fill(0x78);
  renderer.finish();
  assert.equal(decoder.decode(renderer.take()), "first\nfirst");
});

Deno.test("Renderer holds no more than about a mebibyte of an unfinished line", () => {
  const renderer = new Renderer({});
  const content = new Uint8Array(16 * 1024).fill(0x61);
  for (let i = 0; i < 100; i++) {
    renderer.add({ time: "2026-01-02T03:04:05Z", stream: "stdout", partial: true, content });
  }
  assert.ok(renderer.size > 1024 * 1024);
  renderer.finish();
  assert.equal(renderer.take().length, 100 * content.length);
});

Deno.test("Renderer is full exactly at its limit", () => {
  const renderer = new Renderer({ limitBytes: 2 });
  assert.equal(renderer.full, false);
  for (const entry of entries("oa")) renderer.add(entry);
  assert.equal(renderer.full, true);
});
