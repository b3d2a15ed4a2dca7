/**
 * create and update: what a client sent, made whole and checked, replaces what is there at the moment of the write.
 *
 *     body ─► decode ─► metadata that is the server's ─► strategy ─► defaults, checks ─► managed fields ─► backend
 */
import { defaultObject, type FieldErrors, FieldPath, type KubeObject } from "../../objects/mod.ts";
import { ApiError, badRequest } from "../status.ts";
import type { Verb } from "../request.ts";
import { type Json, readObject } from "./body.ts";
import { answerShape, type KubeRequest } from "./context.ts";
import { decode, type Decoded } from "./decode.ts";
import { alreadyExists, conflict, modified, notFoundOf, noUniqueName } from "./errors.ts";
import { generatedName, nameAttempts } from "./names.ts";
import { requireNamespace } from "./namespaces.ts";
import { type WriteRequest, writeRequest } from "./options.ts";
import { respond } from "./respond.ts";
import { shaped } from "./shape.ts";
import type { ApiObject, WriteContext } from "./types.ts";

/** A write under way. */
export interface Write<T extends ApiObject = ApiObject> {
  request: KubeRequest<T>;
  options: WriteRequest;
  context: WriteContext;
  warnings: string[];
}

export function writeOf<T extends ApiObject>(request: KubeRequest<T>, options: WriteRequest): Write<T> {
  const warnings: string[] = [];
  const user = request.c.env?.user ?? { name: "system:anonymous", groups: [] };
  const context = { user, dryRun: options.dryRun, warn: (text: string) => void warnings.push(text) };
  return { request, options, context, warnings };
}

export async function create<T extends ApiObject>(request: KubeRequest<T>): Promise<Response> {
  const { c, resource, query } = request;
  if (resource.create) return await resource.create(c);
  const shape = answerShape(request as unknown as KubeRequest, ["Table", "PartialObjectMetadata"]);
  const write = writeOf(request, writeRequest(query, c.req.header("user-agent"), "CreateOptions"));
  const decoded = decode<T>(await readObject(c), resource, write.options.fieldValidation);
  const stored = await createObject(write, decoded);
  return await respond(c, shape.form, shaped(resource, stored, shape), 201, write.warnings);
}

export async function update<T extends ApiObject>(request: KubeRequest<T>): Promise<Response> {
  const { c, resource, query, info } = request;
  const shape = answerShape(request as unknown as KubeRequest, ["Table", "PartialObjectMetadata"]);
  const write = writeOf(request, writeRequest(query, c.req.header("user-agent"), "UpdateOptions"));
  const decoded = decode<T>(await readObject(c), resource, write.options.fieldValidation);
  checkPlace(request, decoded.object);
  const known = resource.backend.get(info.namespace, info.name);
  if (!known && resource.strategy?.createOnUpdate && info.subresource === "") {
    const stored = await createObject(write, decoded, { fromUpdate: true });
    return await respond(c, shape.form, shaped(resource, stored, shape), 201, write.warnings);
  }
  const stored = await replace(write, "update", () => decoded);
  return await respond(c, shape.form, shaped(resource, stored, shape), 200, write.warnings);
}

