/**
 * The socket of the API: for root on this machine alone. A socket that is left from an agent that was killed is taken
 * over, but only when nobody answers on it.
 */
import { dirname, join } from "node:path";

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

/**
 * Calls `listen` with a path in a directory of its own, then puts the socket into its place: there it is the owner's alone
 * from its first moment.
 */
export async function privately(path: string, listen: (path: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ dir: dirname(path), prefix: ".socket-" }); // mode 0700
  try {
    // the name of a socket may have 107 bytes
    const temporary = join(dir, "s");
    await listen(temporary);
    await Deno.chmod(temporary, 0o600);
    await Deno.rename(temporary, path);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
