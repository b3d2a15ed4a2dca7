/** Fields that a JSON text has twice: `JSON.parse` keeps the last one and says nothing. */

interface Level {
  /** Undefined in a list. */
  keys: Set<string> | undefined;
  /** Where the scan is: a field's name or an index. */
  step: string | number;
}

/** Paths of repeated fields (`spec.containers[0].image`), each once. The text must be JSON that can be parsed. */
export function duplicateFields(text: string): string[] {
  const found = new Set<string>();
  const levels: Level[] = [];
  let at = 0;
  while (at < text.length) {
    const level = levels.at(-1);
    switch (text[at]) {
      case "{":
        levels.push({ keys: new Set(), step: "" });
        break;
      case "[":
        levels.push({ keys: undefined, step: 0 });
        break;
      case "}":
      case "]":
        levels.pop();
        break;
      case ",":
        if (level && !level.keys) level.step = (level.step as number) + 1;
        break;
      case '"': {
        const end = stringEnd(text, at);
        if (level?.keys && text[nextToken(text, end)] === ":") {
          const key = JSON.parse(text.slice(at, end)) as string;
          level.step = key;
          if (level.keys.has(key)) found.add(pathOf(levels));
          level.keys.add(key);
        }
        at = end;
        continue;
      }
    }
    at++;
  }
  return [...found];
}

/** The place after the closing quote of a string. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1;; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text[at - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
}

function nextToken(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return at;
}

function pathOf(levels: readonly Level[]): string {
  return levels.map(({ step }) => typeof step === "number" ? `[${step}]` : `.${step}`).join("").replace(/^\./, "");
}
