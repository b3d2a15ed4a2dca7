/**
 * Who manages which fields of an object: `metadata.managedFields`, read and written.
 *
 * Whoever applies is known by name and subresource; whoever updates also by apiVersion.
 */
import { isMap, type JsonMap } from "../json.ts";
import { FieldSet } from "./field_set.ts";

export type Operation = "Apply" | "Update";

/** One entry of managedFields. */
export interface ManagedFieldsEntry {
  manager?: string;
  operation: Operation;
  apiVersion: string;
  time?: string;
  fieldsType: "FieldsV1";
  fieldsV1: JsonMap;
  subresource?: string;
}

export interface Manager {
  readonly name: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  readonly subresource: string;
  /** When it last changed something; RFC 3339 by the second. */
  readonly time?: string;
  readonly fields: FieldSet;
}

/** All managers of an object by their identity. */
export type Managers = ReadonlyMap<string, Manager>;

/** What tells managers apart, in the form that their order is found by. */
export function identityOf({ name, operation, apiVersion, subresource }: Omit<Manager, "fields">): string {
  return JSON.stringify({
    ...(name === "" ? {} : { manager: name }),
    operation,
    ...(operation === "Apply" ? {} : { apiVersion }),
    ...(subresource === "" ? {} : { subresource }),
  });
}

/** Reads managedFields; undefined when an entry cannot be read. */
export function readManagers(entries: unknown): Managers | undefined {
  const managers = new Map<string, Manager>();
  if (entries === undefined || entries === null) return managers;
  if (!Array.isArray(entries)) return undefined;
  for (const entry of entries) {
    if (!isMap(entry)) return undefined;
    const { manager: name = "", operation, apiVersion, subresource = "", time, fieldsType, fieldsV1 = {} } = entry;
    const fields = FieldSet.fromFields(fieldsV1);
    if (
      (operation !== "Apply" && operation !== "Update") || typeof apiVersion !== "string" || apiVersion === "" ||
      typeof name !== "string" || typeof subresource !== "string" || fieldsType !== "FieldsV1" || !fields
    ) return undefined;
    const manager = { name, operation, apiVersion, subresource, fields } as const;
    managers.set(identityOf(manager), typeof time === "string" ? { ...manager, time } : manager);
  }
  return managers;
}

/** managedFields as they are written; undefined when nobody manages anything. */
export function writeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  return [...managers.values()].sort(inOrder).map(({ name, operation, apiVersion, time, fields, subresource }) => ({
    ...(name === "" ? {} : { manager: name }),
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: "FieldsV1",
    fieldsV1: fields.toFields(),
    ...(subresource === "" ? {} : { subresource }),
  }));
}

/** By operation, time, name, apiVersion and subresource. */
function inOrder(a: Manager, b: Manager): number {
  return compareText(a.operation, b.operation) || seconds(a) - seconds(b) || compareText(a.name, b.name) ||
    compareText(a.apiVersion, b.apiVersion) || compareText(a.subresource, b.subresource);
}

const compareText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;

/** Since 1970; 0 without a time. */
export function seconds({ time }: Pick<Manager, "time">): number {
  const at = time === undefined ? 0 : Date.parse(time);
  return Number.isNaN(at) ? 0 : Math.floor(at / 1000);
}

const mostUpdaters = 10;
const oldUpdates = "ancient-changes";

/** Joins the oldest managers by update into one an apiVersion, until there are few enough. */
export function capUpdaters(managers: Managers): Managers {
  const updaters = [...managers].filter(([, { operation }]) => operation === "Update");
  let count = updaters.length;
  if (count <= mostUpdaters) return managers;
  updaters.sort(([a, first], [b, second]) => seconds(first) - seconds(second) || compareText(a, b));
  const capped = new Map(managers);
  const firstOf = new Map<string, string>();
  for (const [identity, manager] of updaters) {
    if (count <= mostUpdaters) break;
    const first = firstOf.get(manager.apiVersion);
    if (first === undefined) {
      firstOf.set(manager.apiVersion, identity);
      continue;
    }
    const bucket = { name: oldUpdates, operation: "Update" as const, apiVersion: manager.apiVersion, subresource: "" };
    const into = identityOf(bucket);
    const before = capped.get(into) ?? capped.get(first)!;
    if (!capped.has(into)) capped.delete(first);
    capped.delete(identity);
    capped.set(into, { ...manager, ...bucket, fields: manager.fields.union(before.fields) });
    count--;
  }
  return capped;
}
