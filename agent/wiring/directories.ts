/** The directories that the node owns, and the identity that it writes on everything it makes. */
import { join } from "node:path";

/** Makes a directory that only root may look into; one that is there keeps its content and gets that mode. */
export function privateDirectory(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    // on a disk that is read-only it can only be right already
    if ((Deno.statSync(path).mode! & 0o777) !== 0o700) Deno.chmodSync(path, 0o700);
  } catch (err) {
    const isTaken = err instanceof Deno.errors.AlreadyExists || err instanceof Deno.errors.NotADirectory;
    throw new Error(`Cannot make the directory ${path}${isTaken ? ": there is something else in its place" : ""}`, {
      cause: isTaken ? undefined : err,
    });
  }
}

/**
 * The installation's id: made once, kept beside the store and in it (`remembered`), so that it outlives either. Whoever loses
 * it no longer knows its own containers.
 */
export function ownerId(rootDir: string, remembered?: unknown): string {
  const file = join(rootDir, "owner");
  const known = typeof remembered === "string" && uuid.test(remembered) ? remembered : undefined;
  try {
    const written = Deno.readTextFileSync(file).trim();
    if (uuid.test(written)) return written;
    if (!known) {
      throw new Error(`Cannot use ${file}: it holds no UUID. Restore it, or remove it if no pod of this node runs`);
    }
  } catch (err) {
    if (!(err instanceof Deno.errors.NotFound)) throw err;
  }
  const id = known ?? crypto.randomUUID();
  using out = Deno.openSync(`${file}.new`, { write: true, create: true, truncate: true, mode: 0o600 });
  out.writeSync(new TextEncoder().encode(id + "\n"));
  out.syncSync();
  Deno.renameSync(`${file}.new`, file);
  return id;
}

const uuid = /^[0-9a-f-]{36}$/;
