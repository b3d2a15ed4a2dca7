/**
 * Where a field stands in an object, in the field's own words: `spec.containers[0].resources.limits[cpu]`.
 * Paths are made on the way down and written out only when something is wrong.
 */
export type PathStep = string | number;

export class FieldPath {
  private constructor(
    private readonly parent: FieldPath | undefined,
    private readonly step: PathStep,
    private readonly style: "root" | "child" | "index" | "key",
  ) {}

  /** The object itself. */
  static readonly root = new FieldPath(undefined, "", "root");

  static of(...names: string[]): FieldPath {
    return FieldPath.root.child(...names);
  }

  /** A path from the steps that a parser reports. */
  static from(steps: readonly PropertyKey[]): FieldPath {
    let path = FieldPath.root;
    for (const step of steps) path = typeof step === "number" ? path.index(step) : path.child(String(step));
    return path;
  }

  child(...names: string[]): FieldPath {
    return names.reduce<FieldPath>((path, name) => new FieldPath(path, name, "child"), this);
  }

  index(index: number): FieldPath {
    return new FieldPath(this, index, "index");
  }

  /** An entry of a map with keys of its own: `limits[cpu]`. */
  key(key: string): FieldPath {
    return new FieldPath(this, key, "key");
  }

  /** This path below another object: an item of a List. */
  under(prefix: FieldPath): FieldPath {
    if (!this.parent) return prefix;
    return new FieldPath(this.parent.under(prefix), this.step, this.style);
  }

  /** Names and indexes from the root, for finding the place in a document. */
  steps(): PathStep[] {
    const steps: PathStep[] = [];
    for (let at: FieldPath | undefined = this as FieldPath; at?.parent; at = at.parent) steps.push(at.step);
    return steps.reverse();
  }

  /** This path and all above it, written out, the nearest first; the root is "". */
  *upwards(): Generator<string> {
    for (let at: FieldPath | undefined = this as FieldPath; at; at = at.parent) yield at.toString();
  }

  toString(): string {
    let text = "";
    for (let at: FieldPath | undefined = this as FieldPath; at?.parent; at = at.parent) {
      text = at.style === "child" ? (at.parent.parent ? "." : "") + String(at.step) + text : `[${at.step}]${text}`;
    }
    return text;
  }
}
