/** `fieldSelector`: text → a predicate over the fields that a resource names. `=`, `==`, `!=`; a backslash escapes. */
import { badRequest } from "../status.ts";

/** The fields that a resource can be selected by. */
export type Fields<T> = Readonly<Record<string, (object: T) => string | undefined>>;

/** Reads a field selector. `refuse` is asked for the words about a field that is not among `fields`. */
export function fieldSelector<T>(
  text: string,
  fields: Fields<T>,
  refuse = (field: string) => `field label not supported: ${field}`,
): (object: T) => boolean {
  const tests = terms(text).map((term) => {
    const { field, equal, value } = readTerm(term, text);
    if (!Object.hasOwn(fields, field)) throw badRequest(refuse(field));
    const read = fields[field];
    return (object: T) => ((read(object) ?? "") === value) === equal;
  });
  return (object) => tests.every((test) => test(object));
}

/** Splits at commas that are not escaped; empty parts are left out. */
function terms(text: string): string[] {
  return [...text.matchAll(/(?:\\[\s\S]|[^\\,])+|\\$/g)].map(([term]) => term);
}

function readTerm(term: string, text: string): { field: string; equal: boolean; value: string } {
  const [, field, operator, value] = /^((?:\\[\s\S]|[^\\=!])*?)(!=|==|=)([\s\S]*)$/.exec(term) ?? [];
  if (operator === undefined) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
  return { field, equal: operator !== "!=", value: unescaped(value) };
}

function unescaped(value: string): string {
  let plain = "";
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (char === "=" || char === ",") {
      throw badRequest(`invalid field selector: unescaped character in value: ${char}`);
    }
    if (char !== "\\") plain += char;
    else {
      const next = value[++at];
      if (next !== "\\" && next !== "," && next !== "=") {
        throw badRequest(`invalid field selector: invalid escape sequence: \\${next ?? ""}`);
      }
      plain += next;
    }
  }
  return plain;
}
