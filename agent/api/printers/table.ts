/** Rows of cells: as text in columns for people, as meta.k8s.io/v1 Table for clients that ask the server to print. */

export interface Column {
  name: string;
  description: string;
  /** Shown by `-o wide` only. */
  wide?: boolean;
}

/** Pads columns, three spaces apart as kubectl does; the last one is not padded. */
export function formatTable(
  rows: readonly (readonly string[])[],
  widths: readonly number[] = columnWidths(rows),
): string[] {
  const gap = 3;
  return rows.map((row) =>
    row.map((cell, at) => at === row.length - 1 ? cell : cell + " ".repeat(Math.max(0, widths[at] - width(cell)) + gap))
      .join("").trimEnd()
  );
}

/** The widest cell of each column; not less than `before`, so that later rows stand below earlier ones. */
export function columnWidths(rows: readonly (readonly string[])[], before: readonly number[] = []): number[] {
  const widths = [...before];
  for (const row of rows) row.forEach((cell, at) => widths[at] = Math.max(widths[at] ?? 0, width(cell)));
  return widths;
}

/** Places on a terminal: code points, near enough. */
function width(text: string): number {
  return [...text].length;
}

/** A cell may not break the table: line ends and control characters are shown as they are written. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => escapes[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

const escapes: Record<string, string> = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };

export interface TableObject {
  metadata: { name: string; namespace?: string };
}

/** meta.k8s.io/v1 Table. `include` as in the query parameter `includeObject`. */
export function tableOf<T extends TableObject>(
  objects: readonly T[],
  columns: readonly Column[],
  row: (object: T) => string[],
  { include = "Metadata", metadata = {} }: { include?: string; metadata?: Record<string, unknown> } = {},
): unknown {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: columns.map(({ name, description, wide }) => ({
      name,
      type: "string",
      format: name === "Name" ? "name" : "",
      description,
      priority: wide ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: row(object),
      ...(include === "None" ? {} : {
        object: include === "Object"
          ? object
          : { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
      }),
    })),
  };
}
