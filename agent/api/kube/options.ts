/** Options of requests, from query and body: `metav1.ListOptions` and its like, with the API server's checks. */
import { FieldErrors, FieldPath, type FieldValidation } from "../../objects/mod.ts";
import { managerOf } from "../patch/mod.ts";
import { badRequest } from "../status.ts";
import { invalidObject } from "./errors.ts";
import type { DeleteOptions } from "./types.ts";

export type Query = Pick<URLSearchParams, "get" | "getAll" | "has">;

export interface ListOptions {
  labelSelector: string;
  fieldSelector: string;
  limit: number;
  continue: string;
  /** undefined: not given. */
  resourceVersion?: number;
  resourceVersionMatch: "" | "Exact" | "NotOlderThan";
  timeoutSeconds: number;
  allowWatchBookmarks: boolean;
  sendInitialEvents?: boolean;
}

export interface WriteRequest {
  dryRun: boolean;
  fieldManager: string;
  fieldValidation: FieldValidation;
  /** Of server-side apply. */
  force: boolean;
}

/** A boolean as Go's strconv and the API server's query conversion read one: present and empty is true. */
export function queryFlag(query: Query, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return !(text === "0" || text.toLowerCase() === "false");
}

/** An integer of a query; throws a 400. */
export function queryInteger(query: Query, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  const value = Number(text);
  if (!/^[-+]?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return value;
}

function refuse(kind: string, errors: FieldErrors): void {
  if (errors.errors.length > 0) throw invalidObject("meta.k8s.io", kind, "", errors);
}

export function resourceVersionOf(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw badRequest(
      `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${
        JSON.stringify(text)
      }: invalid syntax`,
    );
  }
  return value;
}

export function listOptions(query: Query, watching: boolean): ListOptions {
  const errors = new FieldErrors();
  const at = (name: string) => FieldPath.of(name);
  const match = query.get("resourceVersionMatch") ?? "";
  const version = query.get("resourceVersion") ?? "";
  const send = queryFlag(query, "sendInitialEvents");
  const token = query.get("continue") ?? "";
  if (watching && send !== undefined) {
    if (match !== "NotOlderThan") {
      errors.forbidden(
        at("resourceVersionMatch"),
        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
      );
    }
  } else if (send !== undefined) {
    errors.forbidden(at("sendInitialEvents"), "sendInitialEvents is forbidden for list");
  } else if (match !== "" && watching) {
    errors.forbidden(
      at("resourceVersionMatch"),
      "resourceVersionMatch is forbidden for watch unless sendInitialEvents is set",
    );
  } else if (match !== "") {
    if (version === "") {
      errors.forbidden(
        at("resourceVersionMatch"),
        "resourceVersionMatch is forbidden unless resourceVersion is provided",
      );
    }
    if (token !== "") {
      errors.forbidden(at("resourceVersionMatch"), "resourceVersionMatch is forbidden when continue is provided");
    }
    if (match !== "Exact" && match !== "NotOlderThan") {
      errors.notSupported(at("resourceVersionMatch"), match, ["Exact", "NotOlderThan"]);
    } else if (match === "Exact" && version === "0") {
      errors.forbidden(
        at("resourceVersionMatch"),
        'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      );
    }
  }
  refuse("ListOptions", errors);
  const limit = queryInteger(query, "limit") ?? 0;
  const timeoutSeconds = queryInteger(query, "timeoutSeconds") ?? 0;
  return {
    labelSelector: query.get("labelSelector") ?? "",
    fieldSelector: query.get("fieldSelector") ?? "",
    limit: Math.max(0, limit),
    continue: token,
    resourceVersion: resourceVersionOf(version),
    resourceVersionMatch: match as ListOptions["resourceVersionMatch"],
    timeoutSeconds: Math.max(0, timeoutSeconds),
    allowWatchBookmarks: queryFlag(query, "allowWatchBookmarks") ?? false,
    ...(send === undefined ? {} : { sendInitialEvents: send }),
  };
}

function dryRunOf(values: readonly string[], errors: FieldErrors): boolean {
  const given = values.filter((value) => value !== "");
  for (const [index, value] of given.entries()) {
    if (value !== "All") errors.notSupported(FieldPath.of("dryRun").index(index), value, ["All"]);
  }
  return given.length > 0;
}

/** Options of create, update and patch; `kind` names them in errors. */
export function writeRequest(
  query: Query,
  userAgent: string | undefined,
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
  apply = false,
): WriteRequest {
  const errors = new FieldErrors();
  const dryRun = dryRunOf(query.getAll("dryRun"), errors);
  const given = query.get("fieldManager") ?? "";
  const manager = FieldPath.of("fieldManager");
  if (given.length > 128) errors.tooLong(manager, 128);
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(given)) errors.invalid(manager, given, "should only contain printable characters");
  const validation = query.get("fieldValidation") ?? "";
  if (validation !== "" && !["Ignore", "Warn", "Strict"].includes(validation)) {
    errors.notSupported(FieldPath.of("fieldValidation"), validation, ["Ignore", "Strict", "Warn"]);
  }
  const force = queryFlag(query, "force");
  if (kind === "PatchOptions") {
    if (apply && given === "") errors.required(manager, "is required for apply patch");
    if (!apply && force !== undefined) {
      errors.forbidden(FieldPath.of("force"), "may not be specified for non-apply patch");
    }
  }
  refuse(kind, errors);
  return {
    dryRun,
    fieldManager: managerOf(given, userAgent),
    fieldValidation: (validation || "Warn") as FieldValidation,
    force: force ?? false,
  };
}

