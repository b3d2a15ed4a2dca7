/**
 * Makes a plain value fit a kind's schema, telling what had to be changed. What has the wrong type is named, taken out,
 * and the rest is checked as if it had not been there; so one slip does not hide the others.
 */
import * as z from "zod/mini";
import type { FieldErrors } from "./field_error.ts";
import { FieldPath, type PathStep } from "./field_path.ts";
import { isQuantity } from "./quantity.ts";

export type Json = Record<string, unknown>;

export function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

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

/** What is told of a value that does not fit. */
export interface ShapeFindings {
  /** `steps`: the mapping that has it. */
  unknownField(path: FieldPath, key: string, steps: readonly PathStep[]): void;
  wrongType(wrong: WrongType): void;
}

export interface WrongType {
  path: FieldPath;
  steps: PathStep[];
  found: unknown;
  /** zod's word for the type, or one of ours: `int32`, `quantity`, `time`. */
  expected: string;
}

/** What stands in for a value of the wrong type. */
const zeros: Record<string, () => unknown> = {
  number: () => 0,
  int32: () => 0,
  int64: () => 0,
  boolean: () => false,
  array: () => [],
  object: () => ({}),
  record: () => ({}),
  quantity: () => "0",
  time: () => "1970-01-01T00:00:00Z",
  "int or string": () => 0,
};
const zeroOf = (expected: string) => zeros[expected]?.() ?? "";

export class ShapeCheck {
  /** Places named already: what later steps find at or below them follows from it. */
  #named = new Set<string>();
  #missing: FieldPath[] = [];

  constructor(
    private readonly schema: z.core.$ZodType,
    private readonly findings: ShapeFindings,
    private readonly problems: FieldErrors,
  ) {}

  /** Makes `value` fit the schema, noting what had to be changed. Filling one gap may show the next. */
  run(value: Json): void {
    for (let round = 0; round < 8; round++) {
      const result = z.safeParse(this.schema, value, { reportInput: true });
      if (result.success) return;
      for (const issue of result.error.issues) this.#mend(value, issue);
    }
  }

  #mend(root: Json, issue: Issue): void {
    const steps = issue.path as PathStep[];
    const found = at(root, steps);
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        if (isMap(found)) delete found[key];
        this.findings.unknownField(FieldPath.from(steps).child(key), key, steps);
      }
      return;
    }
    const expected = issue.code === "invalid_type"
      ? issue.expected
      : issue.code === "custom"
      ? String(issue.params?.expected)
      : "string";
    const path = pathOf(steps, expected);
    if (found === undefined) {
      this.#missing.push(path);
      put(root, steps, issue.code === "invalid_value" ? issue.values[0] : zeroOf(expected));
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
        } else this.findings.wrongType({ path, steps, found, expected: "string" });
      }
      if (!this.#isItem(steps)) remove(root, steps);
      else put(root, steps, issue.values[0]);
      return;
    }
    this.#named.add(path.toString());
    this.findings.wrongType({ path, steps, found, expected });
    if (this.#isItem(steps)) put(root, steps, zeroOf(expected));
    else remove(root, steps);
  }

  /** Items of lists cannot be taken out without renaming the others. */
  #isItem(steps: PathStep[]): boolean {
    return typeof steps.at(-1) === "number";
  }

  /**
   * Adds what the later steps found, but for what follows from what is named already.
   * @param passedOver gaps that nobody needs to hear of
   */
  merge(
    checks: FieldErrors,
    passedOver: (path: FieldPath) => boolean = () => false,
    problems: FieldErrors = this.problems,
  ): void {
    const follows = (path: FieldPath) => this.#named.size > 0 && path.upwards().some((above) => this.#named.has(above));
    for (const error of checks.errors) if (!follows(error.path)) problems.errors.push(error);
    problems.warnings.push(...checks.warnings);
    if (!this.#missing.length) return;
    // A gap is named by itself only if nothing was said of it or of what would be in it.
    const said = new Set<string>();
    for (const { path } of problems.errors) for (const above of path.upwards()) said.add(above);
    for (const path of this.#missing) {
      if (!said.has(path.toString()) && !follows(path) && !passedOver(path)) problems.required(path);
    }
  }
}

/** Resources have names of their own: `limits[cpu]`. */
function pathOf(steps: PathStep[], expected: string): FieldPath {
  const last = steps.at(-1);
  if (expected !== "quantity" || last === "sizeLimit" || last === "divisor") return FieldPath.from(steps);
  return FieldPath.from(steps.slice(0, -1)).key(String(last));
}

/** Whether a quantity is a string that cannot be read, rather than no string at all. */
export function unreadableQuantity({ expected, found }: Pick<WrongType, "expected" | "found">): boolean {
  return expected === "quantity" && typeof found === "string" && !isQuantity(found);
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
