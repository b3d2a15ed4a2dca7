/** What an expression of Prometheus asks for: as much of the language as it takes to find metrics and labels. */

export interface Selector {
  /** Undefined where only labels are given. */
  name: string;
  /** Names of labels between the braces. */
  labels: string[];
  /** As it stands in the expression. */
  text: string;
}

const keywords = new Set(
  "by without on ignoring group_left group_right and or unless bool offset atan2 inf nan start end".split(" "),
);
const listing = new Set("by without on ignoring group_left group_right".split(" "));

type Token = { kind: "word" | "text" | "duration" | "sign"; text: string };

function tokens(expr: string): Token[] {
  const found: Token[] = [];
  const pattern =
    /\s+|#[^\n]*|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<duration>\d[\d.]*(?:e[+-]?\d+|[a-z]+)*)|(?<word>[A-Za-z_:][A-Za-z0-9_:]*)|(?<sign>[=!]~|[=!<>]=|[-+*/%^(){}[\],=<>@:])/gy;
  let at = 0;
  for (const match of expr.matchAll(pattern)) {
    if (match.index !== at) break;
    at += match[0].length;
    const [entry] = Object.entries(match.groups!).filter(([, text]) => text !== undefined);
    if (entry) found.push({ kind: entry[0] as Token["kind"], text: entry[1] });
  }
  if (at !== expr.length) {
    throw new Error(`Cannot read the expression from ${JSON.stringify(expr.slice(at, at + 20))} on`);
  }
  return found;
}

/** Every metric that the expression looks at. */
export function selectors(expr: string): Selector[] {
  const all = tokens(expr), found: Selector[] = [];
  for (let at = 0; at < all.length; at++) {
    const { kind, text } = all[at], next = all[at + 1]?.text;
    if (kind !== "word") continue;
    if (listing.has(text) && next === "(") {
      while (all[at].text !== ")") at++;
      continue;
    }
    if (keywords.has(text) || next === "(") continue;
    // an aggregation may name its labels first: sum by (pod) (…)
    if (next === "by" || next === "without") continue;
    const labels: string[] = [];
    let end = at;
    if (next === "{") {
      for (end = at + 2; all[end].text !== "}"; end++) {
        if (all[end].kind === "word" && /^(=|!=|=~|!~)$/.test(all[end + 1].text)) labels.push(all[end].text);
      }
    }
    found.push({ name: text, labels, text: all.slice(at, end + 1).map(({ text }) => text).join("") });
    at = end;
  }
  return found;
}

/** Labels that the expression groups or joins by. */
export function groupings(expr: string): string[] {
  const all = tokens(expr), found = new Set<string>();
  for (let at = 0; at < all.length; at++) {
    if (!listing.has(all[at].text) || all[at + 1]?.text !== "(") continue;
    for (at += 2; all[at].text !== ")"; at++) if (all[at].kind === "word") found.add(all[at].text);
  }
  return [...found];
}
