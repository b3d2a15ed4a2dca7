/** Sets of CPUs as the kernel writes them: `0-3,6`. */

/** The numbers, in order and each once; undefined when the text is no such list. An empty text is the empty set. */
export function parseCpuList(text: string): number[] | undefined {
  const found = new Set<number>();
  for (const part of text.trim().split(",")) {
    if (part === "" && text.trim() === "") break;
    const match = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
    if (!match) return undefined;
    const first = Number(match[1]), last = Number(match[2] ?? match[1]);
    if (last < first) return undefined;
    for (let cpu = first; cpu <= last; cpu++) found.add(cpu);
  }
  return [...found].sort((a, b) => a - b);
}

/** The shortest text of a set. */
export function formatCpuList(cpus: Iterable<number>): string {
  const sorted = [...new Set(cpus)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let at = 0; at < sorted.length;) {
    let end = at;
    while (sorted[end + 1] === sorted[end] + 1) end++;
    parts.push(end === at ? `${sorted[at]}` : `${sorted[at]}-${sorted[end]}`);
    at = end + 1;
  }
  return parts.join(",");
}
