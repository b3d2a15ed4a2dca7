/**
 * Opening a log: the file itself. A container that has the log directory mounted can put a link or a pipe of that name
 * there, and whoever may read the log would read any file of the machine, or wait for ever.
 */

/** A rotation may come in between. */
const tries = 5;

/** @throws {Deno.errors.NotFound} where there is no file of that name */
export function openLog(path: string): Deno.FsFile {
  for (let turn = 0; turn < tries; turn++) {
    const seen = Deno.lstatSync(path);
    if (!seen.isFile) break;
    const file = Deno.openSync(path);
    const { ino, dev } = file.statSync();
    if (ino === seen.ino && dev === seen.dev) return file;
    file.close();
  }
  throw new Deno.errors.NotFound(`Cannot read the log ${path}: it is no file`);
}
