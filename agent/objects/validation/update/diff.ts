/**
 * What differs between two values, as kube-apiserver shows it below "may not change": Go's names and literals, what is
 * gone behind `-`, what is new behind `+`.
 *
 *       core.PodSpec{
 *       	... // 5 identical fields
 *     - 	HostNetwork: false,
 *     + 	HostNetwork: true,
 *       }
 */
import { isMap, type Json } from "../../shape.ts";
import { sameValue } from "./same.ts";

/** Words that Go writes in capitals where a name begins with them. */
const capitals = /^(dns|http|tcp|grpc|uid|gid|tty|os|ip|se(?=Linux)|fs(?=Group|Type)|qos|nfs|csi)(?=[A-Z]|s?$)/;

function goName(field: string): string {
  const found = capitals.exec(field)?.[1];
  return found ? found.toUpperCase() + field.slice(found.length) : field[0].toUpperCase() + field.slice(1);
}

/** Fields that are maps: their keys are not names of fields. */
const maps = new Set(["nodeSelector", "matchLabels", "limits", "requests", "capacity", "overhead", "selector"]);

const keyOf = (field: string, inMap: boolean) => inMap ? JSON.stringify(field) : goName(field);

/** A value on one line: `{Name: "web", Image: "web:1"}`. */
function literal(value: unknown, inMap = false): string {
  if (value === undefined || value === null) return "nil";
  if (Array.isArray(value)) return `{${value.map((item) => literal(item)).join(", ")}}`;
  if (isMap(value)) {
    const parts = Object.entries(value).map(([field, part]) =>
      `${keyOf(field, inMap)}: ${literal(part, maps.has(field))}`
    );
    return `{${parts.join(", ")}}`;
  }
  return JSON.stringify(value);
}

class Report {
  readonly lines: string[] = [];
  #identical = 0;

  add(sign: " " | "-" | "+", depth: number, text: string): void {
    this.flush(depth);
    this.lines.push(`${sign} ${"\t".repeat(depth)}${text}`);
  }

  same(): void {
    this.#identical++;
  }

  /** Says how many fields before this one are the same. */
  flush(depth: number, what = "field"): void {
    if (this.#identical === 0) return;
    const count = this.#identical;
    this.#identical = 0;
    this.add(" ", depth, `... // ${count} identical ${what}${count === 1 ? "" : "s"}`);
  }

  pair(depth: number, prefix: string, old: unknown, now: unknown, inMap = false): void {
    if (isMap(old) && isMap(now)) {
      this.add(" ", depth, `${prefix}{`);
      this.fields(depth + 1, old, now, inMap);
      this.add(" ", depth, depth === 0 ? "}" : "},");
    } else if (Array.isArray(old) && Array.isArray(now) && old.length === now.length) {
      this.add(" ", depth, `${prefix}{`);
      for (const [index, item] of old.entries()) {
        if (sameValue(item, now[index])) this.same();
        else this.pair(depth + 1, "", item, now[index]);
      }
      this.flush(depth + 1, "element");
      this.add(" ", depth, "},");
    } else {
      this.add("-", depth, `${prefix}${literal(old, inMap)},`);
      this.add("+", depth, `${prefix}${literal(now, inMap)},`);
    }
  }

  fields(depth: number, old: Json, now: Json, inMap: boolean): void {
    for (const field of new Set([...Object.keys(old), ...Object.keys(now)])) {
      if (sameValue(old[field], now[field])) this.same();
      else this.pair(depth, `${keyOf(field, inMap)}: `, old[field], now[field], maps.has(field));
    }
    this.flush(depth);
  }
}

/** `type` is Go's name of what is compared: `core.PodSpec`. */
export function valueDiff(type: string, old: unknown, now: unknown): string {
  const report = new Report();
  report.pair(0, type, old, now);
  return report.lines.join("\n") + "\n";
}
