/**
 * Keeps an append-only log within bounds without its writer's help: what it has grown beyond is copied to `<file>.1` and the
 * file is cut to nothing. The writer, holding it in append mode, goes on at the start.
 */

/** Cuts the log when it is over `maxBytes`; returns whether it was. The last `maxBytes` are kept in `<file>.1`. */
export function boundLog(file: string, maxBytes: number): boolean {
  let log: Deno.FsFile;
  try {
    log = Deno.openSync(file, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  try {
    const { size } = log.statSync();
    if (size <= maxBytes) return false;
    log.seekSync(size - maxBytes, Deno.SeekMode.Start);
    const kept = Deno.openSync(`${file}.1`, { write: true, create: true, truncate: true, mode: 0o600 });
    try {
      const chunk = new Uint8Array(64 * 1024);
      for (let left = maxBytes; left > 0;) {
        const read = log.readSync(chunk.subarray(0, Math.min(left, chunk.length)));
        if (read === null) break;
        kept.writeSync(chunk.subarray(0, read));
        left -= read;
      }
    } finally {
      kept.close();
    }
    log.truncateSync(0);
    return true;
  } finally {
    log.close();
  }
}

/** The end of a log, for messages. */
export function logTail(file: string, lines: number): string {
  try {
    return Deno.readTextFileSync(file).trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}
