/** Field errors in apimachinery's words (`field.Error`), gathered while an object is walked. */
import type { FieldPath } from "./field_path.ts";

export type FieldErrorType =
  | "Invalid"
  | "Required"
  | "Duplicate"
  | "NotSupported"
  | "NotFound"
  | "Forbidden"
  | "TooLong"
  | "TooMany"
  | "Unknown"
  | "Warning";

export interface FieldError {
  type: FieldErrorType;
  path: FieldPath;
  /** Without the path: `Invalid value: "Web_1": a lowercase RFC 1123 label …`. */
  message: string;
}

/** `spec.containers[0].name: Required value`. */
export function fieldErrorText(error: FieldError): string {
  const path = error.path.toString();
  return path ? `${path}: ${error.message}` : error.message;
}

/** A value as errors show it: strings quoted, long ones cut. */
export function showValue(value: unknown): string {
  if (value === undefined || value === null) return "null";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 200 ? text.slice(0, 200) + "…" : text;
}

const withDetail = (text: string, detail: string) => detail ? `${text}: ${detail}` : text;

/** The errors and warnings of one object. */
export class FieldErrors {
  readonly errors: FieldError[] = [];
  readonly warnings: FieldError[] = [];

  invalid(path: FieldPath, value: unknown, detail: string): void {
    this.#add("Invalid", path, withDetail(`Invalid value: ${showValue(value)}`, detail));
  }

  /** One `Invalid value` for each message, as the checks of `names.ts` return them. */
  invalidAll(path: FieldPath, value: unknown, details: readonly string[]): void {
    for (const detail of details) this.invalid(path, value, detail);
  }

  required(path: FieldPath, detail = ""): void {
    this.#add("Required", path, withDetail("Required value", detail));
  }

  duplicate(path: FieldPath, value: unknown, detail = ""): void {
    this.#add("Duplicate", path, withDetail(`Duplicate value: ${showValue(value)}`, detail));
  }

  notSupported(path: FieldPath, value: unknown, supported: readonly unknown[]): void {
    const values = supported.map((item) => JSON.stringify(item)).join(", ");
    this.#add(
      "NotSupported",
      path,
      withDetail(`Unsupported value: ${showValue(value)}`, `supported values: ${values}`),
    );
  }

  notFound(path: FieldPath, value: unknown): void {
    this.#add("NotFound", path, `Not found: ${showValue(value)}`);
  }

  forbidden(path: FieldPath, detail: string): void {
    this.#add("Forbidden", path, withDetail("Forbidden", detail));
  }

  tooLong(path: FieldPath, limit: number): void {
    this.#add("TooLong", path, `Too long: may not be more than ${limit} bytes`);
  }

  tooMany(path: FieldPath, actual: number, limit: number): void {
    this.#add("TooMany", path, `Too many: ${actual}: must have at most ${limit} items`);
  }

  unknown(path: FieldPath, detail: string): void {
    this.#add("Unknown", path, detail);
  }

  warn(path: FieldPath, message: string): void {
    this.warnings.push({ type: "Warning", path, message });
  }

  #add(type: FieldErrorType, path: FieldPath, message: string): void {
    this.errors.push({ type, path, message });
  }
}
