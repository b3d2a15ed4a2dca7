import { ok } from "node:assert/strict";
import { releaseMemory } from "./memory.ts";

// a library that is opened half way through a test looks like a leak
releaseMemory();

Deno.test("releaseMemory() gives back what is not used, and may be called at any time", () => {
  const rss = () => Number(/^RssAnon:\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/status"))![1]);
  const before = rss();
  releaseMemory();
  ok(rss() <= before + 4096, `${rss()} kB after ${before} kB`);
});
