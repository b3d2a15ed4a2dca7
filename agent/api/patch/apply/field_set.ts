/**
 * A set of paths as a tree: which fields somebody manages. A path may be a member and have longer ones below it.
 * Sets are built once and not changed afterwards.
 */
import { isMap, type JsonMap, setField } from "../json.ts";
import { fieldView, type TypeView } from "../schema_view.ts";
import { compareElements, type PathElement, readElement } from "./path_element.ts";

export class FieldSet {
  readonly #members: ReadonlySet<PathElement>;
  readonly #children: ReadonlyMap<PathElement, FieldSet>;

  private constructor(members: Iterable<PathElement>, children: Iterable<[PathElement, FieldSet]>) {
    this.#members = new Set(members);
    const filled: [PathElement, FieldSet][] = [];
    for (const [element, child] of children) if (!child.isEmpty) filled.push([element, child]);
    this.#children = new Map(filled);
  }

  static readonly empty: FieldSet = new FieldSet([], []);

  static of(paths: Iterable<readonly PathElement[]>): FieldSet {
    const members = new Set<PathElement>();
    const below = new Map<PathElement, PathElement[][]>();
    for (const [element, ...rest] of paths) {
      if (rest.length === 0) members.add(element);
      else if (below.has(element)) below.get(element)!.push(rest);
      else below.set(element, [rest]);
    }
    return new FieldSet(members, [...below].map(([element, rest]) => [element, FieldSet.of(rest)]));
  }

  get isEmpty(): boolean {
    return this.#members.size === 0 && this.#children.size === 0;
  }

  /** Whether a path of one step is a member. */
  has(element: PathElement): boolean {
    return this.#members.has(element);
  }

  /** The paths below a step. */
  below(element: PathElement): FieldSet {
    return this.#children.get(element) ?? FieldSet.empty;
  }

  union(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    if (this.isEmpty) return other;
    const children = new Map(this.#children);
    for (const [element, child] of other.#children) children.set(element, this.below(element).union(child));
    return new FieldSet([...this.#members, ...other.#members], children);
  }

  intersection(other: FieldSet): FieldSet {
    return new FieldSet(
      [...this.#members].filter((element) => other.has(element)),
      [...this.#children].map(([element, child]) => [element, child.intersection(other.below(element))]),
    );
  }

  /** Without the members of another set; what is below them stays. */
  difference(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    return new FieldSet(
      [...this.#members].filter((element) => !other.has(element)),
      [...this.#children].map(([element, child]) => [element, child.difference(other.below(element))]),
    );
  }

  /** Without the members of another set and everything below them. */
  without(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    return new FieldSet(
      [...this.#members].filter((element) => !other.has(element)),
      [...this.#children].filter(([element]) => !other.has(element))
        .map(([element, child]) => [element, child.without(other.below(element))]),
    );
  }

  /** With every struct's field that there are members below of. */
  withNamedFields(view: TypeView): FieldSet {
    const named = view.t === "struct" ? [...this.#children.keys()].filter((one) => view.fields.has(one.slice(2))) : [];
    return new FieldSet(
      [...this.#members, ...named],
      [...this.#children].map(([element, child]) => [element, child.withNamedFields(viewBelow(view, element))]),
    );
  }

  /** All members, each as a whole path; those of a level before those below it. */
  *paths(prefix: readonly PathElement[] = []): Generator<PathElement[]> {
    for (const element of [...this.#members].sort(compareElements)) yield [...prefix, element];
    for (const element of [...this.#children.keys()].sort(compareElements)) {
      yield* this.below(element).paths([...prefix, element]);
    }
  }

  #sorted(): PathElement[] {
    return [...new Set([...this.#members, ...this.#children.keys()])].sort(compareElements);
  }

  /** FieldsV1. */
  toFields(): JsonMap {
    const fields: JsonMap = {};
    for (const element of this.#sorted()) {
      const child = this.#children.get(element);
      const isMember = this.#members.has(element);
      setField(fields, element, { ...(child && isMember ? { ".": {} } : {}), ...child?.toFields() });
    }
    return fields;
  }

  /** Reads FieldsV1; undefined when it cannot be read. */
  static fromFields(fields: unknown): FieldSet | undefined {
    if (!isMap(fields)) return undefined;
    const members: PathElement[] = [];
    const children: [PathElement, FieldSet][] = [];
    for (const key of Object.keys(fields)) {
      if (key === ".") continue; // said of the parent
      const element = readElement(key);
      const below = fields[key];
      const child = FieldSet.fromFields(below);
      if (element === undefined || child === undefined) return undefined;
      if (child.isEmpty || Object.hasOwn(below as JsonMap, ".")) members.push(element);
      children.push([element, child]);
    }
    return new FieldSet(members, children);
  }
}

const untyped: TypeView = { t: "any" };

function viewBelow(view: TypeView, element: PathElement): TypeView {
  if (element.startsWith("f:")) return fieldView(view, element.slice(2)) ?? untyped;
  return view.t === "list" ? view.item : untyped;
}
