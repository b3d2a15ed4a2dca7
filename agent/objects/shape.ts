/**
 * The shape of an object: what does not fit its schema is named and taken out, what is missing gets an empty value, so
 * that the steps after it can check the rest.
 */
import * as z from "zod/mini";
import type { FieldErrors } from "./field_error.ts";
import { FieldPath, type PathStep } from "./field_path.ts";
import type { KindInfo } from "./kinds.ts";

type Json = Record<string, unknown>;

export const isMap = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Maps with keys of their own: there `key:` without a value means an empty string, elsewhere an absent field. */
const textMaps = new Set([
  "data",
  "stringData",
  "binaryData",
  "labels",
  "annotations",
  "matchLabels",
  "nodeSelector",
  "selector",
]);

/** JSON's null is the same as absent, as in Go. */
export function dropNulls(value: unknown, field = ""): void {
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item);
  } else if (isMap(value)) {
    for (const [key, part] of Object.entries(value)) {
      if (part !== null) dropNulls(part, key);
      else if (textMaps.has(field) && !value.matchLabels && !value.matchExpressions) value[key] = "";
      else delete value[key];
    }
  }
}

type Issue = z.core.$ZodIssue;

/** Words for zod's types, and what stands in for a value of the wrong type. */
const types: Record<string, { words: string; zero: () => unknown }> = {
  string: { words: "must be a string", zero: () => "" },
  number: { words: "must be an integer", zero: () => 0 },
  int: { words: "must be an integer", zero: () => 0 },
  int32: { words: "must be an integer", zero: () => 0 },
  int64: { words: "must be an integer", zero: () => 0 },
  boolean: { words: "must be true or false", zero: () => false },
  array: { words: "must be a list", zero: () => [] },
  object: { words: "must be a mapping", zero: () => ({}) },
  record: { words: "must be a mapping", zero: () => ({}) },
  quantity: { words: "must be a quantity: a string or a number", zero: () => "0" },
  "int or string": { words: "must be a port's number or name", zero: () => 0 },
};

const words = (expected: string) => types[expected] ?? { words: `must be of type ${expected}`, zero: () => ({}) };

export class ShapeCheck {
  /** Places named already: what later steps find at or below them follows from it. */
  #named = new Set<string>();
  #missing: FieldPath[] = [];

  constructor(
    private readonly info: KindInfo,
    /** Unknown fields are errors, not warnings. */
    private readonly options: { strict?: boolean },
    private readonly problems: FieldErrors,
  ) {}

  /** Makes `value` fit the schema, noting what had to be changed. Filling one gap may show the next. */
  run(value: Json): void {
    for (let round = 0; round < 8; round++) {
      const result = z.safeParse(this.info.schema(), value, { reportInput: true });
      if (result.success) return;
      for (const issue of result.error.issues) this.#mend(value, issue);
    }
  }

  #mend(root: Json, issue: Issue): void {
    const steps = issue.path as PathStep[];
    const path = FieldPath.from(steps);
    const found = at(root, steps);
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        if (isMap(found)) delete found[key];
        const message = `unknown field ${JSON.stringify(key)}`;
        if (this.options.strict) this.problems.unknown(path.child(key), message);
        else this.problems.warn(path.child(key), message);
      }
      return;
    }
    const expected = issue.code === "invalid_type"
      ? issue.expected
      : issue.code === "custom"
      ? String(issue.params?.expected)
      : issue.code === "not_multiple_of"
      ? "int"
      : "string";
    if (found === undefined) {
      this.#missing.push(path);
      put(root, steps, issue.code === "invalid_value" ? issue.values[0] : words(expected).zero());
      if (issue.code === "invalid_value") {
        this.problems.required(path);
        // What stands in is a guess: nothing beside it is judged by it.
        if (steps.length > 1) this.#named.add(FieldPath.from(steps.slice(0, -1)).toString());
      }
      return;
    }
    if (issue.code === "invalid_value") {
      // An empty string is how Go writes an unset word.
      if (found !== "") {
        this.#named.add(path.toString());
        if (typeof found === "string") {
          this.problems.notSupported(path, found, issue.values.filter((value) => value !== ""));
        } else this.problems.invalid(path, this.#show(steps, found), words("string").words);
      }
      if (!this.#isItem(steps)) remove(root, steps);
      else put(root, steps, issue.values[0]);
      return;
    }
    this.#named.add(path.toString());
    const plain = typeof found === "number" || typeof found === "boolean";
    const hint = expected === "string" && plain ? `, not a ${typeof found}: put it in quotes` : "";
    this.problems.invalid(path, this.#show(steps, found), words(expected).words + hint);
    if (typeof steps.at(-1) === "number") put(root, steps, words(expected).zero());
    else remove(root, steps);
  }

  /** Items of lists cannot be taken out without renaming the others. */
  #isItem(steps: PathStep[]): boolean {
    return typeof steps.at(-1) === "number";
  }

  /** A value for a message; never what is in a Secret. */
  #show(steps: PathStep[], value: unknown): unknown {
    if (this.info.kind === "Secret" && (steps[0] === "data" || steps[0] === "stringData")) return "<redacted>";
    return typeof value === "object" ? typeName(value) : value;
  }

  /** Adds what the later steps found, but for what follows from what is named already. */
  merge(checks: FieldErrors): void {
    const follows = (path: FieldPath) => this.#named.size > 0 && path.upwards().some((above) => this.#named.has(above));
    for (const error of checks.errors) if (!follows(error.path)) this.problems.errors.push(error);
    this.problems.warnings.push(...checks.warnings);
    if (!this.#missing.length) return;
    // A gap is named by itself only if nothing was said of it or of what would be in it.
    const said = new Set<string>();
    for (const { path } of this.problems.errors) for (const above of path.upwards()) said.add(above);
    for (const path of this.#missing) {
      if (!said.has(path.toString()) && !follows(path)) this.problems.required(path);
    }
  }
}

function at(root: unknown, steps: PathStep[]): unknown {
  let value = root;
  for (const step of steps) value = (value as Record<PathStep, unknown> | undefined)?.[step];
  return value;
}

function put(root: unknown, steps: PathStep[], value: unknown): void {
  const parent = at(root, steps.slice(0, -1)) as Record<PathStep, unknown> | undefined;
  if (parent) parent[steps[steps.length - 1]] = value;
}

function remove(root: unknown, steps: PathStep[]): void {
  const parent = at(root, steps.slice(0, -1)) as Record<PathStep, unknown> | undefined;
  if (parent) delete parent[steps[steps.length - 1]];
}

export function typeName(value: unknown): string {
  return value === null || value === undefined
    ? "null"
    : Array.isArray(value)
    ? "list"
    : typeof value === "object"
    ? "mapping"
    : typeof value;
}
