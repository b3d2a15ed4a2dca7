/** Words for printed columns, and what printers share. */
import { age } from "../../../age.ts";
import type { ApiObject, TableColumn } from "../types.ts";

type More = { wide?: boolean; description?: string };

/** A column of text. */
export function text(name: string, description: string, { wide }: More = {}): TableColumn {
  return { name, type: "string", description, priority: wide ? 1 : 0 };
}

export function integer(name: string, description: string, { wide }: More = {}): TableColumn {
  return { name, type: "integer", description, priority: wide ? 1 : 0 };
}

export const nameColumn: TableColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace.",
};

export const ageColumn: TableColumn = {
  name: "Age",
  type: "string",
  description: "Time since the object was created, as the server counts it.",
};

export function ageOf({ metadata }: ApiObject, now: number): string {
  return age(metadata.creationTimestamp, now);
}

/** kubectl's word for nothing. */
export const none = "<none>";

export function orNone(value: string | undefined | null): string {
  return value || none;
}

/** `a=b,c=d`, in the order of keys; `<none>`. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => a < b ? -1 : 1).map(([key, value]) =>
    `${key}=${value}`
  );
  return pairs.join(",") || none;
}
