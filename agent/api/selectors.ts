/**
 * labelSelector and fieldSelector of lists: text → a predicate. Labels take the whole grammar (`a=b`, `a!=b`,
 * `a in (b,c)`, `a notin (b,c)`, `a`, `!a`), fields `=`, `==` and `!=` on the fields that a resource names.
 */
import { badRequest } from "./status.ts";

type Labels = Readonly<Record<string, string>>;

/** Reads a label selector; throws a 400 naming the part that it cannot read. */
export function labelSelector(text: string): (labels: Labels | undefined) => boolean {
  const tests = requirements(text).map(labelRequirement);
  return (labels = {}) => tests.every((test) => test(labels));
}

function labelRequirement(text: string): (labels: Labels) => boolean {
  const set = /^([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set) {
    const [, key, operator, list] = set;
    const values = new Set(list.split(",").map((value) => value.trim()));
    for (const value of values) checkLabel(key, value, text);
    return operator === "in"
      ? (labels) => Object.hasOwn(labels, key) && values.has(labels[key])
      : (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key]);
  }
  const compare = /^([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)$/.exec(text);
  if (compare) {
    const [, key, operator, value] = compare;
    checkLabel(key, value, text);
    return operator === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const exists = /^(!?)\s*([^\s!=,()]+)$/.exec(text);
  if (exists) {
    const [, not, key] = exists;
    checkLabel(key, "", text);
    return (labels) => Object.hasOwn(labels, key) === (not === "");
  }
  throw badRequest(`unable to parse requirement: ${JSON.stringify(text)} is no label requirement`);
}

function checkLabel(key: string, value: string, text: string): void {
  const name = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
  if (!name.test(key)) {
    throw badRequest(`unable to parse requirement ${JSON.stringify(text)}: invalid label key ${JSON.stringify(key)}`);
  }
  if (value !== "" && !/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(value)) {
    throw badRequest(
      `unable to parse requirement ${JSON.stringify(text)}: invalid label value ${JSON.stringify(value)}`,
    );
  }
}

/** Splits at commas outside parentheses; empty parts are left out. */
function requirements(text: string): string[] {
  return text.split(/,(?![^()]*\))/).map((part) => part.trim()).filter((part) => part !== "");
}

/** The fields that a resource can be selected by. */
export type Fields<T> = Readonly<Record<string, (object: T) => string | undefined>>;

/** Reads a field selector; throws a 400 for a field that is not among `fields`. */
export function fieldSelector<T>(text: string, fields: Fields<T>): (object: T) => boolean {
  const tests = requirements(text).map((part) => {
    const [, field, operator, value] = /^([^\s!=]+)\s*(==|=|!=)\s*(.*)$/.exec(part) ?? [];
    if (field === undefined) throw badRequest(`invalid selector: ${JSON.stringify(part)}; can't understand it`);
    if (!Object.hasOwn(fields, field)) throw badRequest(`field label not supported: ${field}`);
    const read = fields[field];
    return (object: T) => (read(object) ?? "") === value === (operator !== "!=");
  });
  return (object) => tests.every((test) => test(object));
}
