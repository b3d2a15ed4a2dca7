/** Tables that the node has printed (meta.k8s.io/v1 Table), for a terminal: widths, colours, rows that are drawn anew. */
import { columnWidths, formatTable, oneLine } from "../api/printers/table.ts";
import { print } from "./output.ts";

export interface ServerTable {
  metadata: { resourceVersion?: string; continue?: string };
  columnDefinitions: { name: string; priority: number }[];
  rows: { cells: (string | number | boolean | null)[]; object: RowObject }[];
}

export interface RowObject {
  metadata: { name: string; namespace?: string; resourceVersion?: string; labels?: Record<string, string> };
}

export interface TableStyle {
  namespaces: boolean;
  wide: boolean;
  labels: boolean;
  headers: boolean;
  /** `pod`: names are shown as `pod/NAME`. */
  prefix?: string;
}

/** Asked for with every list and watch that is printed. */
export const acceptTable = "application/json;as=Table;v=v1;g=meta.k8s.io, application/json";

/** Whether colours are welcome: a terminal, and nobody has said no (no-color.org). */
export function colourful(): boolean {
  return Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR") && Deno.env.get("TERM") !== "dumb";
}

const colours: [pattern: RegExp, code: number][] = [
  [/BackOff|Err|Fail|OutOf|Evicted|OOM|Invalid|Unknown|NotReady|Lost|Warning/, 31],
  [/Pending|Creating|Initializing|Terminating|^Init:|Released|SchedulingDisabled/, 33],
  [/^(Running|Ready|Active|Bound|Available|Completed|Succeeded)$/, 32],
];
const coloured = new Set(["STATUS", "TYPE", "REASON"]);

export class TablePrinter {
  #widths: number[] = [];
  #heads: string[] = [];
  #shown = 0;
  readonly #colours = colourful();

  constructor(private style: TableStyle) {}

  /** Prints rows; the head before the first ones. */
  rows({ columnDefinitions, rows }: ServerTable): void {
    const first = this.#heads.length === 0;
    if (first) this.#heads = this.#head(columnDefinitions);
    const cells = rows.map((row) => this.#cells(columnDefinitions, row));
    if (first && this.style.headers) cells.unshift(this.#heads);
    this.#widths = columnWidths(cells, this.#widths);
    for (const line of this.#lines(cells)) print(line);
  }

  /** Draws the whole table in the place of the one before: a live view on a terminal. */
  redraw(columns: ServerTable["columnDefinitions"], rows: readonly ServerTable["rows"][number][]): void {
    const cells = [this.#heads = this.#head(columns), ...rows.map((row) => this.#cells(columns, row))];
    this.#widths = columnWidths(cells, this.#widths);
    const { columns: width, rows: height } = Deno.consoleSize();
    const lines = this.#lines(cells, width).slice(0, Math.max(2, height - 1));
    const up = this.#shown > 0 ? `\x1b[${this.#shown}A\r` : "";
    print(`${up}${lines.map((line) => `${line}\x1b[K`).join("\n")}\x1b[J`);
    this.#shown = lines.length;
  }

  #head(columns: ServerTable["columnDefinitions"]): string[] {
    const { namespaces, wide, labels } = this.style;
    const heads = columns.filter(({ priority }) => wide || priority === 0).map(({ name }) => name.toUpperCase());
    if (namespaces) heads.unshift("NAMESPACE");
    if (labels) heads.push("LABELS");
    return heads;
  }

  #cells(columns: ServerTable["columnDefinitions"], { cells, object }: ServerTable["rows"][number]): string[] {
    const { namespaces, wide, labels, prefix } = this.style;
    const shown = cells.map((cell) => cell === null ? "" : oneLine(String(cell)));
    if (prefix) {
      const at = columns.findIndex(({ name }) => name === "Name");
      if (at >= 0) shown[at] = `${prefix}/${shown[at]}`;
    }
    const kept = shown.filter((_, at) => wide || columns[at]?.priority === 0);
    if (namespaces) kept.unshift(object.metadata.namespace ?? "");
    if (labels) {
      const all = Object.entries(object.metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`).join(",");
      kept.push(all || "<none>");
    }
    return kept;
  }

  /** Lines with colours: they are added after the widths are known, and never cut in the middle. */
  #lines(cells: string[][], width = Infinity): string[] {
    const plain = formatTable(cells, this.#widths).map((line) => [...line].slice(0, width).join(""));
    if (!this.#colours) return plain;
    const at = this.#heads.findIndex((head) => coloured.has(head));
    if (at < 0) return plain;
    const start = this.#widths.slice(0, at).reduce((sum, each) => sum + each + 3, 0);
    return plain.map((line, index) => {
      const text = cells[index][at];
      const code = cells[index] === this.#heads ? undefined : colours.find(([pattern]) => pattern.test(text))?.[1];
      const points = [...line];
      if (code === undefined || points.length < start) return line;
      const end = start + [...text].length;
      return `${points.slice(0, start).join("")}\x1b[${code}m${points.slice(start, end).join("")}\x1b[0m${
        points.slice(end).join("")
      }`;
    });
  }
}

/** The rows of several tables of one kind as one. */
export function joined(tables: readonly ServerTable[]): ServerTable {
  return { ...tables[0], rows: tables.flatMap(({ rows }) => rows) };
}
