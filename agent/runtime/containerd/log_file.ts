/**
 * Keeps an append-only log within bounds without its writer's help: what it has grown beyond is copied to `<file>.1` and the
 * file is cut to nothing. The writer, holding it in append mode, goes on at the start.
 */

/**
 * Cuts the log when it is over `maxBytes`; returns whether it was. The last `maxBytes` are kept in `<file>.1`, where the disk has
 * room for them. A log on a read-only disk does not grow and stays.
 */
export function boundLog(file: string, maxBytes: number): boolean {
  let log: Deno.FsFile;
  try {
    if (Deno.statSync(file).size <= maxBytes) return false;
    log = Deno.openSync(file, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || (error as { code?: string }).code === "EROFS") return false;
    throw error;
  }
  try {
    try {
      keepEnd(log, `${file}.1`, maxBytes);
    } catch {
      removeFile(`${file}.1`); // a part of an end helps nobody
    }
    log.truncateSync(0);
    return true;
  } finally {
    log.close();
  }
}

function keepEnd(log: Deno.FsFile, file: string, bytes: number): void {
  log.seekSync(log.statSync().size - bytes, Deno.SeekMode.Start);
  using kept = Deno.openSync(file, { write: true, create: true, truncate: true, mode: 0o600 });
  const chunk = new Uint8Array(64 * 1024);
  for (let left = bytes; left > 0;) {
    const read = log.readSync(chunk.subarray(0, Math.min(left, chunk.length)));
    if (read === null) break;
    for (let at = 0; at < read;) at += kept.writeSync(chunk.subarray(at, read));
    left -= read;
  }
}

function removeFile(file: string): void {
  try {
    Deno.removeSync(file);
  } catch { /* it was not there */ }
}

/** The end of a log, for messages. */
export function logTail(file: string, lines: number): string {
  try {
    return Deno.readTextFileSync(file).trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}
