/** Whether an applied configuration has the shape of its kind, in kube-apiserver's words. */
import { goText, isMap } from "../json.ts";
import { fieldView, type ListView, type ScalarType, type TypeView } from "../schema_view.ts";
import { elementText, fieldElement, itemElement, NoIdentity } from "./path_element.ts";

/** What is wrong, each with its path: `.spec.color: field not declared in schema`. */
export function shapeProblems(value: unknown, view: TypeView): string[] {
  const problems: string[] = [];
  check(value, view, "", problems);
  return problems;
}

function check(value: unknown, view: TypeView, path: string, problems: string[]): void {
  const wrong = (problem: string) => problems.push(path === "" ? problem : `${path}: ${problem}`);
  if (value === null || view.t === "any") return;
  switch (view.t) {
    case "scalar":
      if (!isScalar(value, view.type)) wrong(`expected ${expected[view.type]}, got ${goText(value)}`);
      return;
    case "struct":
    case "map":
      if (!isMap(value)) {
        wrong(`expected map, got ${goText(value)}`);
        return;
      }
      for (const key of Object.keys(value)) {
        const below = path + elementText(fieldElement(key));
        const child = fieldView(view, key);
        if (child) check(value[key], child, below, problems);
        else problems.push(`${below}: field not declared in schema`);
      }
      return;
    case "list":
      if (Array.isArray(value)) checkItems(value, view, path, problems);
      else wrong(`expected list, got ${goText(value)}`);
      return;
    default:
      view satisfies never;
  }
}

const expected: Readonly<Record<ScalarType, string>> = {
  string: "string",
  number: "numeric (int or float)",
  boolean: "boolean",
  any: "any scalar",
};

function isScalar(value: unknown, type: ScalarType): boolean {
  const is = typeof value as string;
  return type === "any" ? ["string", "number", "boolean"].includes(is) : is === type;
}

function checkItems(list: readonly unknown[], view: ListView, path: string, problems: string[]): void {
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    let step = `[${index}]`;
    if (view.listType !== "atomic") {
      try {
        const element = itemElement(view, item);
        step = elementText(element);
        if (seen.has(element)) problems.push(`${path}: duplicate entries for key ${step}`);
        seen.add(element);
      } catch (err) {
        if (!(err instanceof NoIdentity)) throw err;
        problems.push(`${path}: element ${index}: ${err.message}`);
        return;
      }
    }
    check(item, view.item, path + step, problems);
  }
}
