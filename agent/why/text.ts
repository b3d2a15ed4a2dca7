/** An explanation for a terminal. */
import type { Explanation } from "./types.ts";

/** Lines without a newline at the end. */
export function explanationText({ headline, findings }: Explanation): string {
  const lines = [headline];
  for (const { what, because, next } of findings) {
    lines.push("", what);
    for (const text of because) for (const line of text.split("\n")) lines.push(`    ${line}`);
    for (const text of next) lines.push(`  → ${text}`);
  }
  return lines.join("\n");
}
