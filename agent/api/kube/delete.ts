/** delete and deletecollection: at once, or with grace, or when the last finalizer is gone. */
import { ApiError } from "../status.ts";
import { readOptionalObject } from "./body.ts";
import { answerShape, type KubeRequest } from "./context.ts";
import { apiVersionOf } from "./decode.ts";
import { conflict, notFoundOf } from "./errors.ts";
import { guard } from "./guard.ts";
import { deleteOptions, listOptions } from "./options.ts";
import { respond } from "./respond.ts";
import { scopeOf, selection } from "./select.ts";
import { shaped } from "./shape.ts";
import type { ApiObject, DeleteOptions, Resource } from "./types.ts";

const asOptions = { apiVersion: "v1", kind: "DeleteOptions" };

interface Deleted<T> {
  object: T;
  /** It is not there any more. */
  gone: boolean;
}

export async function remove<T extends ApiObject>(request: KubeRequest<T>): Promise<Response> {
  const { c, resource, info, query } = request;
  const shape = answerShape(request as unknown as KubeRequest, ["Table", "PartialObjectMetadata"]);
  const options = deleteOptions(query, (await readOptionalObject(c, asOptions))?.value);
  const { object, gone } = await removeOne(resource, info.namespace, info.name, options);
  if (!gone || resource.strategy?.returnsDeleted) return await respond(c, shape.form, shaped(resource, object, shape));
  const { group, plural: kind } = resource;
  return await respond(c, shape.form, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name: info.name, ...(group && { group }), kind, uid: object.metadata.uid },
  });
}

export async function removeCollection<T extends ApiObject>(request: KubeRequest<T>): Promise<Response> {
  const { c, resource, info, query } = request;
  const { form } = answerShape(request as unknown as KubeRequest, []);
  const body = await readOptionalObject(c, asOptions);
  const selecting = listOptions(query, false);
  const options = deleteOptions(query, body?.value);
  const scope = scopeOf(resource, info.namespace);
  const chosen = resource.backend.list(scope).filter(selection(resource, scope, selecting));
  const warnings: string[] = [];
  const outcomes = await Promise.all(chosen.map(async ({ metadata }) => {
    try {
      return (await removeOne(resource, metadata.namespace ?? "", metadata.name, options)).object;
    } catch (err) {
      if (!(err instanceof ApiError)) throw err;
      if (err.code === 403) warnings.push(err.message);
      else if (err.code !== 404) throw err;
    }
  }));
  return await respond(
    c,
    form,
    {
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata: { resourceVersion: resource.backend.resourceVersion() },
      items: outcomes.filter((object) => object !== undefined),
    },
    200,
    warnings,
  );
}

/** Deletes one object; `subresource`: by way of which, for those that are guarded. */
export async function removeOne<T extends ApiObject>(
  resource: Resource<T>,
  namespace: string,
  name: string,
  options: DeleteOptions,
  subresource = "",
): Promise<Deleted<T>> {
  let last: T | undefined;
  const left = await resource.backend.write!(namespace, name, (current, end) => {
    if (!current) throw notFoundOf(resource, name);
    guard(resource, current, "delete", subresource);
    checkPreconditions(resource, current, options);
    last = current;
    const { deletionTimestamp } = current.metadata;
    const finalizers = withPolicy(resource, current.metadata.finalizers ?? [], options);
    const graceful = resource.strategy?.remove?.(current, options);
    if (graceful) return end(graceful.graceSeconds, deletionTimestamp ? undefined : finalizers);
    if (finalizers.length === 0) return undefined;
    return deletionTimestamp ? current : end(0, finalizers);
  }, { dryRun: options.dryRun });
  return { object: left ?? last!, gone: left === undefined };
}

/** What becomes of what it owns is asked of the garbage collector by finalizers; Background asks for nothing. */
function withPolicy(
  { plural }: Pick<Resource, "plural">,
  finalizers: readonly string[],
  { propagationPolicy }: DeleteOptions,
): readonly string[] {
  // events own nothing, and nobody looks after them
  if (!propagationPolicy || plural === "events") return finalizers;
  const own = [foreground, orphan];
  const wanted = propagationPolicy === "Foreground" ? [foreground] : propagationPolicy === "Orphan" ? [orphan] : [];
  return [...finalizers.filter((each) => !own.includes(each)), ...wanted];
}

/** The garbage collector's own names. */
const foreground = "foregroundDeletion";
const orphan = "orphan";

function checkPreconditions<T extends ApiObject>(
  resource: Resource<T>,
  { metadata }: T,
  { preconditions = {} }: DeleteOptions,
): void {
  const { uid, resourceVersion } = preconditions;
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      resource,
      metadata.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). ` +
        "The object might have been deleted and then recreated",
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      resource,
      metadata.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record ` +
        `(${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}
