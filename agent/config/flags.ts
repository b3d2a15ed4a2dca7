/**
 * The command line of `islet run`: `--flag value`, `--flag=value`, `--switch`, `--switch=false`; kubelet's names where
 * kubelet has one. Parsing and help both come from the table of fields.
 */
import { formatDuration } from "../duration.ts";
import type { Field } from "./field.ts";
import { nearest } from "../nearest.ts";
import { defaultSettings } from "./settings.ts";
import { fieldsByFlag } from "./table.ts";

/** What was given, by the name that was used: all texts of a flag that was repeated. */
export type Flags = ReadonlyMap<string, readonly string[]>;

export interface ParsedFlags {
  flags: Flags;
  /** What is no flag; everything behind `--`. */
  rest: string[];
  help: boolean;
  /** Usage errors: unknown flags, missing values. */
  errors: string[];
}

/** Takes an argument list apart. Values are not looked at yet: loadConfig() does that. */
export function parseFlags(args: readonly string[]): ParsedFlags {
  const fields = fieldsByFlag();
  const flags = new Map<string, string[]>();
  const rest: string[] = [];
  const errors: string[] = [];
  let help = false;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === "--") {
      rest.push(...args.slice(at + 1));
      break;
    }
    if (arg === "--help" || arg === "-h") {
      help = true;
      continue;
    }
    // -v is the one short flag: -v 4, -v=4, -v4.
    const short = /^-v(?:=?(\d+))?$/.exec(arg);
    const [, name, inline] = short ? ["", "v", short[1]] : /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) {
      if (arg.startsWith("-") && arg !== "-") errors.push(`unknown shorthand flag: ${JSON.stringify(arg)}`);
      else rest.push(arg);
      continue;
    }
    const field = fields.get(name);
    if (!field) {
      const near = nearest(name, fields.keys());
      errors.push(`unknown flag: --${name}${near ? ` (did you mean --${near}?)` : ""}`);
      // The value of an unknown flag is no argument of its own.
      if (inline === undefined && args[at + 1] !== undefined && !args[at + 1].startsWith("-")) at++;
      continue;
    }
    let value = inline;
    if (value === undefined) {
      if (field.type === "bool") value = "true";
      else if (at + 1 < args.length) value = args[++at];
      else {
        errors.push(`flag needs an argument: --${name}`);
        continue;
      }
    }
    const values = flags.get(name);
    if (values) values.push(value);
    else flags.set(name, [value]);
  }
  return { flags, rest, help, errors };
}

const typeNames: Record<Field["type"], string> = {
  bool: "",
  int: "int",
  float: "float",
  string: "string",
  path: "path",
  duration: "duration",
  quantity: "quantity",
  strings: "strings",
  ints: "ints",
  stringMap: "key=value,…",
  boolMap: "key=bool,…",
  quantityMap: "key=quantity,…",
  thresholds: "signal<quantity,…",
  taints: "taints",
  priorities: "json",
  object: "json",
  any: "value",
};

/**
 * The entries of a --help text: flags that do something, in alphabetical order, with their defaults. `only` names those that a
 * command of its own looks at; it takes the others too.
 */
export function describeFlags({ width = 100, only }: { width?: number; only?: readonly string[] } = {}): string {
  const byField = new Map<Field, string[]>();
  for (const [flag, field] of fieldsByFlag()) {
    if (field.help && !field.refused && (only?.includes(field.flags[0]) ?? true)) {
      byField.set(field, [...byField.get(field) ?? [], flag]);
    }
  }
  const entries = [...byField].sort(([, [a]], [, [b]]) => a < b ? -1 : 1);
  const indent = "      ";
  const lines = entries.flatMap(([field, flags]) => {
    const [first, ...others] = flags.map((flag) => flag === "v" ? "-v, --v" : `--${flag}`);
    const also = others.length > 0 ? ` (also ${others.join(", ")})` : "";
    const type = typeNames[field.type] && ` ${typeNames[field.type]}`;
    const text = wrap(field.help + defaultText(field) + also, width - indent.length);
    return [`  ${first}${type}`, ...text.map((line) => indent + line)];
  });
  const rest = only
    ? "Every other flag of islet run is known, too."
    : "Every other flag of kubelet's is known, too; one that has no effect here says so when it is used.";
  return [...lines, "", ...wrap(rest, width)].join("\n");
}

/** ` (default 20s)`, unless the default is nothing, or the help speaks of it. */
function defaultText({ sets, type, help, convert }: Field): string {
  const value = sets && !convert ? defaultSettings()[sets] : undefined;
  if (!value || help.includes("default") || (typeof value === "object" && Object.keys(value).length === 0)) return "";
  if (type === "duration") return ` (default ${formatDuration(value as number)})`;
  if (type === "quantity") return ` (default ${(value as number) / 2 ** 20}Mi)`;
  if (type === "thresholds") return ` (default ${Object.entries(value).map((pair) => pair.join("<")).join(",")})`;
  return ` (default ${value})`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
