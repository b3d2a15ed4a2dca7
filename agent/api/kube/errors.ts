/** Failures of resources, in kube-apiserver's words. */
import { type FieldErrors, fieldErrorText } from "../../objects/mod.ts";
import { isUnwritable, StoreError } from "../../store/mod.ts";
import { ApiError, type StatusDetails } from "../status.ts";
import type { Resource } from "./types.ts";

/** What a failure is about; `plural` as in `pods`. */
export type About = Pick<Resource, "group" | "plural">;

/** `leases.coordination.k8s.io`; `pods`. */
export function qualified({ group, plural }: About): string {
  return group ? `${plural}.${group}` : plural;
}

function details({ group, plural }: About, name: string, more: Partial<StatusDetails> = {}): StatusDetails {
  return { ...(name && { name }), ...(group && { group }), kind: plural, ...more };
}

const quoted = (text: string) => JSON.stringify(text);

export function notFoundOf(about: About, name: string): ApiError {
  return new ApiError(404, "NotFound", `${qualified(about)} ${quoted(name)} not found`, details(about, name));
}

export function alreadyExists(about: About, name: string): ApiError {
  return new ApiError(409, "AlreadyExists", `${qualified(about)} ${quoted(name)} already exists`, details(about, name));
}

export function noUniqueName(about: About, name: string): ApiError {
  const text = `${qualified(about)} ${quoted(name)} already exists, the server was not able to generate a unique name` +
    ` for the object`;
  return new ApiError(409, "AlreadyExists", text, details(about, name, { retryAfterSeconds: 1 }));
}

export function conflict(about: About, name: string, why: string): ApiError {
  const text = `Operation cannot be fulfilled on ${qualified(about)} ${quoted(name)}: ${why}`;
  return new ApiError(409, "Conflict", text, details(about, name));
}

/** Somebody wrote between a client's read and its write. */
export function modified(about: About, name: string): ApiError {
  return conflict(
    about,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );
}

export function forbidden(about: About, name: string, why: string, causes?: StatusDetails["causes"]): ApiError {
  const object = name ? `${qualified(about)} ${quoted(name)}` : qualified(about);
  return new ApiError(403, "Forbidden", `${object} is forbidden: ${why}`, details(about, name, causes && { causes }));
}

/** 422 with a cause for each field. `kind` is the object's kind. */
export function invalidObject(group: string, kind: string, name: string, { errors }: FieldErrors): ApiError {
  const texts = errors.map(fieldErrorText);
  const all = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return new ApiError(422, "Invalid", `${group ? `${kind}.${group}` : kind} ${quoted(name)} is invalid: ${all}`, {
    ...(name && { name }),
    ...(group && { group }),
    kind,
    causes: errors.map(({ type, path, message }) => ({
      reason: `FieldValue${type === "Unknown" ? "Invalid" : type}`,
      message,
      field: path.toString(),
    })),
  });
}

/** The version that a client wants to go on from is out of memory. */
export function expired(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}

export function tooOld(version: number | string, oldest: number): ApiError {
  return expired(`too old resource version: ${version} (${oldest})`);
}

export function tooNew(version: number | string, current: string): ApiError {
  return new ApiError(504, "Timeout", `Timeout: Too large resource version: ${version}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

export function notSupported(about: About, verb: string): ApiError {
  return new ApiError(
    405,
    "MethodNotAllowed",
    `${verb} is not supported on resources of kind ${quoted(qualified(about))}`,
    details(about, ""),
  );
}

export function wrongMethod(): ApiError {
  return new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

export function noSuchResource(): ApiError {
  return new ApiError(404, "NotFound", "the server could not find the requested resource", {});
}

export function notAcceptable(types: readonly string[]): ApiError {
  const text = `only the following media types are accepted: ${types.join(", ")}`;
  return new ApiError(406, "NotAcceptable", text);
}

export function unsupportedMediaType(types: readonly string[]): ApiError {
  const text = `the body of the request was in an unknown format - accepted media types include: ${types.join(", ")}`;
  return new ApiError(415, "UnsupportedMediaType", text);
}

export function bodyTooLarge(limit: number): ApiError {
  return new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${limit}`);
}

/** What the store's failures mean to a client; others as they are. */
export function fromStore(err: unknown): unknown {
  if (!(err instanceof StoreError)) return err;
  if (isUnwritable(err)) {
    const text = `the node's disk takes no writes at present: ${rootMessage(err)}`;
    return new ApiError(507, "InsufficientStorage", text, { retryAfterSeconds: 10 }, { cause: err });
  }
  switch (err.code) {
    case "tooLarge":
      return new ApiError(413, "RequestEntityTooLarge", err.message, undefined, { cause: err });
    case "conflict":
      return new ApiError(409, "Conflict", err.message, undefined, { cause: err });
    case "invalid":
      return new ApiError(400, "BadRequest", err.message, undefined, { cause: err });
    case "closed":
      return new ApiError(503, "ServiceUnavailable", "the node is shutting down", { retryAfterSeconds: 1 }, {
        cause: err,
      });
    default:
      return err;
  }
}

function rootMessage(err: Error): string {
  let at: Error = err;
  while (at.cause instanceof Error) at = at.cause;
  return at.message;
}
