/**
 * create and update: what a client sent, made whole and checked, replaces what is there at the moment of the write.
 *
 *     body ─► decode ─► metadata that is the server's ─► strategy ─► defaults, checks ─► managed fields ─► backend
 */
import {
  type AnyObject,
  apiWarnings,
  defaultObject,
  type FieldErrors,
  FieldPath,
  validateCreate,
  validateStatusUpdate,
  validateUpdate,
} from "../../objects/mod.ts";
import { keepTimestamps, trackUpdate } from "../patch/mod.ts";
import { keepSource } from "../../sources/mod.ts";
import { forbidden } from "../auth/mod.ts";
import { ApiError, badRequest } from "../status.ts";
import type { Verb } from "../request.ts";
import { type Json, readObject } from "./body.ts";
import { answerShape, type KubeRequest } from "./context.ts";
import { apiVersionOf, decode, type Decoded, schemaOf } from "./decode.ts";
import { alreadyExists, conflict, modified, notFoundOf, noUniqueName } from "./errors.ts";
import { guard } from "./guard.ts";
import { generatedName, nameAttempts } from "./names.ts";
import { requireNamespace } from "./namespaces.ts";
import { type WriteRequest, writeRequest } from "./options.ts";
import { respond } from "./respond.ts";
import { shaped } from "./shape.ts";
import type { ApiObject, Resource, WriteContext } from "./types.ts";

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
  const decoded = decode<T>(
    await readObject(c, { apiVersion: apiVersionOf(resource), kind: resource.kind }),
    resource,
    write.options.fieldValidation,
  );
  const stored = await createObject(write, decoded);
  return await respond(c, shape.form, shaped(resource, stored, shape), 201, write.warnings);
}

