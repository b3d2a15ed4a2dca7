/**
 * A verb's words: flags from a table, `--flag value`, `--flag=value`, `-f value`, `-fvalue`, `-it`; flags and other words
 * in any order; everything behind `--` is kept apart. A wrong flag is a UsageError that names the nearest right one.
 */
import { nearest } from "../nearest.ts";
import { UsageError } from "./usage.ts";

export interface Flag {
  name: string;
  short?: string;
  /** What the value is called in the help; without it the flag is a switch. */
  value?: string;
  help: string;
  /** The values that are allowed. */
  oneOf?: readonly string[];
}

export interface Arguments {
  /** The last value given; "true" or "false" for a switch. */
  get(name: string): string | undefined;
  is(name: string): boolean;
  words: string[];
  /** What follows `--`; undefined without one. */
  rest?: string[];
  help: boolean;
}

const help: Flag = { name: "help", short: "h", help: "show this" };

/** Takes the words apart; all that is wrong is told at once. */
export function parseArguments(args: readonly string[], table: readonly Flag[]): Arguments {
  const flags = [...table, help];
  const values = new Map<string, string>();
  const errors: string[] = [];
  const words: string[] = [];
  let rest: string[] | undefined;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === "--") {
      rest = args.slice(at + 1);
      break;
    }
    const set = (flag: Flag, shown: string, inline: string | undefined) => {
      const value = inline ?? (flag.value === undefined ? "true" : args[++at]);
      if (value === undefined) errors.push(`flag needs an argument: ${shown} ${flag.value}`);
      else if (flag.value === undefined && !["true", "false"].includes(value)) {
        errors.push(`invalid value ${JSON.stringify(value)} for ${shown}: it is true or false`);
      } else if (flag.oneOf && !flag.oneOf.includes(value)) {
        errors.push(`invalid value ${JSON.stringify(value)} for ${shown}: it is one of ${flag.oneOf.join(", ")}`);
      } else values.set(flag.name, value);
    };
    if (arg.startsWith("--")) {
      const [, name, inline] = /^--([^=]*)(?:=(.*))?$/s.exec(arg)!;
      const flag = flags.find((flag) => flag.name === name);
      if (flag) set(flag, `--${name}`, inline);
      else {
        const near = nearest(name, flags.map(({ name }) => name));
        errors.push(`unknown flag: --${name}${near ? ` (did you mean --${near}?)` : ""}`);
      }
    } else if (arg.startsWith("-") && arg !== "-") {
      for (let letters = arg.slice(1); letters !== "";) {
        const flag = flags.find(({ short }) => short === letters[0]);
        if (!flag) {
          errors.push(`unknown flag: -${letters[0]}${arg.length > 2 ? ` in ${arg}` : ""}`);
          break;
        }
        const tail = letters.slice(1);
        if (flag.value === undefined && !tail.startsWith("=")) {
          set(flag, `-${flag.short}`, undefined);
          letters = tail;
        } else {
          set(flag, `-${flag.short}`, tail === "" ? undefined : tail.replace(/^=/, ""));
          break;
        }
      }
    } else words.push(arg);
  }
  const get = (name: string) => values.get(name);
  const asked = get("help") === "true";
  if (errors.length > 0 && !asked) throw new UsageError(errors.join("\n"));
  return { get, is: (name) => get(name) === "true", words, rest, help: asked };
}

/** What `--help` prints of a verb. */
export function describeVerb(usage: string, text: string, table: readonly Flag[]): string {
  const rows = [...table, help].map(({ name, short, value, help, oneOf }) => [
    `  ${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`,
    help + (oneOf ? `: ${oneOf.filter((each) => each !== "").join(", ")}` : ""),
  ]);
  const width = Math.max(...rows.map(([left]) => left.length));
  return `${text}\n\nUsage: islet ${usage}\n\nFlags:\n${
    rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`).join("\n")
  }`;
}

/** A number that a flag gives, not less than `least`. */
export function numberFlag(args: Arguments, name: string, least: number): number | undefined {
  const text = args.get(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`invalid value ${JSON.stringify(text)} for --${name}: it is a whole number from ${least} on`);
  }
  return value;
}
