/** Numbers for people: medians, units, Markdown tables. */

/** The middle value; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `123 ms (110–160)`: the median, and from least to most. */
export function spread(values: readonly number[], unit = "ms"): string {
  const digits = Math.max(...values) < 10 ? 1 : 0;
  const [least, middle, most] = [Math.min(...values), median(values), Math.max(...values)].map((n) =>
    n.toFixed(digits)
  );
  return `${middle} ${unit} (${least}–${most})`;
}

/** `84.2 MB`, of 10⁶ bytes. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Whether an aim is met, as a mark behind a figure. */
export function aim(met: boolean, text: string): string {
  return `${met ? "✓" : "✗"} ${text}`;
}

/** A table as Markdown writes it, columns aligned for reading it as it is. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, 3, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  return [line(head), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...rows.map(line)].join("\n");
}
