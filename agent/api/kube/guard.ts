/** Objects of the manifest directory are changed by editing their file: the API says which one. */
import { fileOf, isFromFile } from "../../sources/mod.ts";
import type { StoreObject } from "../../store/mod.ts";
import type { Verb } from "../request.ts";
import { forbidden } from "./errors.ts";
import type { ApiObject, Resource } from "./types.ts";

/** @throws ApiError 403 where an object may not be changed this way. */
export function guard<T extends ApiObject>(resource: Resource<T>, current: T, verb: Verb, subresource: string): void {
  if (resource.strategy?.guard) return resource.strategy.guard(current, verb, subresource);
  const stored = current as unknown as StoreObject;
  // Others may report on it.
  if (subresource === "status" || !isFromFile(stored)) return;
  const what = verb === "delete" || verb === "deletecollection" ? "remove" : "edit";
  const why = `it comes from the manifest ${fileOf(stored)}: ${what} that file instead`;
  throw forbidden(resource, current.metadata.name, why);
}
