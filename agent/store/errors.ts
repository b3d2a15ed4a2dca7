/** What the store can fail with; callers ask by predicate, never by SQLite's own codes. */

export type StoreErrorCode =
  /** The disk (or the store's own bound) is full. Reading goes on, pods go on. */
  | "full"
  /** The file system became read-only. */
  | "readOnly"
  /** The device answers with errors. */
  | "io"
  /** The file's content is damaged; the store mends this by itself and reports it only when mending failed. */
  | "corrupt"
  /** Another process has this store open. */
  | "locked"
  /** The write contradicts what is stored: another UID holds the name. */
  | "conflict"
  /** One object or record is larger than the store takes. */
  | "tooLarge"
  /** The object has no usable kind or name. */
  | "invalid"
  /** The store was closed. */
  | "closed";

export class StoreError extends Error {
  override name = "StoreError";
  constructor(readonly code: StoreErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
  }
}

const has = (err: unknown, ...codes: StoreErrorCode[]) => err instanceof StoreError && codes.includes(err.code);

export const isStorageFull = (err: unknown): boolean => has(err, "full");
export const isReadOnly = (err: unknown): boolean => has(err, "readOnly");
/** Nothing can be written for now, whatever the object: what the API answers with 507. */
export const isUnwritable = (err: unknown): boolean => has(err, "full", "readOnly", "io", "corrupt");
export const isConflict = (err: unknown): boolean => has(err, "conflict");
export const isLocked = (err: unknown): boolean => has(err, "locked");
export const isTooLarge = (err: unknown): boolean => has(err, "tooLarge");

/** SQLite's primary result codes (sqlite3.h) by the class they mean here. */
const byCode: Record<number, StoreErrorCode> = {
  5: "locked",
  6: "locked",
  8: "readOnly",
  10: "io",
  11: "corrupt",
  13: "full",
  14: "io",
  26: "corrupt",
};

/** `exec()` reports only SQLite's message (sqlite3ErrStr), without its code. */
const byMessage: [RegExp, StoreErrorCode][] = [
  [/disk is full/, "full"],
  [/readonly database/, "readOnly"],
  [/malformed|not a database|no such (table|column)/, "corrupt"],
  [/locked/, "locked"],
  [/disk I\/O error|unable to open/, "io"],
];

/** The class of an error thrown by `node:sqlite`; undefined when it is none of SQLite's. */
export function classify(err: unknown): StoreErrorCode | undefined {
  if (err instanceof StoreError) return err.code;
  if (!(err instanceof Error)) return undefined;
  const code = (err as { errcode?: unknown }).errcode;
  if (typeof code === "number" && byCode[code & 0xff]) return byCode[code & 0xff];
  return byMessage.find(([pattern]) => pattern.test(err.message))?.[1];
}
