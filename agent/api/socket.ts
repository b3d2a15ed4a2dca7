/**
 * The socket of the API: for root on this machine alone. A socket that is left from an agent that was killed is taken
 * over, but only when nobody answers on it.
 */
import { dirname } from "node:path";

/** Makes way for a listener at `path`; throws when somebody listens there, or when it is no socket. */
export async function claimSocket(path: string): Promise<void> {
  Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let found: Deno.FileInfo;
  try {
    found = Deno.lstatSync(path);
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return;
    throw err;
  }
  if (!found.isSocket) throw new Error(`Cannot listen on ${path}: there is something that is no socket`);
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (err) {
    if (!(err instanceof Deno.errors.ConnectionRefused)) {
      if (err instanceof Deno.errors.NotFound) return;
      throw new Error(`Cannot listen on ${path}`, { cause: err });
    }
    Deno.removeSync(path);
    return;
  }
  throw new Error(`Cannot listen on ${path}: another islet answers there`);
}

/** Calls `listen` such that the socket it makes is the owner's alone from its first moment. */
export function privately<T>(listen: () => T): T {
  const before = Deno.umask(0o177);
  try {
    return listen();
  } finally {
    Deno.umask(before);
  }
}
