/** What a test run found wrong, and how it is told at the end, where a log that was cut short still has it. */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { Result } from "./junit.ts";

export interface Finding {
  /** The part of the run. */
  part: string;
  /** The test; a part that failed as a whole has none. */
  test?: Result;
  /** What was said of it. */
  told: string;
  /** False: it failed at first and passed when it was run again. */
  failed: boolean;
}

/** What became of failed tests when their files were run once more. A test that did not run then has not passed. */
export function retold(part: string, failures: readonly Result[], again: readonly Result[]): Finding[] {
  const key = ({ file, name }: Result) => `${file}\n${name}`;
  const passed = new Set(again.filter(({ failure }) => failure === undefined).map(key));
  return failures.map((test) => ({ part, test, told: test.failure ?? "", failed: !passed.has(key(test)) }));
}

/**
 * The file that runs a failed test, relative to `root`: for a test that a helper defines the report names the helper's file, and
 * only where it failed tells whose it is. Undefined where nothing does.
 */
export function testFile({ file, failure = "" }: Result, root: string): string | undefined {
  if (file.endsWith("_test.ts")) return file;
  const url = /file:\/\/\S+?_test\.ts(?=:\d)/.exec(stripVTControlCharacters(failure))?.[0];
  return url && `./${relative(root, fileURLToPath(url))}`;
}

/** At most this many characters of each finding, from its beginning; of a whole part, from its end. */
const lengthEach = 1200;
/** From here on only the names. */
const lengthAll = 8000;

/** A text of all findings, those that failed first; empty where there are none. */
export function tellFindings(findings: readonly Finding[], root: string): string {
  let text = "";
  for (const { part, test, told, failed } of [...findings].sort((a, b) => Number(b.failed) - Number(a.failed))) {
    text += `\n== ${failed ? "FAILED" : "UNSTEADY (passed when run again)"}: ${part}`;
    if (test) text += ` ${testFile(test, root) ?? test.file}: ${test.name}`;
    text += "\n";
    if (text.length > lengthAll) continue;
    const plain = stripVTControlCharacters(told).trim();
    const short = test ? plain.slice(0, lengthEach) : plain.slice(-lengthEach);
    text += `${short.replace(/^/gm, "  ")}\n`;
  }
  return text;
}

/** The name under which an error of a file counts that no test of it made: in what is done before and after them, or late. */
export const outsideTests = "outside of its tests";

/** Passes output of `deno test` on as it comes, and remembers its end, and which files failed outside of their tests. */
export class Output {
  readonly outside = new Set<string>();
  #tail = "";
  #line = "";

  constructor(private readonly length: number) {}

  get tail(): string {
    return this.#tail;
  }

  async pass(from: ReadableStream<Uint8Array>, to: { writeSync(data: Uint8Array): number }): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of from) {
      for (let at = 0; at < chunk.length;) at += to.writeSync(chunk.subarray(at));
      const text = decoder.decode(chunk, { stream: true });
      this.#tail = (this.#tail + text).slice(-this.length);
      const lines = (this.#line + text).split("\n");
      this.#line = lines.pop()!;
      for (const line of lines) {
        const file = /^(\S+) \(uncaught error\)$/.exec(stripVTControlCharacters(line).trim())?.[1];
        if (file) this.outside.add(file);
      }
    }
  }
}