/** Name and namespace of a body must be those of the path; throws a 400. */
export function checkPlace<T extends ApiObject>({ info, resource }: KubeRequest<T>, { metadata }: T): void {
  metadata.name ||= info.name;
  if (metadata.name !== info.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${info.name})`);
  }
  if (resource.namespaced) metadata.namespace ||= info.namespace;
  if ((metadata.namespace ?? "") !== (resource.namespaced ? info.namespace : "")) {
    throw badRequest(
      `the namespace of the object (${metadata.namespace}) does not match the namespace on the request (${info.namespace})`,
    );
  }
}

/** Makes a new object of what was sent, under a name of its own where it asks for one. */
export async function createObject<T extends ApiObject>(
  { request, options, context, warnings }: Write<T>,
  { object, complete, warnings: unknown }: Decoded<T>,
  { fromUpdate = false } = {},
): Promise<T> {
  const { kube, resource, info } = request;
  const { backend, strategy } = resource;
  const { metadata } = object;
  if (metadata.resourceVersion && !fromUpdate) {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const namespace = resource.namespaced ? info.namespace : "";
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (namespace) metadata.namespace = namespace;
  scrub(object, resource.hasStatus === true);
  warnings.push(...unknown);

  const base = metadata.name ? undefined : metadata.generateName;
  if (base) metadata.name = generatedName(base);
  if (namespace) requireNamespace(kube.deps, namespace, resource, metadata.name ?? "");
  const known = (object: T) => object as unknown as KubeObject;
  defaultObject(known(object));
  const prepared = await strategy?.prepareForCreate?.(object, context) ?? object;
  for (let attempt = 1;; attempt++) {
    defaultObject(known(prepared));
    complete(prepared);
    if (attempt === 1) warnings.push(...strategy?.warnings?.(prepared) ?? []);
    const { name } = prepared.metadata;
    try {
      const stored = await backend.write!(namespace, name, (current) => {
        if (current) throw alreadyExists(resource, name);
        if (namespace) requireNamespace(kube.deps, namespace, resource, name);
        return strategy?.admitCreate?.(prepared, context) ?? prepared;
      }, { dryRun: options.dryRun });
      return stored!;
    } catch (err) {
      if (!base || !(err instanceof ApiError) || err.reason !== "AlreadyExists") throw err;
      if (attempt === nameAttempts) throw noUniqueName(resource, name);
      prepared.metadata.name = generatedName(base);
    }
  }
}

/** What is the server's to say of a new object. */
function scrub({ metadata, ...object }: ApiObject, hasStatus: boolean): void {
  const given = metadata as unknown as Json;
  for (const field of systemFields) delete given[field];
  if (hasStatus) delete (object as Json).status;
}

const systemFields = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "managedFields",
];

/**
 * Replaces an object by what `make` returns for what is there. The answer is the object as it is then, also where the
 * write let go of its last finalizer and so removed it.
 */
export async function replace<T extends ApiObject>(
  write: Write<T>,
  verb: Verb,
  make: (current: T) => Decoded<T>,
): Promise<T> {
  const { request: { resource, info }, options } = write;
  const status = info.subresource === "status";
  let removed: T | undefined;
  const stored = await resource.backend.write!(info.namespace, info.name, (current) => {
    removed = undefined;
    if (!current) throw notFoundOf(resource, info.name);
    resource.strategy?.guard?.(current, verb, info.subresource);
    const next = nextObject(write, current, make(current), status);
    if (!isReleased(next, current) || resource.strategy?.ownerRemoves) return next;
    removed = next;
    return undefined;
  }, { dryRun: options.dryRun, status });
  return stored ?? removed!;
}

/** Whether an object that is to go has just let go of its last finalizer. */
function isReleased({ metadata }: ApiObject, current: ApiObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers = [] } = current.metadata;
  return Boolean(deletionTimestamp) && !deletionGracePeriodSeconds && finalizers.length > 0 &&
    !metadata.finalizers?.length;
}

/** The object that an update makes of the present one: checked, under the metadata that is the server's. */
function nextObject<T extends ApiObject>(
  { request: { resource }, context, warnings }: Write<T>,
  current: T,
  { object, complete, completeStatus, warnings: unknown }: Decoded<T>,
  status: boolean,
): T {
  const { strategy } = resource;
  const { name } = current.metadata;
  const given = object.metadata;
  if (given.uid && given.uid !== current.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${given.uid}, UID in object meta: ${current.metadata.uid}`;
    throw conflict(resource, name, why);
  }
  if (given.resourceVersion && given.resourceVersion !== current.metadata.resourceVersion) {
    throw modified(resource, name);
  }
  const versionMissing = strategy?.needsVersion && !given.resourceVersion;
  const metadata = { ...given } as Json;
  for (const field of kept) {
    const value = (current.metadata as unknown as Json)[field];
    if (value === undefined) delete metadata[field];
    else metadata[field] = value;
  }
  let next = { ...object, metadata } as unknown as T;
  if (status) {
    next = { ...current, metadata: next.metadata, status: object.status };
  } else if (resource.hasStatus) {
    next.status = current.status;
  }
  warnings.push(...unknown);
  if (!status) {
    defaultObject(next as unknown as KubeObject);
    next = strategy?.prepareForUpdate?.(next, current, context) ?? next;
  }
  const check = (errors: FieldErrors) => {
    if (versionMissing) {
      errors.invalid(FieldPath.of("metadata", "resourceVersion"), 0, "must be specified for an update");
    }
    validateFinalizers(next, current, errors);
    if (status) strategy?.validateStatusUpdate?.(next, current, errors);
    else strategy?.validateUpdate?.(next, current, errors);
  };
  if (status) completeStatus(next, check);
  else {
    defaultObject(next as unknown as KubeObject);
    complete(next, check);
    warnings.push(...strategy?.warnings?.(next) ?? []);
  }
  return next;
}

/** What an update may not say of metadata. */
const kept = ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink"];

function validateFinalizers({ metadata }: ApiObject, current: ApiObject, errors: FieldErrors): void {
  if (!current.metadata.deletionTimestamp) return;
  const known = new Set(current.metadata.finalizers);
  const added = (metadata.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
  if (added.length === 0) return;
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
  errors.forbidden(
    FieldPath.of("metadata", "finalizers"),
    `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
  );
}