type Json = Record<string, unknown>;

/** DeleteOptions: those of the body, or, without one, those of the query. */
export function deleteOptions(query: Query, body: Json | undefined): DeleteOptions {
  const errors = new FieldErrors();
  const read = body ? bodyDelete(body) : queryDelete(query);
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = read;
  const dryRun = dryRunOf(read.dryRun, errors);
  const policy = FieldPath.of("propagationPolicy");
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    errors.invalid(policy, propagationPolicy, "orphanDependents and deletionPropagation cannot be both set");
  }
  if (propagationPolicy !== undefined && !["Foreground", "Background", "Orphan"].includes(propagationPolicy)) {
    errors.notSupported(policy, propagationPolicy, ["Foreground", "Background", "Orphan", "nil"]);
  }
  refuse("DeleteOptions", errors);
  return {
    dryRun,
    ...(gracePeriodSeconds === undefined
      ? {}
      : { gracePeriodSeconds: gracePeriodSeconds < 0 ? 1 : gracePeriodSeconds }),
    ...(preconditions ? { preconditions } : {}),
    ...(propagationPolicy !== undefined
      ? { propagationPolicy: propagationPolicy as DeleteOptions["propagationPolicy"] }
      : orphanDependents !== undefined
      ? { propagationPolicy: orphanDependents ? "Orphan" as const : "Background" as const }
      : {}),
  };
}

interface RawDelete {
  gracePeriodSeconds?: number;
  propagationPolicy?: string;
  orphanDependents?: boolean;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun: string[];
}

function queryDelete(query: Query): RawDelete {
  return {
    gracePeriodSeconds: queryInteger(query, "gracePeriodSeconds"),
    propagationPolicy: query.get("propagationPolicy") || undefined,
    orphanDependents: queryFlag(query, "orphanDependents"),
    dryRun: query.getAll("dryRun"),
  };
}

function bodyDelete(body: Json): RawDelete {
  if (body.kind !== undefined && body.kind !== "" && body.kind !== "DeleteOptions") {
    throw badRequest(`${shown(body.kind)} in version ${shown(body.apiVersion)} cannot be handled as a DeleteOptions`);
  }
  const field = <T>(name: string, fits: (value: unknown) => value is T): T | undefined => {
    const value = body[name];
    if (value === undefined || value === null) return undefined;
    if (!fits(value)) throw badRequest(`DeleteOptions cannot be read: ${name} has the wrong type`);
    return value;
  };
  const isText = (value: unknown): value is string => typeof value === "string";
  const preconditions = field("preconditions", (value): value is Json => typeof value === "object");
  const text = (value: unknown) => {
    if (value !== undefined && value !== null && !isText(value)) {
      throw badRequest("DeleteOptions cannot be read: preconditions has the wrong type");
    }
    return value ?? undefined;
  };
  return {
    gracePeriodSeconds: field("gracePeriodSeconds", (value): value is number => Number.isSafeInteger(value)),
    propagationPolicy: field("propagationPolicy", isText),
    orphanDependents: field("orphanDependents", (value): value is boolean => typeof value === "boolean"),
    preconditions: preconditions && {
      uid: text(preconditions.uid),
      resourceVersion: text(preconditions.resourceVersion),
    },
    dryRun: field("dryRun", (value): value is string[] => Array.isArray(value) && value.every(isText)) ?? [],
  };
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}
