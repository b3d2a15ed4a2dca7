/**
 * From what a client sent to an object of a resource's kind, as a 400 or 422 where it cannot be.
 *
 *     decode() ─► defaults, strategy ─► complete(): checks ─► 422 with every field
 */
import {
  type AnyObject,
  BadInput,
  FieldErrors,
  type FieldValidation,
  findKind,
  readApiObject,
} from "../../objects/mod.ts";
import type { Schema } from "../patch/mod.ts";
import { badRequest } from "../status.ts";
import type { Body } from "./body.ts";
import { invalidObject } from "./errors.ts";
import type { ApiObject, Resource } from "./types.ts";

export interface Decoded<T extends ApiObject> {
  object: T;
  /** Unknown and repeated fields, where they are to be told as warnings. */
  warnings: string[];
  /** Checks the object as it has become; throws a 422 that names every field. `more` adds checks of its own. */
  complete(object: T, more?: (errors: FieldErrors) => void): void;
  /** As `complete`, for a write of the status alone: the rest is what is stored. */
  completeStatus(object: T, more?: (errors: FieldErrors) => void): void;
}

export function apiVersionOf({ group, version }: Pick<Resource, "group" | "version">): string {
  return group ? `${group}/${version}` : version;
}

/** What an object of the resource looks like. */
export function schemaOf(resource: Pick<Resource, "group" | "version" | "kind">): Schema {
  const apiVersion = apiVersionOf(resource);
  const info = findKind(apiVersion, resource.kind);
  if (!info) throw new Error(`Cannot read a ${resource.kind}: there is no schema for ${apiVersion}`);
  return info.schema();
}

/** Reads one object; `body.value` is used up. Throws a 400 for what does not fit the kind. */
export function decode<T extends ApiObject>(
  { value, duplicates }: Body,
  resource: Pick<Resource<T>, "group" | "version" | "kind">,
  fieldValidation: FieldValidation,
): Decoded<T> {
  const { group, kind } = resource;
  const input = read();
  function read() {
    try {
      return readApiObject(value, { apiVersion: apiVersionOf(resource), kind, fieldValidation, duplicates });
    } catch (err) {
      if (err instanceof BadInput) throw badRequest(err.message);
      throw err;
    }
  }
  const refuse = (object: T, errors: FieldErrors, more?: (errors: FieldErrors) => void) => {
    more?.(errors);
    if (errors.errors.length > 0) throw invalidObject(group, kind, object.metadata.name, errors);
  };
  return {
    object: input.object as unknown as T,
    warnings: input.warnings,
    complete: (object, more) => refuse(object, input.validate(object as unknown as AnyObject), more),
    completeStatus: (object, more) => {
      const errors = new FieldErrors();
      errors.errors.push(...input.validate().errors.filter(({ path }) => path.steps()[0] === "status"));
      refuse(object, errors, more);
    },
  };
}
