/** The name that a write is noted under: the option `fieldManager`, else the program's name in the User-Agent. */
const longest = 128;

/** `kubectl/v1.36.0 (linux/amd64) …` → `kubectl`. */
export function managerOf(fieldManager: string | null | undefined, userAgent: string | null | undefined): string {
  if (fieldManager) return fieldManager;
  const [program] = (userAgent ?? "").split("/");
  const encoder = new TextEncoder();
  let name = "", bytes = 0;
  for (const character of program) {
    if (!/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character)) continue;
    bytes += encoder.encode(character).length;
    if (bytes > longest) break;
    name += character;
  }
  return name === "" ? "unknown" : name;
}
