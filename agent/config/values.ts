/**
 * From a YAML value or a flag's text to a field's value: one check per type for both.
 */
import { resolve } from "node:path";
import { isQuantity, quantityBytes } from "../objects/quantity.ts";
import { labelValue, qualifiedName } from "./checks.ts";
import { formatDuration, parseDuration } from "../duration.ts";
import type { Field } from "./field.ts";
import type { PriorityGrace, Taint } from "./settings.ts";

/** A field's value; `unset` when it means "as if it were not there". */
export type Read = { value: unknown } | { unset: true } | { problem: string };

/**
 * A value as a YAML or JSON document has it; relative paths start at `directory`. A problem is what follows the path:
 * `Invalid value: -1: must be …`.
 */
export function readValue(field: Field, given: unknown, directory = Deno.cwd()): Read {
  if (given === null || given === undefined) return { unset: true };
  const invalid = (detail: string): Read => ({ problem: `Invalid value: ${JSON.stringify(given)}: ${detail}` });
  const typed = ofType(field, given);
  if (typeof typed === "string") return invalid(typed);
  const value = field.type === "path" && typed.value !== "" ? resolve(directory, typed.value as string) : typed.value;
  if (field.zeroIsUnset && (value === 0 || value === "")) return { unset: true };
  // kubeadm writes every field, most of them empty: what would have no effect anywhere is no reason for a warning.
  if (!field.sets && (isEmpty(value) || (field.type === "duration" && value === 0))) return { unset: true };
  if (field.oneOf && !field.oneOf.includes(value as string)) {
    const values = [...field.oneOf].sort().map((each) => JSON.stringify(each)).join(", ");
    return { problem: `Unsupported value: ${JSON.stringify(given)}: supported values: ${values}` };
  }
  const show = (limit: number) => field.type === "duration" ? formatDuration(limit) : String(limit);
  if (field.min !== undefined && (value as number) < field.min) {
    return invalid(`must be greater than or equal to ${show(field.min)}`);
  }
  if (field.max !== undefined && (value as number) > field.max) {
    return invalid(`must be less than or equal to ${show(field.max)}`);
  }
  const detail = field.check?.(value as never);
  if (detail) return invalid(detail);
  return { value: field.convert ? field.convert(value as never) : value };
}

/** A value as a flag has it: lists with commas, maps as `key=value`, structures as JSON. */
export function readFlag(field: Field, texts: readonly string[]): Read {
  const last = texts.at(-1)!;
  switch (field.type) {
    case "bool":
      return readValue(field, /^(1|t|true)$/i.test(last) ? true : /^(0|f|false)$/i.test(last) ? false : last);
    case "int":
    case "float":
      return readValue(field, /^[+-]?\d+(\.\d+)?$/.test(last) ? Number(last) : last);
    case "strings":
      return readValue(field, texts.flatMap(split));
    case "ints":
      return readValue(field, texts.flatMap(split).map((each) => /^[+-]?\d+$/.test(each) ? Number(each) : each));
    case "stringMap":
    case "quantityMap":
      return pairs(texts, "=", (map) => readValue(field, map));
    case "boolMap":
      return pairs(texts, "=", (map) => {
        const flags = Object.entries(map).map((
          [key, value],
        ) => [key, /^(true|false)$/.test(value) ? value === "true" : value]);
        return readValue(field, Object.fromEntries(flags));
      });
    case "thresholds":
      // amounts to be won back are no limits: kubelet writes them with an equals sign
      return pairs(texts, field.path === "evictionMinimumReclaim" ? "=" : "<", (map) => readValue(field, map));
    case "taints": {
      const taints = texts.flatMap(split).map((text) => {
        const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(.*)$/.exec(text) ?? [];
        return key === undefined ? text : { key, ...(value ? { value } : {}), effect };
      });
      return readValue(field, taints);
    }
    case "priorities":
    case "object":
      try {
        return readValue(field, JSON.parse(last));
      } catch {
        // Of what has no effect anyway, any text will do.
        return field.type === "object"
          ? { value: last }
          : { problem: `Invalid value: ${JSON.stringify(last)}: must be JSON` };
      }
    default:
      return readValue(field, last);
  }
}

function split(text: string): string[] {
  return text.split(",").map((each) => each.trim()).filter((each) => each !== "");
}

function pairs(texts: readonly string[], between: string, read: (map: Record<string, string>) => Read): Read {
  const map: Record<string, string> = {};
  for (const text of texts.flatMap(split)) {
    const at = text.indexOf(between);
    if (at <= 0) return { problem: `Invalid value: ${JSON.stringify(text)}: must be key${between}value` };
    map[text.slice(0, at).trim()] = text.slice(at + 1).trim();
  }
  return read(map);
}

