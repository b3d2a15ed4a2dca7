/**
 * Checks tests/COVERAGE.md, the list of what is promised and which test shows it: every bullet names at least one test as
 * `path/of_test.ts: name of the test`, and each test that is named exists.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** A test that the list names. */
export interface Reference {
  line: number;
  file: string;
  test: string;
}

/** The tests that the list names, and the lines of bullets that name none. */
export function readCoverage(markdown: string): { references: Reference[]; bare: number[] } {
  const references: Reference[] = [], bare: number[] = [];
  let bullet: { line: number; named: boolean } | undefined;
  const close = () => {
    if (bullet && !bullet.named) bare.push(bullet.line);
    bullet = undefined;
  };
  markdown.split("\n").forEach((text, index) => {
    const line = index + 1;
    if (/^- /.test(text)) {
      close();
      bullet = { line, named: false };
    } else if (!/^\s+\S/.test(text)) {
      close(); // an indented line goes on with the bullet
    }
    for (const [, file, test] of text.matchAll(/`([\w./-]+_test\.ts): ([^`]+)`/g)) {
      references.push({ line, file, test });
      if (bullet) bullet.named = true;
    }
  });
  close();
  return { references, bare };
}

/** The names of the tests in a file: strings that begin a test or a step of one. */
export function testNames(source: string): Set<string> {
  const pattern =
    /\b(?:Deno\.test(?:\.\w+)?|\w*[tT]est|step|it|describe)\(\s*(?:\{\s*name:\s*)?("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.)*`)/g;
  const names = new Set<string>();
  for (const [, literal] of source.matchAll(pattern)) {
    names.add(literal.slice(1, -1).replace(/\\(.)/g, "$1"));
  }
  return names;
}

/** What is wrong with the list. */
export async function checkCoverage(markdown: string, read: (file: string) => Promise<string>): Promise<string[]> {
  const { references, bare } = readCoverage(markdown);
  const problems = bare.map((line) => `tests/COVERAGE.md:${line}: this bullet names no test`);
  if (references.length === 0) problems.push("tests/COVERAGE.md: no test is named");
  const files = new Map<string, Set<string> | undefined>();
  for (const { line, file, test } of references) {
    if (!files.has(file)) files.set(file, await read(file).then(testNames, () => undefined));
    const names = files.get(file);
    if (!names) problems.push(`tests/COVERAGE.md:${line}: there is no file ${file}`);
    else if (!names.has(test)) problems.push(`tests/COVERAGE.md:${line}: ${file} has no test "${test}"`);
  }
  return problems;
}

if (import.meta.main) {
  const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));
  const problems = await checkCoverage(
    await Deno.readTextFile(`${root}/tests/COVERAGE.md`),
    (file) => Deno.readTextFile(`${root}/${file}`),
  );
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) Deno.exit(1);
}
