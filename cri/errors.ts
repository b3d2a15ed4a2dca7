/**
 * What a CRI call can fail with: one class, its code, and predicates for the cases that callers tell apart.
 *
 * Runtimes use few codes (containerd answers `unknown` to much), so some predicates look at the message as well.
 */
import { Code, ConnectError } from "@connectrpc/connect";

const codeNames = {
  [Code.Canceled]: "canceled",
  [Code.Unknown]: "unknown",
  [Code.InvalidArgument]: "invalid_argument",
  [Code.DeadlineExceeded]: "deadline_exceeded",
  [Code.NotFound]: "not_found",
  [Code.AlreadyExists]: "already_exists",
  [Code.PermissionDenied]: "permission_denied",
  [Code.ResourceExhausted]: "resource_exhausted",
  [Code.FailedPrecondition]: "failed_precondition",
  [Code.Aborted]: "aborted",
  [Code.OutOfRange]: "out_of_range",
  [Code.Unimplemented]: "unimplemented",
  [Code.Internal]: "internal",
  [Code.Unavailable]: "unavailable",
  [Code.DataLoss]: "data_loss",
  [Code.Unauthenticated]: "unauthenticated",
} as const;

/** gRPC's status codes, by name. */
export type CriCode = (typeof codeNames)[Code];

/** A failed call to the runtime. */
export class CriError extends Error {
  override name = "CriError";
  readonly code: CriCode;
  /** The CRI method as CRI names it: `RunPodSandbox`. */
  readonly method: string;
  /** The runtime's own words, for events and conditions that name the action themselves. */
  readonly detail: string;

  constructor(method: string, code: CriCode, detail: string, options?: ErrorOptions) {
    super(`Cannot complete ${method}: ${detail || code.replaceAll("_", " ")}`, options);
    this.method = method;
    this.code = code;
    this.detail = detail || code.replaceAll("_", " ");
  }

  /** Any failure of `method` as a CriError. */
  static from(method: string, err: unknown): CriError {
    if (err instanceof CriError) return err;
    const connectError = ConnectError.from(err);
    return new CriError(method, codeNames[connectError.code] ?? "unknown", connectError.rawMessage, {
      cause: connectError.cause ?? err,
    });
  }
}

function has(err: unknown, code: CriCode): boolean {
  return err instanceof CriError && err.code === code;
}

/** The sandbox, container or image is not there. */
export function isNotFound(err: unknown): boolean {
  return has(err, "not_found");
}

/** The runtime could not be reached, or went away before it answered: the call may have taken effect. */
export function isUnavailable(err: unknown): boolean {
  return has(err, "unavailable");
}

/** The call's deadline passed here, or a deadline in the runtime did: the call may have taken effect. */
export function isDeadlineExceeded(err: unknown): boolean {
  return has(err, "deadline_exceeded");
}

/** The caller's signal ended the call: it may have taken effect. */
export function isCanceled(err: unknown): boolean {
  return has(err, "canceled");
}

/** The runtime does not know the method. */
export function isUnimplemented(err: unknown): boolean {
  return has(err, "unimplemented");
}

export function isAlreadyExists(err: unknown): boolean {
  return has(err, "already_exists");
}

const reserved = [
  /failed to reserve (?:sandbox|container) name .*? is reserved for "([^"]+)"/, // containerd
  /name "?[^\s"]+"? is reserved for "?([0-9a-f]+)"?/, // CRI-O
  /name "?[^\s"]+"? is already in use by "?([0-9a-f]+)"?/, // CRI-O, containers/storage
];

/**
 * The name (which includes the attempt) belongs to an object that an earlier call made or is still making: a create
 * timed out or its answer was lost.
 */
export function isNameReserved(err: unknown): boolean {
  return nameHolder(err) !== undefined;
}

/** The id that holds the reserved name. It may not be listed yet. */
export function nameHolder(err: unknown): string | undefined {
  if (!(err instanceof CriError)) return undefined;
  for (const pattern of reserved) {
    const id = pattern.exec(err.detail)?.[1];
    if (id) return id;
  }
  return undefined;
}
