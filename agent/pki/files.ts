/** Files of keys and certificates: for root alone, and never half written. */
import { dirname, join } from "node:path";

/** Makes the directory, or closes one that is open to others. */
export function secretDirectory(path: string): void {
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  if ((Deno.statSync(path).mode! & 0o777) !== 0o700) Deno.chmodSync(path, 0o700);
}

/** Puts a file with this content in place, on disk when it returns. */
export function writeSecret(path: string, text: string): void {
  const fresh = join(dirname(path), `.${path.split("/").at(-1)}.new`);
  try {
    Deno.removeSync(fresh);
  } catch (err) {
    if (!(err instanceof Deno.errors.NotFound)) throw err;
  }
  {
    using out = Deno.openSync(fresh, { write: true, createNew: true, mode: 0o600 });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += out.writeSync(bytes.subarray(at));
    out.syncSync();
  }
  Deno.renameSync(fresh, path);
  using dir = Deno.openSync(dirname(path), { read: true });
  dir.syncSync();
}

/** A file's content; undefined where there is none. Takes away what others were allowed. */
export function readSecret(path: string): string | undefined {
  try {
    const { mode } = Deno.statSync(path);
    if ((mode! & 0o177) !== 0) Deno.chmodSync(path, 0o600);
    return Deno.readTextFileSync(path);
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return undefined;
    throw err;
  }
}

/** Puts a file that is of no use out of the way, for somebody to look at. */
export function setAside(path: string): void {
  Deno.renameSync(path, `${path}.damaged`);
}
