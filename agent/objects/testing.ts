/** For this room's tests: objects as they are written, and the errors that they give. */
import { decodeObject, type DecodeOptions } from "./decode.ts";
import { fieldErrorText } from "./field_error.ts";

export type Loose = Record<string, unknown>;

/** A pod with one container; `spec` adds to its spec, `container` to the container. */
export function podValue(spec: Loose = {}, container: Loose = {}): Loose {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web" },
    spec: { containers: [{ name: "web", image: "web:1", ...container }], ...spec },
  };
}

/** Everything that is wrong with a value, as lines. */
export function errorsOf(value: unknown, options: DecodeOptions = { manifest: true, strict: true }): string[] {
  return decodeObject(structuredClone(value), options).problems.errors.map(fieldErrorText);
}

export function warningsOf(value: unknown, options: DecodeOptions = { manifest: true }): string[] {
  return decodeObject(structuredClone(value), options).problems.warnings.map(fieldErrorText);
}

/** The object that a value becomes; throws when there are errors. */
export function decoded<T>(value: unknown, options: DecodeOptions = { manifest: true }): T {
  const { object, problems } = decodeObject(structuredClone(value), options);
  if (!object) throw new Error(problems.errors.map(fieldErrorText).join("\n"));
  return object as T;
}
