import { equal } from "node:assert/strict";
import { asciiScript } from "./compile.ts";

Deno.test("asciiScript() writes the same strings, patterns and names with ASCII alone", () => {
  const script = `const größe = "µs · 😀", pattern = /^[µμ]s$/; größe + " " + pattern.test("μs") + " " + [\`é\`]`;
  const ascii = asciiScript(script);
  equal(/[^\x20-\x7e]/.test(ascii), false, ascii);
  // deno-lint-ignore no-eval -- a script is what it is about
  equal(eval(ascii), eval(script));
});