function isEmpty(value: unknown): boolean {
  return value === "" || (typeof value === "object" && Object.keys(value!).length === 0);
}

/** The value in the field's type, or what it must be. */
function ofType(field: Field, given: unknown): { value: unknown } | string {
  switch (field.type) {
    case "bool":
      return typeof given === "boolean" ? { value: given } : "must be a boolean";
    case "int":
      return Number.isSafeInteger(given) ? { value: given } : "must be an integer";
    case "float":
      return typeof given === "number" && Number.isFinite(given) ? { value: given } : "must be a number";
    case "string":
    case "path":
      return typeof given === "string" ? { value: given } : "must be a string";
    case "duration": {
      const ms = typeof given === "string" ? parseDuration(given) : undefined;
      return ms === undefined ? "must be a duration, such as 10s or 1m30s" : { value: ms };
    }
    case "quantity":
      return isQuantity(given)
        ? { value: quantityBytes(given as string | number) }
        : "must be a quantity, such as 10Mi";
    case "strings":
      return listOf(given, (each) => typeof each === "string", "must be a list of strings");
    case "ints":
      return listOf(given, (each) => Number.isSafeInteger(each), "must be a list of integers");
    case "stringMap":
      return mapOf(given, (each) => typeof each === "string", "must be a map of strings");
    case "boolMap":
      return mapOf(given, (each) => typeof each === "boolean", "must be a map of booleans");
    case "quantityMap": {
      const isAmount = (each: unknown) => isQuantity(each) && !String(each).startsWith("-");
      return mapOf(given, isAmount, "must be a map of quantities that are not negative", String);
    }
    case "thresholds":
      return mapOf(given, isThreshold, "must be a map of quantities or percentages", String);
    case "taints":
      return taints(given);
    case "priorities":
      return priorities(given);
    case "object":
      return typeof given === "object" ? { value: given } : "must be an object";
    case "any":
      return { value: given };
    default:
      return field.type satisfies never;
  }
}

function listOf(given: unknown, fits: (each: unknown) => boolean, must: string): { value: unknown } | string {
  return Array.isArray(given) && given.every(fits) ? { value: given } : must;
}

function mapOf(given: unknown, fits: (each: unknown) => boolean, must: string, convert?: (each: unknown) => unknown) {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return must;
  const entries = Object.entries(given);
  const wrong = entries.find(([, each]) => !fits(each));
  if (wrong) return `${must}; that of ${JSON.stringify(wrong[0])} is none`;
  return { value: convert ? Object.fromEntries(entries.map(([key, each]) => [key, convert(each)])) : given };
}

function isThreshold(value: unknown): boolean {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(String(value));
  return percent ? Number(percent[1]) <= 100 : isQuantity(value) && !String(value).startsWith("-");
}

const effects = ["NoExecute", "NoSchedule", "PreferNoSchedule"];

function taints(given: unknown): { value: Taint[] } | string {
  if (!Array.isArray(given)) return "must be a list of taints: key, value, effect";
  const seen = new Set<string>();
  for (const each of given) {
    const { key, value = "", effect, timeAdded: _timeAdded, ...rest } = Object(each) as Record<string, unknown>;
    if (
      typeof each !== "object" || typeof key !== "string" || typeof value !== "string" || Object.keys(rest).length > 0
    ) {
      return `${JSON.stringify(each)} must be a taint: key, value, effect`;
    }
    if (!effects.includes(effect as string)) {
      return `effect of taint ${JSON.stringify(key)} must be one of ${effects.join(", ")}`;
    }
    const problem = qualifiedName(key) ?? labelValue(value);
    if (problem) return problem;
    if (seen.has(`${key}:${effect}`)) return `duplicated taints with the same key and effect: ${key}:${effect}`;
    seen.add(`${key}:${effect}`);
  }
  return { value: given as Taint[] };
}

function priorities(given: unknown): { value: PriorityGrace[] } | string {
  const fits = (each: unknown) => {
    const { priority, shutdownGracePeriodSeconds: seconds, ...rest } = Object(each) as Record<string, unknown>;
    return Number.isSafeInteger(priority) && Number.isSafeInteger(seconds) && (seconds as number) >= 0 &&
      Object.keys(rest).length === 0;
  };
  if (!Array.isArray(given) || !given.every(fits)) {
    return "must be a list of priority and shutdownGracePeriodSeconds (not negative)";
  }
  const list = given as PriorityGrace[];
  const twice = list.find(({ priority }, at) => list.findIndex((other) => other.priority === priority) !== at);
  return twice ? `priority ${twice.priority} is there twice` : { value: list };
}
