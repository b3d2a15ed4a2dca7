import { deepEqual } from "node:assert/strict";
import { createLogger } from "./log.ts";

Deno.test("lists of words are words on a terminal, and lists in JSON", () => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const now = () => 0;
  createLogger({ format: "text", write, now }).info("Hello", { found: ["a b", "c"], one: ["d"], n: [1, 2], none: [] });
  createLogger({ format: "json", write, now }).info("Hello", { found: ["a b", "c"] });
  deepEqual(lines, [
    '00:00:00.000 INFO  Hello found="a b; c" one=d n=[1,2] none=""',
    '{"time":"1970-01-01T00:00:00.000Z","level":"info","msg":"Hello","found":["a b","c"]}',
  ]);
});

Deno.test("a log that cannot be written stops nobody", () => {
  const write = () => {
    throw new Error("No space left on device");
  };
  createLogger({ write }).warn("The disk is full");
});
