import assert from "node:assert/strict";
import { entryTime, fixedTime, parseEntry } from "./line.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function parsed(line: string) {
  const entry = parseEntry(encoder.encode(line));
  return entry && { ...entry, content: decoder.decode(entry.content) };
}

Deno.test("parseEntry() reads the runtime's lines", () => {
  const time = "2026-01-02T03:04:05.123456789Z";
  const table: [line: string, stream: string, partial: boolean, content: string][] = [
    [`${time} stdout F hello world`, "stdout", false, "hello world"],
    [`${time} stderr P part `, "stderr", true, "part "],
    [`${time} stdout F `, "stdout", false, ""],
    [`${time} stdout F`, "stdout", false, ""],
    [`${time} stdout P:tag1:tag2 x`, "stdout", true, "x"],
    [`${time} stdout F  indented`, "stdout", false, " indented"],
    [`${time} stdout F Grüße\t☃`, "stdout", false, "Grüße\t☃"],
  ];
  for (const [line, stream, partial, content] of table) {
    assert.deepEqual(parsed(line), { time, stream, partial, content }, line);
  }
});

Deno.test("parseEntry() keeps bytes that are no text", () => {
  const head = encoder.encode("2026-01-02T03:04:05Z stdout F ");
  const entry = parseEntry(new Uint8Array([...head, 0xff, 0x00, 0xfe]));
  assert.deepEqual([...entry!.content], [0xff, 0x00, 0xfe]);
});

Deno.test("parseEntry() passes over what is no entry", () => {
  for (
    const line of [
      "",
      "hello",
      "2026-01-02T03:04:05Z stdout",
      "2026-01-02T03:04:05Z stdlog F x",
      "2026-01-02T03:04:05Z stdout X x",
      "not-a-time-at-all-here stdout F x",
      "\0\0\0\0\0\0\0\0",
    ]
  ) assert.equal(parsed(line), undefined, JSON.stringify(line));
});

Deno.test("fixedTime() always has nine digits, whatever the zone", () => {
  const table: [string, string][] = [
    ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000000Z"],
    ["2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.100000000Z"],
    ["2026-01-02T03:04:05.123456789+02:00", "2026-01-02T03:04:05.123456789+02:00"],
  ];
  for (const [from, to] of table) assert.equal(fixedTime(from), to);
});

Deno.test("entryTime() understands zones", () => {
  const entry = parseEntry(encoder.encode("2026-01-02T05:04:05.5+02:00 stdout F x"))!;
  assert.equal(entryTime(entry), Date.UTC(2026, 0, 2, 3, 4, 5, 500));
});
