/**
 * get and list. Lists come in the order of namespace and name, whole or in pages; every page shows the state that the
 * first one showed, as long as the changes since then are known.
 */
import { ApiError, badRequest } from "../status.ts";
import { answerShape, type KubeRequest } from "./context.ts";
import { listKey } from "./backend/store.ts";
import { apiVersionOf } from "./decode.ts";
import { notFoundOf, tooNew } from "./errors.ts";
import { JsonList } from "./json.ts";
import { listOptions, resourceVersionOf } from "./options.ts";
import { respond } from "./respond.ts";
import { scopeOf, selection } from "./select.ts";
import { partial, shaped, tableOf } from "./shape.ts";
import type { ApiObject } from "./types.ts";

export async function get<T extends ApiObject>(request: KubeRequest<T>): Promise<Response> {
  const { c, kube, info, resource, query } = request;
  const shape = answerShape(request as unknown as KubeRequest, ["Table", "PartialObjectMetadata"]);
  const version = resourceVersionOf(query.get("resourceVersion"));
  const cache = kube.registry.cache(resource);
  cache.touch();
  if (version !== undefined && version > cache.current) throw tooNew(version, String(cache.current));
  await resource.backend.prepare?.();
  const object = resource.backend.get(info.namespace, info.name);
  if (!object) throw notFoundOf(resource, info.name);
  return await respond(c, shape.form, shaped(resource, object, shape));
}

export async function list<T extends ApiObject>(request: KubeRequest<T>): Promise<Response> {
  const { c, kube, info, resource, query } = request;
  const shape = answerShape(request as unknown as KubeRequest, ["Table", "PartialObjectMetadataList"]);
  const options = listOptions(query, false);
  const namespace = scopeOf(resource, info.namespace);
  const selected = selection(resource, namespace, options);
  await resource.backend.prepare?.();
  const cache = kube.registry.cache(resource);
  cache.touch();

  const { current } = cache;
  const wanted = options.resourceVersion ?? 0;
  let version = current;
  let after = "";
  let objects: T[] | undefined;
  if (options.continue !== "") {
    if (wanted !== 0) throw badRequest("specifying resource version is not allowed when using continue");
    const token = readToken(options.continue);
    after = token.start;
    if (token.version !== undefined) {
      version = token.version;
      objects = cache.stateAt(version, namespace);
      if (!objects) throw tokenExpired(after);
    }
  } else if (wanted > 0) {
    if (wanted > current) throw tooNew(wanted, String(current));
    if (options.resourceVersionMatch === "Exact" || (options.resourceVersionMatch === "" && options.limit > 0)) {
      version = wanted;
      objects = cache.stateAt(version, namespace);
      if (!objects) {
        throw new ApiError(410, "Expired", "The resourceVersion for the provided list is too old.");
      }
    }
  }
  objects ??= resource.backend.list(namespace);
  if (after !== "") objects = objects.filter((object) => listKey(object) > after);
  objects = objects.filter(selected);

  const metadata: Record<string, unknown> = { resourceVersion: String(version) };
  const { limit } = options;
  if (limit > 0 && objects.length > limit) {
    const rest = objects.length - limit;
    objects = objects.slice(0, limit);
    metadata.continue = writeToken(version, listKey(objects[limit - 1]));
    if (options.labelSelector === "" && options.fieldSelector === "") metadata.remainingItemCount = rest;
  }
  return await respond(c, shape.form, listShaped());

  function listShaped(): object {
    switch (shape.form.as) {
      case "Table":
        return tableOf(resource, objects!, shape, { metadata });
      case "PartialObjectMetadataList":
        return {
          kind: "PartialObjectMetadataList",
          apiVersion: `meta.k8s.io/${shape.form.version}`,
          metadata,
          items: objects!.map((object) => partial(object, shape.form.version)),
        };
      default:
        return new JsonList({ kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata }, objects!);
    }
  }
}

/** A continue token: the version of the first page, and after which object to go on. */
function writeToken(version: number | undefined, start: string): string {
  const text = JSON.stringify({ v: "meta.k8s.io/v1", rv: version ?? -1, start: `${start}\0` });
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function readToken(token: string): { version?: number; start: string } {
  const wrong = (why: string) => badRequest(`continue key is not valid: ${why}`);
  let value: { v?: unknown; rv?: unknown; start?: unknown } | null;
  try {
    const binary = atob(token.replace(/-/g, "+").replace(/_/g, "/"));
    value = JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0))));
  } catch {
    throw wrong("it cannot be read");
  }
  if (value?.v !== "meta.k8s.io/v1") throw wrong("server does not recognize this encoded version");
  const { rv, start } = value;
  if (typeof start !== "string" || start === "") throw wrong("it says no start");
  if (!Number.isSafeInteger(rv) || rv === 0) throw wrong("incorrect encoded start resourceVersion");
  return { start: start.replace(/\0$/, ""), ...((rv as number) > 0 ? { version: rv as number } : {}) };
}

function tokenExpired(start: string): ApiError {
  const message = "The provided continue parameter is too old to display a consistent list result. " +
    "You can start a new list without the continue parameter, or use the continue token in this response to retrieve " +
    "the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that " +
    "were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";
  return new ApiError(410, "Expired", message, undefined, {}, { continue: writeToken(undefined, start) });
}
