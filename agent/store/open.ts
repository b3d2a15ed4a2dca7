/**
 * Opens the store's file whatever state it is in. Damage never stops the agent: the file and its log are set aside as
 * `state.db.corrupt-<n>` and a fresh one takes their place; what it held comes back from the manifests, the control
 * plane and the runtime. Where nothing can be written the content is read from a copy, and the caller tries again later.
 */
import { dirname } from "node:path";
import { type Logger } from "../telemetry/log.ts";
import { classify, StoreError } from "./errors.ts";
import { type Journal, type JournalContent, NewerVersion, SqliteJournal } from "./journal.ts";
import type { RebuildReason } from "./types.ts";

/** Sets of damaged files kept for a look; older ones are deleted. */
const keptAside = 3;
const parts = ["", "-wal", "-shm", "-journal"];

export interface Opened {
  /** Absent where nothing can be written for now. */
  journal?: Journal;
  content: JournalContent;
  /** Whether there was a file before. */
  existed: boolean;
  rebuilt?: RebuildReason;
}

const nothing: JournalContent = { rows: [], records: [], lastTime: 0 };

/** Opens `file` (or ":memory:"). The only failure is a store that another process holds. */
export function openJournal(file: string, log: Logger): Opened {
  if (file === ":memory:") return { journal: new SqliteJournal(file), content: nothing, existed: false };
  let failure: unknown;
  try {
    const existed = !prepareFile(file);
    return { ...openAndLoad(file), existed };
  } catch (err) {
    failure = err;
  }
  const kind = classify(failure);
  if (kind === "locked") {
    const found = "another process has it open; is a node running with this root directory?";
    throw new StoreError("locked", `Cannot open the store ${file}: ${found}`, { cause: failure });
  }
  if (kind === "full" || kind === "readOnly" || !writable(dirname(file))) {
    log.error("The store cannot be written; pods run on, changes are refused until it can", { file, err: failure });
    return { content: loadCopy(file, log), existed: true };
  }
  const rebuilt = failure instanceof NewerVersion ? "newer-version" : kind === "corrupt" ? "corrupt" : "unreadable";
  try {
    const aside = setAside(file);
    log.error("The store was damaged; it was set aside and is rebuilt from manifests and the runtime", {
      file,
      aside,
      err: failure,
    });
    prepareFile(file);
    return { ...openAndLoad(file), existed: true, rebuilt };
  } catch (err) {
    log.error("The store cannot be rebuilt on disk; the agent runs from memory", { file, err });
    return { content: nothing, existed: true, rebuilt };
  }
}

/** Opens a file that `openJournal` could not write before, without reading it. */
export function reopenJournal(file: string): Journal {
  prepareFile(file);
  return new SqliteJournal(file);
}

/** A fresh journal in the place of a damaged one, which is set aside. */
export function replaceJournal(file: string): { journal: Journal; aside?: string } {
  if (file === ":memory:") return { journal: new SqliteJournal(file) };
  const aside = setAside(file);
  prepareFile(file);
  return { journal: new SqliteJournal(file), aside };
}

function openAndLoad(file: string): { journal: Journal; content: JournalContent } {
  const journal = new SqliteJournal(file);
  try {
    return { journal, content: journal.load() };
  } catch (err) {
    journal.close();
    throw err;
  }
}

/**
 * The directory for root alone, the file likewise before SQLite can create it with the umask's mode.
 * Returns whether the file is new or empty.
 */
function prepareFile(file: string): boolean {
  Deno.mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    Deno.openSync(file, { createNew: true, write: true, mode: 0o600 }).close();
    return true;
  } catch (err) {
    if (!(err instanceof Deno.errors.AlreadyExists)) throw err;
    const { isFile, size } = Deno.statSync(file);
    if (isFile) Deno.chmodSync(file, 0o600);
    return size === 0;
  }
}

/** Renames the file and its companions to the next free `.corrupt-<n>`; returns the new name. */
function setAside(file: string): string {
  const directory = dirname(file);
  const prefix = `${file.slice(directory.length + 1)}.corrupt-`;
  const taken = [...Deno.readDirSync(directory)]
    .map(({ name }) => name.startsWith(prefix) ? Number(/^\d+/.exec(name.slice(prefix.length))?.[0] ?? NaN) : NaN)
    .filter((n) => !Number.isNaN(n));
  const numbers = [...new Set(taken)].sort((a, b) => a - b);
  for (const n of numbers.slice(0, Math.max(0, numbers.length - keptAside + 1))) {
    for (const part of parts) remove(`${file}.corrupt-${n}${part}`);
  }
  const aside = `${file}.corrupt-${(numbers.at(-1) ?? 0) + 1}`;
  for (const part of parts) {
    try {
      Deno.renameSync(file + part, aside + part);
    } catch (err) {
      if (!(err instanceof Deno.errors.NotFound)) throw err;
    }
  }
  return aside;
}

/** What a file that cannot be written holds: SQLite needs to write beside it, so a copy is read. */
function loadCopy(file: string, log: Logger): JournalContent {
  let directory: string | undefined;
  try {
    directory = scratch();
    const copy = `${directory}/copy.db`;
    for (const part of ["", "-wal"]) {
      try {
        Deno.copyFileSync(file + part, copy + part);
      } catch (err) {
        if (!(err instanceof Deno.errors.NotFound)) throw err;
      }
    }
    const { journal, content } = openAndLoad(copy);
    journal.close();
    return content;
  } catch (err) {
    log.error("The store cannot be read either; the agent starts from manifests and the runtime", { file, err });
    return nothing;
  } finally {
    if (directory) remove(directory);
  }
}

/** A private directory in memory, where one can be had. */
function scratch(): string {
  for (const dir of ["/run", "/dev/shm", undefined]) {
    try {
      return Deno.makeTempDirSync({ dir, prefix: "islet-" });
    } catch { /* the next one */ }
  }
  throw new Error("no directory can be written");
}

function writable(directory: string): boolean {
  try {
    const probe = Deno.makeTempFileSync({ dir: directory, prefix: ".probe-" });
    Deno.removeSync(probe);
    return true;
  } catch {
    return false;
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch { /* not there, or not ours to remove */ }
}
