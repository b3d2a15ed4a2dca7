/**
 * `$(NAME)` in environment values, commands, arguments and subPathExpr. `$$` stands for a dollar sign, so `$$(NAME)` is
 * the text `$(NAME)`; a reference to nothing stays as it is.
 */

/** Where the value of a name comes from. */
export type Lookup = (name: string) => string | undefined;

/** Expands every reference that `lookup` knows. */
export function expand(text: string, lookup: Lookup): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) => {
    if (name === undefined) return "$";
    return lookup(name) ?? whole;
  });
}

/** The names that are referred to and not known, each once. */
export function unknownReferences(text: string, lookup: Lookup): string[] {
  const unknown = new Set<string>();
  expand(text, (name) => {
    const value = lookup(name);
    if (value === undefined) unknown.add(name);
    return value;
  });
  return [...unknown];
}
