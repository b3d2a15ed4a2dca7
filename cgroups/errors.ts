/** The one error class of this room, with the kernel's error name where there is one. */

/** What went wrong with a cgroup. */
export class CgroupError extends Error {
  /** `EBUSY`, `ENOENT`, `EINVAL` …; empty where the kernel was not asked. */
  readonly code: string;

  constructor(message: string, options: { code?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CgroupError";
    this.code = options.code ?? errorCode(options.cause);
  }
}

/** Is this the kernel's EBUSY: processes or children inside, or a limit below use? */
export function isBusy(err: unknown): boolean {
  return errorCode(err) === "EBUSY";
}

/** Is this ENOENT? */
export function isMissing(err: unknown): boolean {
  return errorCode(err) === "ENOENT";
}

/** The kernel's name of an error, or "". */
export function errorCode(err: unknown): string {
  if (err instanceof Error && "code" in err && typeof err.code === "string" && err.code) return err.code;
  if (err instanceof Deno.errors.NotFound) return "ENOENT";
  if (err instanceof Deno.errors.Busy) return "EBUSY";
  if (err instanceof Deno.errors.AlreadyExists) return "EEXIST";
  if (err instanceof Deno.errors.NotADirectory) return "ENOTDIR";
  return "";
}
