/** Labels with values, nested: what `describe` prints. Values of neighbours stand below each other. */

/** A label with its value: one line, several lines, or a block of further entries. */
export type Entry = readonly [label: string, value: string | readonly string[] | Block];

export interface Block {
  entries?: readonly Entry[];
  lines?: readonly string[];
}

/** The lines of a text; entries without a value are left out. */
export function outline(entries: readonly Entry[], indent = ""): string[] {
  const shown = entries.filter(([, value]) => typeof value === "string" || isBlock(value) || value.length > 0);
  const labels = shown.filter(([, value]) => !isBlock(value)).map(([label]) => label.length);
  const width = Math.max(0, ...labels) + 3;
  return shown.flatMap(([label, value]) => {
    if (isBlock(value)) {
      const { entries = [], lines = [] } = value;
      return [`${indent}${label}:`, ...outline(entries, indent + "  "), ...lines.map((line) => `${indent}  ${line}`)];
    }
    const [first = "", ...rest] = typeof value === "string" ? [value] : value;
    const head = `${indent}${`${label}:`.padEnd(width)}`;
    return [`${head}${first}`.trimEnd(), ...rest.map((line) => `${" ".repeat(head.length)}${line}`.trimEnd())];
  });
}

function isBlock(value: Entry[1]): value is Block {
  return typeof value === "object" && !Array.isArray(value);
}
