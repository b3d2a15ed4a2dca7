/**
 * The store's file: SQLite as a journal of what is in memory.
 *
 * Memory is the whole truth while the agent runs; the file is read once, at start, and written from then on. It is
 * opened exclusively: no second agent can have it, and there is no shared-memory file. Rows are updated by their number,
 * so no index is kept: a changed status costs one page (4 KiB) of the write-ahead log, however large its spec is.
 *
 *   objects   id → realm, kind, namespace, name and the object without its status
 *   statuses  id → status
 *   records   (tab, key) → value      private small facts
 *
 * Durability is chosen per transaction on one connection: `PRAGMA synchronous` is FULL (an fsync of the log) for what is
 * acknowledged, NORMAL (none until the next checkpoint) for what can be found out again.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { StoreError } from "./errors.ts";
import type { RowKey } from "./types.ts";

/** One row to write. A row's number is given by the caller and never reused. */
export type Change =
  | { type: "object"; id: number; key: RowKey; version: number; body: string }
  | { type: "status"; id: number; version: number; status: string | undefined }
  | { type: "delete"; id: number }
  | { type: "record"; table: string; key: string; value: string | undefined };

export interface StoredRow {
  id: number;
  realm: string;
  kind: string;
  namespace: string;
  name: string;
  version: number;
  body: string;
  status: string | null;
  statusVersion: number | null;
}

export interface JournalContent {
  rows: StoredRow[];
  records: { tab: string; key: string; value: string }[];
  /** The latest wall-clock stamp in the file, 0 when there is none. */
  lastTime: number;
}

/** Where changes go; the real one is SQLite, tests put faults in front of it. */
export interface Journal {
  /** All of `changes` in one transaction, or none. */
  write(changes: Iterable<Change>, options: { durable: boolean; now: number }): void;
  close(): void;
}

/** Raised by one whenever an older program could no longer read the file. */
const schemaVersion = 1;
/** 256 MiB: beyond, writes fail as on a full disk. */
const maxPages = 65536;

const schema = `
  CREATE TABLE IF NOT EXISTS objects (
    id INTEGER PRIMARY KEY, realm TEXT NOT NULL, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    version INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS statuses (
    id INTEGER PRIMARY KEY, version INTEGER NOT NULL, at INTEGER NOT NULL, status TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS records (
    tab TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tab, key)) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${schemaVersion};`;

/** A journal in one SQLite file, or in memory. Every failure is thrown as SQLite gave it: see `classify`. */
export class SqliteJournal implements Journal {
  #db: DatabaseSync;
  #synchronous?: "FULL" | "NORMAL";
  #statements = new Map<string, StatementSync>();

  /** Opens and checks `file`; throws what SQLite throws, or a StoreError for a file of a newer program. */
  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    try {
      // A locked file is another agent's: say so at once instead of waiting for it.
      this.#db.exec("PRAGMA busy_timeout = 200; PRAGMA locking_mode = EXCLUSIVE");
      this.#prepare("PRAGMA journal_mode = WAL").get();
      const version = Number(this.#prepare("PRAGMA user_version").get()?.user_version ?? 0);
      if (version > schemaVersion) throw new NewerVersion(version);
      this.#db.exec(
        `PRAGMA journal_size_limit = 1048576; PRAGMA wal_autocheckpoint = 250; PRAGMA max_page_count = ${maxPages}; PRAGMA cache_size = -512; PRAGMA temp_store = MEMORY`,
      );
      if (version === 0) this.#db.exec(`BEGIN; ${schema} COMMIT`);
      const found = this.#prepare("PRAGMA quick_check(1)").get()?.quick_check;
      if (found !== "ok") throw new StoreError("corrupt", `quick_check found: ${found}`);
    } catch (err) {
      this.close();
      throw err;
    }
  }

  /** Everything in the file. */
  load(): JournalContent {
    const rows = this.#prepare(
      `SELECT o.id, realm, kind, namespace, name, o.version, body, status, s.version AS statusVersion
       FROM objects o LEFT JOIN statuses s ON s.id = o.id ORDER BY o.id`,
    ).all() as unknown as StoredRow[];
    const records = this.#prepare("SELECT tab, key, value FROM records").all() as unknown as JournalContent["records"];
    const last = this.#prepare(
      "SELECT max(at) AS at FROM (SELECT max(at) AS at FROM objects UNION ALL SELECT max(at) FROM statuses)",
    ).get();
    return { rows, records, lastTime: Number(last?.at ?? 0) };
  }

  write(changes: Iterable<Change>, { durable, now }: { durable: boolean; now: number }): void {
    const synchronous = durable ? "FULL" : "NORMAL";
    if (this.#synchronous !== synchronous) {
      this.#db.exec(`PRAGMA synchronous = ${synchronous}`);
      this.#synchronous = synchronous;
    }
    this.#prepare("BEGIN IMMEDIATE").run();
    try {
      for (const change of changes) this.#apply(change, Math.floor(now));
      this.#prepare("COMMIT").run();
    } catch (err) {
      try {
        // SQLite has often rolled back by itself (full disk); then this says that there is nothing to roll back.
        this.#prepare("ROLLBACK").run();
      } catch { /* the first error is the one that tells */ }
      throw err;
    }
  }

  close(): void {
    this.#statements.clear();
    try {
      this.#db.close();
    } catch { /* already closed, or the disk is gone: nothing is lost that was committed */ }
  }

  #apply(change: Change, now: number): void {
    switch (change.type) {
      case "object": {
        const { realm, kind, namespace, name } = change.key;
        this.#prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
          .run(change.id, realm, kind, namespace, name, change.version, now, change.body);
        return;
      }
      case "status":
        if (change.status === undefined) this.#prepare("DELETE FROM statuses WHERE id = ?").run(change.id);
        else {this.#prepare("INSERT OR REPLACE INTO statuses VALUES (?, ?, ?, ?)")
            .run(change.id, change.version, now, change.status);}
        return;
      case "delete":
        this.#prepare("DELETE FROM objects WHERE id = ?").run(change.id);
        this.#prepare("DELETE FROM statuses WHERE id = ?").run(change.id);
        return;
      case "record":
        if (change.value === undefined) {
          this.#prepare("DELETE FROM records WHERE tab = ? AND key = ?").run(change.table, change.key);
        } else {this.#prepare("INSERT OR REPLACE INTO records VALUES (?, ?, ?)").run(
            change.table,
            change.key,
            change.value,
          );}
        return;
      default:
        change satisfies never;
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, statement = this.#db.prepare(sql));
    return statement;
  }
}

/** The file was written by a newer program. */
export class NewerVersion extends Error {
  constructor(version: number) {
    super(`the file has version ${version}, this program knows ${schemaVersion}`);
  }
}
