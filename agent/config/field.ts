/**
 * One row of the table that everything here is made from: a field of a configuration document, its flag, its type, and
 * what it sets. A row that sets nothing is a field that is known but has no effect here, and using it is a warning.
 */
import type { Settings } from "./settings.ts";

export type FieldType =
  | "bool"
  | "int"
  | "float"
  | "string"
  | "path"
  | "duration"
  | "quantity"
  | "strings"
  | "ints"
  | "stringMap"
  | "boolMap"
  | "quantityMap"
  | "thresholds"
  | "taints"
  | "priorities"
  | "object"
  | "any";

/** Which document a field belongs to; `flag` for what only the command line has. */
export type DocumentKind = "KubeletConfiguration" | "KubeProxyConfiguration" | "IsletConfiguration" | "flag";

export interface Field {
  kind: DocumentKind;
  /** Dotted path in the document; for a flag alone its name. */
  path: string;
  type: FieldType;
  /** The setting that it gives a value. */
  sets?: keyof Settings;
  /** Flags without their dashes; the first is the one that help shows. */
  flags: readonly string[];
  /** For help. */
  help: string;
  /** Allowed values. */
  oneOf?: readonly string[];
  min?: number;
  max?: number;
  /** A zero or empty value means "not set", as it does to kubelet for this field. */
  zeroIsUnset?: boolean;
  /** Finds fault with a value of the right type; the text is the detail of an Invalid value. */
  check?: (value: never) => string | undefined;
  /** From the field's value to the setting's. */
  convert?: (value: never) => unknown;
  /** Why this cannot be used: an error. */
  refused?: string;
  /** Why this has no effect, where it is not simply "in this version"; with `sets`, what part of it has none. */
  note?: string;
  /** The values that `note` is about; default: all. */
  noteWhen?: (value: never) => boolean;
}

type Options = Partial<Omit<Field, "kind" | "path" | "type" | "flags">> & { flag?: string | readonly string[] };

/** A builder of rows for one kind; `prefix` goes before derived flag names. */
export function fieldsOf(kind: DocumentKind, prefix = "") {
  return (path: string, type: FieldType, options: Options = {}): Field => {
    const { flag = prefix + flagName(path), help = "", ...rest } = options;
    return { kind, path, type, help, ...rest, flags: typeof flag === "string" ? [flag] : flag };
  };
}

/** `cpuCFSQuotaPeriod` → `cpu-cfs-quota-period`, `memorySwap.swapBehavior` → `memory-swap-swap-behavior`. */
export function flagName(path: string): string {
  return path.replace(/([a-z0-9])([A-Z])/g, "$1-$2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1-$2").replaceAll(".", "-")
    .toLowerCase();
}
