/** The part of kubectl's JSONPath that scripts wait with: fields, indexes and `*`: `{.status.conditions[0].type}`. */
import { UsageError } from "./usage.ts";

export type Path = (string | number | "*")[];

/** Reads a path; braces and the first dot may be left out. Throws a UsageError. */
export function readPath(text: string): Path {
  const inner = /^\{(.*)\}$/s.exec(text.trim())?.[1] ?? text.trim();
  const path: Path = [];
  const step = /\.?(?:\[(\*|\d+|'[^']*'|"[^"]*")\]|((?:\\.|[^.[\]\\])+))/y;
  for (let at = inner.startsWith("$") ? 1 : 0; at < inner.length; at = step.lastIndex) {
    step.lastIndex = at;
    const found = step.exec(inner);
    if (!found) {
      throw new UsageError(`cannot read the path ${JSON.stringify(text)} at ${JSON.stringify(inner.slice(at))}`);
    }
    const [, index, field] = found;
    if (field !== undefined) path.push(field === "*" ? "*" : field.replace(/\\(.)/g, "$1"));
    else if (index === "*") path.push("*");
    else path.push(/^\d/.test(index) ? Number(index) : index.slice(1, -1));
  }
  return path;
}

/** What is at the path; nothing where it leads nowhere. */
export function valuesAt(value: unknown, path: Path): unknown[] {
  let values = [value];
  for (const step of path) {
    values = values.flatMap((each) => {
      if (typeof each !== "object" || each === null) return [];
      if (step === "*") return Object.values(each);
      return Object.hasOwn(each, step) ? [(each as Record<string | number, unknown>)[step]] : [];
    });
  }
  return values;
}
