/** A kind as paths and messages of the API name it: `Pod` → `pods`, `PriorityClass` → `priorityclasses`. */
export function pluralOf(kind: string): string {
  const name = kind.toLowerCase();
  if (name === "endpoints") return name;
  return /(s|x|ch|sh)$/.test(name) ? `${name}es` : name.endsWith("y") ? `${name.slice(0, -1)}ies` : `${name}s`;
}
