/**
 * patch: what a client wants changed, worked out against the object that is there at the moment of the write. Four
 * media types say how; server-side apply makes the object where there is none.
 */
import type { RequestInfo } from "../request.ts";
import { ApiError, badRequest } from "../status.ts";
import { applyPatch, type PatchKind, serverSideApply } from "../patch/mod.ts";
import { mediaTypeOf, objectOf, parseYaml, readText } from "./body.ts";
import { answerShape, type KubeRequest } from "./context.ts";
import { decode, schemaOf } from "./decode.ts";
import { type About, unsupportedMediaType } from "./errors.ts";
import { writeRequest } from "./options.ts";
import { respond } from "./respond.ts";
import { shaped } from "./shape.ts";
import type { ApiObject } from "./types.ts";
import { checkPlace, createObject, replace, type Write, writeOf } from "./write.ts";

const kinds: Readonly<Record<string, PatchKind | "apply">> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

export async function patch<T extends ApiObject>(request: KubeRequest<T>): Promise<Response> {
  const { c, resource, query } = request;
  const kind = Object.hasOwn(kinds, mediaTypeOf(c)) ? kinds[mediaTypeOf(c)] : undefined;
  if (!kind) throw unsupportedMediaType(Object.keys(kinds));
  const shape = answerShape(request as unknown as KubeRequest, ["Table", "PartialObjectMetadata"]);
  const options = writeRequest(query, c.req.header("user-agent"), "PatchOptions", kind === "apply");
  const write = writeOf(request, options);
  const text = await readText(c);
  if (kind === "apply") {
    const { stored, created } = await apply(write, await readApplied(text));
    return await respond(c, shape.form, shaped(resource, stored, shape), created ? 201 : 200, write.warnings);
  }
  const body = readPatch(text);
  const stored = await replace(write, "patch", (current) => {
    const value = objectOf(applyPatch(kind, current, body, schemaOf(resource)));
    const decoded = decode<T>({ value }, resource, options.fieldValidation);
    checkPlace(request, decoded.object);
    return decoded;
  });
  return await respond(c, shape.form, shaped(resource, stored, shape), 200, write.warnings);
}

function readPatch(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (err) {
    throw badRequest(`error decoding patch: ${(err as Error).message}`);
  }
}

/** An apply's configuration: YAML, of which JSON is a part. */
async function readApplied(text: string): Promise<unknown> {
  if (/^\s*\{/.test(text)) {
    try {
      return JSON.parse(text);
    } catch { /* flow-style YAML begins the same way */ }
  }
  return await parseYaml(text);
}

async function apply<T extends ApiObject>(
  write: Write<T>,
  applied: unknown,
): Promise<{ stored: T; created: boolean }> {
  const { request, options } = write;
  const { resource, info, kube } = request;
  const applyTo = (current: T | undefined) => {
    const value = serverSideApply({
      current,
      applied,
      manager: options.fieldManager,
      force: options.force,
      schema: schemaOf(resource),
      now: kube.deps.clock.now(),
      subresource: info.subresource,
    });
    const decoded = decode<T>({ value: objectOf(value) }, resource, options.fieldValidation);
    checkPlace(request, decoded.object);
    return decoded;
  };
  for (let attempt = 1;; attempt++) {
    try {
      const { resource: { backend } } = request;
      if (!backend.get(info.namespace, info.name) && info.subresource === "") {
        return { stored: await createObject(write, applyTo(undefined), { applied: true }), created: true };
      }
      return { stored: await replace(write, "patch", applyTo, { applied: true }), created: false };
    } catch (err) {
      // It was made, or removed, in between: once more from what is there now.
      const raced = err instanceof ApiError && (err.reason === "AlreadyExists" || err.reason === "NotFound");
      if (!raced || attempt === 5 || !isThis(err, request)) throw err;
    }
  }
}

function isThis({ details }: ApiError, { resource, info }: { resource: About; info: RequestInfo }): boolean {
  return details?.kind === resource.plural && details.name === info.name;
}
