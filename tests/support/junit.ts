/** What a run of `deno test --junit-path` found, test by test. */

/** A test, or a step of one (`test > step`), that ran. */
export interface Result {
  /** As the test run names it: `./tests/e2e/smoke_test.ts`. */
  file: string;
  name: string;
  /** What went wrong; the test passed if there is nothing. */
  failure?: string;
}

const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescaped(text: string): string {
  return text.replace(/&(?:([a-z]+)|#(\d+)|#x([\da-f]+));/gi, (whole, name, decimal, hex) => {
    if (name) return entities[name] ?? whole;
    return String.fromCodePoint(decimal ? parseInt(decimal, 10) : parseInt(hex, 16));
  });
}

/** Reads a report. Tests that were skipped are left out. Throws where the text is no whole report. */
export function readJunit(xml: string): Result[] {
  if (!/<\/testsuites>\s*$|<testsuites\b[^>]*\/>\s*$/.test(xml)) {
    throw new Error("Cannot read the test report: it has no end");
  }
  const results: Result[] = [];
  // what stands in texts and attributes is escaped: a `<` begins a tag, a `>` ends one or belongs to a text
  for (const [, attributes, body = ""] of xml.matchAll(/<testcase\b([^<]*?)(?:\/>|>([^]*?)<\/testcase>)/g)) {
    if (/<skipped\b/.test(body)) continue;
    const attribute = (key: string) => unescaped(new RegExp(`\\b${key}="([^"]*)"`).exec(attributes)?.[1] ?? "");
    const failed = /<(?:failure|error)\b[^<]*?(?:\/>|>([^<]*)<)/.exec(body);
    results.push({
      file: attribute("classname"),
      name: attribute("name"),
      ...(failed ? { failure: unescaped(failed[1] ?? "") } : {}),
    });
  }
  return results;
}
