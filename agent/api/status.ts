/** Failures as Kubernetes tells them: an ApiError is thrown anywhere below a route and becomes a `Status` in one place. */

/** metav1.Status. */
export interface Status {
  kind: "Status";
  apiVersion: "v1";
  metadata: { continue?: string };
  status: "Success" | "Failure";
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code: number;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: { reason?: string; message?: string; field?: string }[];
  retryAfterSeconds?: number;
}

/** A request that cannot be answered. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    readonly details?: StatusDetails,
    options?: ErrorOptions,
    readonly metadata: Status["metadata"] = {},
  ) {
    super(message, options);
  }
}

export function notFound(resource: string, name: string): ApiError {
  return new ApiError(404, "NotFound", `${resource} ${JSON.stringify(name)} not found`, { name, kind: resource });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

/** One field of an object or of options, in apimachinery's words. */
export function invalid(kind: string, name: string, field: string, value: unknown, problem: string): ApiError {
  const message = `Invalid value: ${JSON.stringify(value)}: ${problem}`;
  return new ApiError(422, "Invalid", `${kind} ${JSON.stringify(name)} is invalid: ${field}: ${message}`, {
    name,
    kind,
    causes: [{ reason: "FieldValueInvalid", message, field }],
  });
}

export function methodNotAllowed(method: string, path: string): ApiError {
  return new ApiError(405, "MethodNotAllowed", `${method} is not allowed on ${path}`);
}

export function internalError(message: string, cause?: unknown): ApiError {
  return new ApiError(500, "InternalError", message, undefined, { cause });
}

/** The Status of a failure; whatever is no ApiError is an internal error. */
export function statusOf(err: unknown): Status {
  const error = err instanceof ApiError
    ? err
    : internalError(`Internal error occurred: ${err instanceof Error ? err.message : String(err)}`);
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: error.metadata,
    status: "Failure",
    message: error.message,
    reason: error.reason,
    ...(error.details ? { details: error.details } : {}),
    code: error.code,
  };
}