export async function update<T extends ApiObject>(request: KubeRequest<T>): Promise<Response> {
  const { c, resource, query, info } = request;
  const shape = answerShape(request as unknown as KubeRequest, ["Table", "PartialObjectMetadata"]);
  const write = writeOf(request, writeRequest(query, c.req.header("user-agent"), "UpdateOptions"));
  const decoded = decode<T>(
    await readObject(c, { apiVersion: apiVersionOf(resource), kind: resource.kind }),
    resource,
    write.options.fieldValidation,
  );
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
  write: Write<T>,
  { object, complete, warnings: unknown }: Decoded<T>,
  { fromUpdate = false, applied = false }: { fromUpdate?: boolean; applied?: boolean } = {},
): Promise<T> {
  const { request: { kube, resource, info }, options, context, warnings } = write;
  const { backend, strategy } = resource;
  const { metadata } = object;
  if (fromUpdate || applied) requireCreate(write.request as unknown as KubeRequest);
  if (metadata.resourceVersion && !fromUpdate) {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const namespace = resource.namespaced ? info.namespace : "";
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (namespace) metadata.namespace = namespace;
  const { managedFields } = metadata;
  scrub(object, resource.hasStatus === true);
  sayNothingOfSources(metadata);
  if (applied) metadata.managedFields = managedFields;
  warnings.push(...unknown);

  const base = metadata.name ? undefined : metadata.generateName;
  if (base) metadata.name = generatedName(base);
  if (namespace) requireNamespace(kube.deps, namespace, resource, metadata.name ?? "");
  defaultObject(known(object));
  const tracked = applied ? object : track(write, undefined, object);
  const prepared = await strategy?.prepareForCreate?.(tracked, context) ?? tracked;
  for (let attempt = 1;; attempt++) {
    defaultObject(known(prepared));
    complete(prepared, (errors) => validateCreate(known(prepared), errors));
    if (attempt === 1) warnings.push(...apiWarnings(known(prepared)), ...strategy?.warnings?.(prepared) ?? []);
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

/** Whoever may only change what is there makes nothing by changing what is not. */
function requireCreate({ c, kube: { deps: { auth } }, info }: KubeRequest): void {
  const user = c.env?.user;
  if (!auth || !user) return;
  const wanted = { ...info, verb: "create" };
  const { allowed, reason } = auth.authorizer.authorize(user, wanted);
  if (!allowed) throw forbidden(user, wanted, reason);
}

function known(object: ApiObject): AnyObject {
  return object as unknown as AnyObject;
}

/** Notes in managedFields who writes what. */
function track<T extends ApiObject>(write: Write<T>, current: T | undefined, next: T): T {
  const { request: { kube, resource, info }, options } = write;
  return trackUpdate({
    current,
    next,
    manager: options.fieldManager,
    schema: schemaOf(resource),
    now: kube.deps.clock.now(),
    subresource: info.subresource,
  }) as unknown as T;
}

/** What is the server's to say of a new object. */
function scrub({ metadata, ...object }: ApiObject, hasStatus: boolean): void {
  const given = metadata as unknown as Json;
  for (const field of systemFields) delete given[field];
  if (hasStatus) delete (object as Json).status;
}

/** Where an object comes from is not the client's to say, and a copy of a manifest's object is no manifest's. */
function sayNothingOfSources(metadata: ApiObject["metadata"], current?: Record<string, string>): void {
  const annotations = keepSource(metadata.annotations, current);
  if (annotations === undefined) delete metadata.annotations;
  else metadata.annotations = annotations;
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
 * write let go of its last finalizer and so removed it. With `applied`, `make` has said in managedFields who wrote what.
 */
export async function replace<T extends ApiObject>(
  write: Write<T>,
  verb: Verb,
  make: (current: T) => Decoded<T>,
  { applied = false } = {},
): Promise<T> {
  const { request: { resource, info }, options } = write;
  const status = info.subresource === "status";
  let removed: T | undefined;
  const stored = await resource.backend.write!(info.namespace, info.name, (current) => {
    removed = undefined;
    if (!current) throw notFoundOf(resource, info.name);
    guard(resource, current, verb, info.subresource);
    const next = keepTimestamps(current, nextObject(write, current, make(current), { status, applied }));
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
  write: Write<T>,
  current: T,
  { object, complete, completeStatus, warnings: unknown }: Decoded<T>,
  { status, applied }: { status: boolean; applied: boolean },
): T {
  const { request: { resource, info }, context, warnings } = write;
  const { strategy } = resource;
  const part = Object.hasOwn(resource.parts ?? {}, info.subresource) ? resource.parts![info.subresource] : undefined;
  checkVersions(resource, object, current);
  const versionMissing = strategy?.needsVersion && !object.metadata.resourceVersion;
  const metadata = { ...object.metadata } as unknown as Json;
  for (const field of kept) {
    const value = (current.metadata as unknown as Json)[field];
    if (value === undefined) delete metadata[field];
    else metadata[field] = value;
  }
  sayNothingOfSources(metadata as unknown as ApiObject["metadata"], current.metadata.annotations);
  let next = { ...object, metadata } as unknown as T;
  if (status) next = { ...current, metadata: next.metadata, status: object.status };
  else {
    // the status is what it was, and frozen: it takes no defaults
    if (resource.hasStatus) delete next.status;
    defaultObject(known(next));
    if (part) {
      const { managedFields } = next.metadata;
      next = {
        ...part.take(next, current),
        metadata: { ...current.metadata, ...(managedFields && { managedFields }) },
      };
    }
    if (resource.hasStatus && current.status !== undefined) next.status = current.status;
  }
  if (!applied) next = track(write, current, next);
  warnings.push(...unknown);
  if (status) {
    completeStatus(next, (errors) => {
      validateFinalizers(next, current, errors);
      validateStatusUpdate(known(next), known(current), errors);
      strategy?.validateStatusUpdate?.(next, current, errors);
    });
    return next;
  }
  if (part) {
    complete(next, (errors) => part.validateUpdate(next, current, errors));
    return next;
  }
  next = strategy?.prepareForUpdate?.(next, current, context) ?? next;
  complete(next, (errors) => {
    if (versionMissing) {
      errors.invalid(FieldPath.of("metadata", "resourceVersion"), 0, "must be specified for an update");
    }
    validateFinalizers(next, current, errors);
    validateUpdate(known(next), known(current), errors);
    strategy?.validateUpdate?.(next, current, errors);
  });
  warnings.push(...apiWarnings(known(next)), ...strategy?.warnings?.(next) ?? []);
  return next;
}

/** Whether an update is of this very object, and of its latest version where it names one. */
function checkVersions<T extends ApiObject>(resource: Resource<T>, { metadata: given }: T, { metadata }: T): void {
  if (given.uid && given.uid !== metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${given.uid}, UID in object meta: ${metadata.uid}`;
    throw conflict(resource, metadata.name, why);
  }
  if (given.resourceVersion && given.resourceVersion !== metadata.resourceVersion) {
    throw modified(resource, metadata.name);
  }
}

/** What an update may not say of metadata. */
const kept = [
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "generation",
  "selfLink",
];

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
