/** Makes the parts of an installation be there, below a prefix; what is right already is left alone. */
import { dirname, join } from "node:path";
import type { Part } from "./plan.ts";

export type Outcome = "made" | "changed" | "as it is" | "yours, as it is";

/** What `apply` needs of the machine. */
export interface ApplyOptions {
  /** Stands before every path; "" for this machine. */
  prefix: string;
  /** Tells what would be done and does nothing. */
  dryRun: boolean;
  /** The file of the running program; undefined where it runs from source: then the program is left out. */
  program: string | undefined;
}

/** @throws where something else is in a part's place, or the disk refuses. */
export async function applyPart(part: Part, { prefix, dryRun, program }: ApplyOptions): Promise<Outcome> {
  const path = prefix + part.path;
  const found = await lstat(path);
  const outcome = found ? "changed" : "made";
  switch (part.type) {
    case "directory":
      if (found?.isDirectory || (await stat(path))?.isDirectory) return "as it is";
      if (!dryRun) {
        await Deno.mkdir(path, { recursive: true });
        await Deno.chmod(path, part.mode);
      }
      return outcome;
    case "file":
      if (found && part.keep) return "yours, as it is";
      if (found && await read(path) === part.text) return "as it is";
      if (!dryRun) await replace(path, part.mode, (file) => Deno.writeTextFile(file, part.text));
      return outcome;
    case "program":
      if (!program || (found && await sameContent(program, path))) return "as it is";
      if (!dryRun) await replace(path, 0o755, (file) => Deno.copyFile(program, file));
      return outcome;
    case "link":
      if (found?.isSymlink && await Deno.readLink(path) === part.target) return "as it is";
      if (!dryRun) {
        await Deno.mkdir(dirname(path), { recursive: true });
        if (found) await Deno.remove(path);
        await Deno.symlink(part.target, path);
      }
      return outcome;
  }
}

/** In one step: a program that runs, a power cut in between, see the old file or the new one. */
async function replace(path: string, mode: number, write: (file: string) => Promise<unknown>): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const file = join(dirname(path), `.${path.slice(path.lastIndexOf("/") + 1)}.new`);
  await write(file);
  await Deno.chmod(file, mode);
  using written = await Deno.open(file);
  await written.syncData();
  await Deno.rename(file, path);
}

async function sameContent(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([Deno.stat(one), Deno.stat(other)]);
  if (a.dev === b.dev && a.ino === b.ino) return true;
  if (a.size !== b.size) return false;
  using left = await Deno.open(one);
  using right = await Deno.open(other);
  const [x, y] = [new Uint8Array(1 << 20), new Uint8Array(1 << 20)];
  for (;;) {
    const [m, n] = await Promise.all([left.read(x), right.read(y)]);
    if (m !== n) return false;
    if (m === null) return true;
    if (!x.subarray(0, m).every((byte, at) => byte === y[at])) return false;
  }
}

async function read(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch(missing);
}

async function stat(path: string): Promise<Deno.FileInfo | undefined> {
  return await Deno.stat(path).catch(missing);
}

async function lstat(path: string): Promise<Deno.FileInfo | undefined> {
  return await Deno.lstat(path).catch(missing);
}

function missing(err: unknown): undefined {
  if (!(err instanceof Deno.errors.NotFound)) throw err;
}
