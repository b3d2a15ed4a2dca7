/** Values in queries, read as apimachinery's conversions read them. */
import { badRequest } from "../status.ts";

/** A boolean: only its absence, `false` and `0` are false. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && value !== "false" && value !== "0";
}

/** A signed integer of 64 bits, undefined where there is none. Throws a 400. */
export function integer(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const wrong = (what: string) => badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: ${what}`);
  if (!/^[-+]?\d+$/.test(value)) throw wrong("invalid syntax");
  const read = Number(value);
  if (Math.abs(read) > 2 ** 63) throw wrong("value out of range");
  return read;
}
