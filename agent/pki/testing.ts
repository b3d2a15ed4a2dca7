/** What the tests of this room share. */
import type { Logger } from "../telemetry/log.ts";

/** A directory that is gone afterwards. */
export async function inDirectory(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = Deno.makeTempDirSync({ prefix: "islet-pki-" });
  try {
    await work(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

/** A logger and everything that it was told, a line each. */
export function listeningLogger(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const tell = (message: string, fields?: unknown) => void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const log: Logger = { debug: tell, info: tell, warn: tell, error: tell, with: () => log };
  return { log, lines };
}
