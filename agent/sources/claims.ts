/**
 * Which file an object is taken from. Two files that name the same object: the one that it came from before keeps it,
 * else the first by name; the other one is a problem that names both. A file that cannot be read at present keeps what
 * it gave last; if that was in an earlier life of the program, its rows in the store are that.
 */
import type { StoreObject } from "../store/mod.ts";
import { fileOf } from "./annotations.ts";
import { type Desired, identityOf, objectName, type Problem } from "./types.ts";

/** What is known of one manifest file. */
export interface FileView {
  path: string;
  /**
   * ok: `objects` is what it says.
   * broken: `objects` is what it said last, if this life of the program ever read it well.
   * vanished: gone a moment ago, perhaps to come back: like broken, but any other file may take its objects.
   */
  state: "ok" | "broken" | "vanished";
  /** Annotated. Undefined: never read well. */
  objects?: StoreObject[];
  /** The name that this file had before it was renamed, where it has been broken since. */
  formerly?: string;
}

export interface Claims {
  desired: Desired[];
  keeps: (row: StoreObject) => boolean;
  problems: Problem[];
}

export function claimObjects(files: FileView[], rows: StoreObject[]): Claims {
  const holders = new Map(rows.map((row) => [identityOf(row), fileOf(row)]));
  const unread = new Set(
    files.filter(({ objects }) => objects === undefined).flatMap(({ path, formerly }) => [path, formerly ?? path]),
  );
  const ordered = [...files].sort((a, b) =>
    Number(a.state === "vanished") - Number(b.state === "vanished") || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)
  );
  const claims = new Map<string, { file: FileView; object: StoreObject }>();
  const problems: Problem[] = [];
  const vanished = new Set(files.filter(({ state }) => state === "vanished").map(({ path }) => path));

  for (const file of ordered) {
    const seen = new Set<string>();
    for (const object of file.objects ?? []) {
      const identity = identityOf(object);
      const name = objectName(object.kind, object.metadata.namespace, object.metadata.name);
      if (seen.has(identity)) {
        problems.push({
          file: file.path,
          severity: "error",
          message: `${name} is defined twice in this file; the first is used`,
        });
        continue;
      }
      seen.add(identity);
      const held = claims.get(identity);
      const holder = holders.get(identity);
      if (!held && holder !== undefined && holder !== file.path && unread.has(holder) && !vanished.has(holder)) {
        problems.push(duplicate(file.path, name, holder));
        continue;
      }
      if (!held) {
        claims.set(identity, { file, object });
        continue;
      }
      if (file.state === "vanished") continue;
      if (holder === file.path) {
        claims.set(identity, { file, object });
        problems.push(duplicate(held.file.path, name, file.path));
      } else problems.push(duplicate(file.path, name, held.file.path));
    }
  }
  return {
    desired: [...claims.values()].map(({ file, object }) => ({ object, origin: file.path })),
    keeps: (row) => unread.has(fileOf(row) ?? ""),
    problems,
  };
}

function duplicate(file: string, name: string, other: string): Problem {
  return { file, severity: "error", message: `${name} is defined in ${other} too; that one is used, this one is not` };
}
