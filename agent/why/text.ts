/** An explanation for a terminal. */
import type { Explanation } from "./types.ts";

/** Lines without a newline at the end. */
export function explanationText({ headline, findings }: Explanation): string {
  const lines = [headline];
  for (const [index, { what, because, next }] of findings.entries()) {
    // The headline ends with what matters most: that is not said twice.
    if (index > 0 || !headline.endsWith(what.slice(1))) lines.push("", what);
    for (const text of because) for (const line of text.split("\n")) lines.push(`    ${line}`);
    for (const text of next) lines.push(`  → ${text}`);
  }
  return lines.join("\n");
}
