/**
 * The node's own truth: Kubernetes objects in memory, frozen and shared, with a journal on disk behind them.
 *
 *   put / markDeleted / remove ──► queue ──(one transaction a turn, fsync)──► memory ──► watchers, then the promise
 *   putStatus ──► memory ──► watchers        └── later, at most one transaction a second ──► disk
 *   get / list ──► memory
 *
 * A source write is seen by nobody before it is on disk. A status write is seen at once and written later; when the disk
 * is full or read-only it waits in memory. Damage found while running is mended from memory without anybody noticing.
 * Reading never touches SQLite, and while nothing changes nothing is written and no timer runs.
 *
 *   store.ts: what is written when ─► rows.ts, records.ts: memory
 *                                  └► disk.ts: the journal, mended and tried again ─► journal.ts, open.ts: SQLite
 */
import { setImmediate } from "node:timers";
import { type Clock, systemClock } from "../clock.ts";
import { type Logger } from "../telemetry/log.ts";
import { Disk } from "./disk.ts";
import { encodeBody, objectChange, type Row, statusChange } from "./encode.ts";
import { StoreError } from "./errors.ts";
import { Feed } from "./feed.ts";
import type { Change, Journal } from "./journal.ts";
import { afterDelete, afterPut, makeChange, type Stamps, withStatus } from "./object.ts";
import { openJournal } from "./open.ts";
import { Records } from "./records.ts";
import { Rows } from "./rows.ts";
import {
  type ChangeOptions,
  keyText,
  type Listed,
  type MakeChange,
  type Realm,
  type RebuildReason,
  type RowKey,
  type StoreEvent,
  type StoreListener,
  type StoreObject,
} from "./types.ts";
import { deepFreeze } from "./values.ts";
import { versionFile, Versions } from "./versions.ts";

export interface StoreOptions {
  log: Logger;
  clock?: Clock;
  /** Least time between two transactions of statuses and records. */
  statusIntervalMs?: number;
  newUid?: () => string;
  /** Wraps every journal that is opened: where tests put faults. */
  wrapJournal?: (journal: Journal) => Journal;
}

/** What a queued write makes of the row that it finds; undefined: nothing is left of it. */
type Evaluate = (row: Row | undefined) => StoreObject | undefined;

interface Operation {
  key: RowKey;
  evaluate: Evaluate;
  /** Applied in memory, and written later, where the disk refuses: ending a pod must not need room. */
  lenient: boolean;
  resolve: (object: StoreObject | undefined) => void;
  reject: (err: unknown) => void;
}

interface Outcome {
  operation: Operation;
  before?: Row;
  after?: Row;
  /** The resourceVersion of a deletion. */
  gone?: string;
}

export class Store {
  /** Why this store began empty although there was one before; undefined after an ordinary start. */
  readonly rebuilt?: RebuildReason;
  /** The latest wall-clock time (ms) that an earlier life wrote; 0 when unknown. */
  readonly lastKnownTime: number;

  #clock: Clock;
  #newUid: () => string;
  #intervalMs: number;
  #versions: Versions;
  #rows = new Rows();
  #records = new Records();
  #disk: Disk;

  #queue: Operation[] = [];
  #scheduled = false;
  /** Rows and records whose state on disk is behind. "row" includes the status. */
  #behind = new Map<number, { row?: Row; what: "row" | "status" }>();
  #behindRecords = new Map<string, { table: string; key: string }>();
  #urgentRecords = false;
  #cancelTimer?: () => void;

  #feed: Feed;
  #closed = false;

  /** Opens the store in `file`, mending or replacing it where needed. Fails only when another process has it open. */
  static open(file: string, options: StoreOptions): Store {
    return new Store(file, options);
  }

  private constructor(file: string, options: StoreOptions) {
    const { log, clock = systemClock, wrapJournal: wrap = (journal) => journal } = options;
    this.#feed = new Feed(log);
    this.#clock = clock;
    this.#newUid = options.newUid ?? (() => crypto.randomUUID());
    this.#intervalMs = options.statusIntervalMs ?? 1000;
    const opened = openJournal(file, log);
    const { rows, records, lastTime } = opened.content;
    this.lastKnownTime = lastTime;
    for (const id of this.#rows.restore(rows, log)) this.#behind.set(id, { what: "row" });
    this.#records.restore(records, log);
    this.#versions = new Versions(
      file === ":memory:" ? undefined : versionFile(`${file}.version`),
      rows.reduce((latest, { version, statusVersion }) => Math.max(latest, version, statusVersion ?? 0), 0),
      clock.now(),
      (err) => log.warn("The store's version file cannot be written", { err }),
    );
    this.rebuilt = opened.rebuilt ??
      (this.#versions.hadEarlierLife && opened.journal && !opened.existed ? "missing" : undefined);
    if (this.rebuilt === "missing") log.warn("The store was missing; it is rebuilt", { file });
    const everything = () => this.#everything();
    this.#disk = new Disk({ file, journal: opened.journal, log, clock, wrap, everything });
    if (this.#hasBehind()) this.#armTimer();
  }

  /** The latest resourceVersion given out. */
  get resourceVersion(): string {
    return String(this.#versions.current);
  }

  /** A resourceVersion of this store's sequence, for objects that are kept beside it. */
  nextVersion(): string {
    return String(this.#versions.next());
  }

  /** Why nothing can be written at present; undefined while all is well. */
  get problem(): StoreError | undefined {
    return this.#disk.problem;
  }

  get<T = StoreObject>(realm: Realm, kind: string, namespace: string, name: string): T | undefined {
    return this.#rows.get({ realm, kind, namespace, name })?.object as T | undefined;
  }

  /** Objects of a kind, in the order in which they were first written. */
  list<T = StoreObject>(kind: string, options: { realm?: Realm; namespace?: string } = {}): Listed<T>[] {
    return this.#rows.list(kind, options);
  }

  /** The kinds of which there are objects. */
  kinds(): string[] {
    return this.#rows.kinds();
  }

  /**
   * A source's write of metadata and everything but the status; what it returns is on disk. `object` is frozen and
   * shared from then on. Nothing is written, and nobody told, when it says what is stored already.
   */
  put<T extends StoreObject>(realm: Realm, object: T): Promise<T> {
    const { kind, metadata } = object;
    if (!kind || !metadata?.name) {
      return Promise.reject(new StoreError("invalid", "Cannot store an object without kind or metadata.name"));
    }
    const key = { realm, kind, namespace: metadata.namespace ?? "", name: metadata.name };
    return this.#enqueue(key, (row) => afterPut(realm, row?.object, object, this.#stamps()), false) as Promise<T>;
  }

  /**
   * Changes one object by what it is at the moment of the write: nothing can come between what `make` sees and what it
   * returns. That is another object (ownership of metadata as in `put`), the same one (nothing is written), what `end`
   * gives (see `markDeleted`), or undefined: the row is removed, or never made. What `make` throws rejects this change
   * alone. It may be called again where the disk refuses, and must not write to the store itself.
   */
  change<T extends StoreObject>(
    realm: Realm,
    kind: string,
    namespace: string,
    name: string,
    make: MakeChange<T>,
    options: ChangeOptions = {},
  ): Promise<T | undefined> {
    const key = { realm, kind, namespace, name };
    if (options.dryRun) {
      return new Promise((resolve) => {
        if (this.#closed) throw new StoreError("closed", "Cannot write to the store: it is closed");
        const current = this.#rows.get(key)?.object;
        const stamps = { ...this.#stamps(), resourceVersion: () => current?.metadata.resourceVersion ?? "" };
        const object = makeChange(key, current, make as unknown as MakeChange, stamps, options);
        if (object && object !== current) encodeBody(object);
        resolve(object as T | undefined);
      });
    }
    return this.#enqueue(
      key,
      (row) => makeChange(key, row?.object, make as unknown as MakeChange, this.#stamps(), options),
      false,
    ) as Promise<T | undefined>;
  }

  /**
   * Asks for an object's end: sets deletionTimestamp and grace. Does nothing when the object is gone, is another
   * incarnation than `uid`, or is ending at least as soon already. Where the disk refuses writes it is rejected, unless
   * `evenIfUnwritable`: then it holds in memory at once and is written when possible.
   */
  markDeleted(
    realm: Realm,
    kind: string,
    namespace: string,
    name: string,
    options: { uid?: string; gracePeriodSeconds: number; evenIfUnwritable?: boolean },
  ): Promise<StoreObject | undefined> {
    return this.#enqueue({ realm, kind, namespace, name }, (row) => {
      if (!row || (options.uid !== undefined && row.object.metadata.uid !== options.uid)) return row?.object;
      return afterDelete(row.object, options.gracePeriodSeconds, this.#stamps());
    }, options.evenIfUnwritable ?? false);
  }

  /** Deletes a row; nothing when it is gone or is another incarnation than `uid`. Never refused for want of room. */
  async remove(realm: Realm, kind: string, namespace: string, name: string, uid?: string): Promise<void> {
    await this.#enqueue(
      { realm, kind, namespace, name },
      (row) => row && uid !== undefined && row.object.metadata.uid !== uid ? row.object : undefined,
      true,
    );
  }

  /** The status writer's write: seen at once, on disk within about a second; nothing when another UID holds the name. */
  putStatus(realm: Realm, kind: string, namespace: string, name: string, uid: string, status: unknown): void {
    if (this.#closed) return;
    const row = this.#rows.get({ realm, kind, namespace, name });
    if (!row || row.object.metadata.uid !== uid) return;
    const object = withStatus(row.object, status, this.#stamps());
    if (object === row.object) return;
    const previous = row.object;
    row.object = object;
    if (!this.#behind.has(row.id)) this.#behind.set(row.id, { row, what: "status" });
    this.#armTimer();
    this.#feed.tell([{ type: "MODIFIED", realm, object, previous }]);
  }

  /** Calls `listener` with every change from now on, in order. What it throws is logged and stops nothing. */
  watch<T = StoreObject>(listener: StoreListener<T>, options: { kind?: string } = {}): () => void {
    return this.#feed.watch(listener as StoreListener, options.kind);
  }

  /** A private fact kept beside the objects. */
  record(table: string, key: string): unknown {
    return this.#records.get(table, key);
  }

  /** All facts of a table. */
  records(table: string): [key: string, value: unknown][] {
    return this.#records.all(table);
  }

  /**
   * Keeps a JSON value, or forgets it (undefined): known at once, on disk with the next statuses, or in this turn when
   * `durable`. Where the disk refuses it is written later; `flush()` tells.
   */
  setRecord(table: string, key: string, value: unknown, options: { durable?: boolean } = {}): void {
    if (this.#closed || !this.#records.set(table, key, value)) return;
    this.#behindRecords.set(`${table}\0${key}`, { table, key });
    if (options.durable) {
      this.#urgentRecords = true;
      this.#schedule();
    } else this.#armTimer();
  }

  /** Writes everything that is behind, with an fsync; rejects when the disk refuses. */
  async flush(): Promise<void> {
    this.#commit();
    if (this.#hasBehind() && !this.#writeBehind(true)) throw this.#disk.problem;
  }

  /** Writes what is behind and closes the file. Later writes are rejected. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#commit();
    if (this.#hasBehind()) this.#writeBehind(true);
    this.#closed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#disk.close();
  }

  // ---- source writes

  #enqueue(key: RowKey, evaluate: Evaluate, lenient: boolean): Promise<StoreObject | undefined> {
    if (this.#closed) return Promise.reject(new StoreError("closed", "Cannot write to the store: it is closed"));
    return new Promise((resolve, reject) => {
      this.#queue.push({ key, evaluate, lenient, resolve, reject });
      this.#schedule();
    });
  }

  /** One transaction for everything that this turn of the event loop brings: an fsync may take half a second. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      if (!this.#closed) this.#commit();
    });
  }

  #commit(): void {
    this.#scheduled = false;
    const operations = this.#queue;
    this.#queue = [];
    const urgent = this.#urgentRecords;
    this.#urgentRecords = false;
    if (operations.length === 0) {
      if (urgent) this.#writeBehind(true);
      return;
    }
    const outcomes = this.#evaluate(operations);
    const changed = outcomes.filter(({ before, after }) => before?.object !== after?.object);
    let written = changed;
    if (changed.length > 0) {
      const failure = this.#disk.write(() => [...this.#behindChanges(), ...this.#changes(changed)], true);
      if (failure) {
        // Nothing of this turn is on disk: refuse what must be, let ends of pods take effect in memory.
        const strict = operations.filter(({ lenient }) => !lenient);
        const lenient = this.#evaluate(operations.filter((operation) => operation.lenient));
        written = lenient.filter(({ before, after }) => before?.object !== after?.object);
        this.#publish(written, true);
        for (const { operation, after } of lenient) operation.resolve(after?.object);
        for (const operation of strict) operation.reject(failure);
        return;
      }
      this.#caughtUp();
    }
    this.#publish(written, false);
    for (const { operation, after } of outcomes) operation.resolve(after?.object);
  }

  /** Runs the writes one after another over memory, without changing it; one that throws is rejected alone. */
  #evaluate(operations: Operation[]): Outcome[] {
    const overlay = new Map<string, Row | undefined>();
    const outcomes: Outcome[] = [];
    for (const operation of operations) {
      const text = keyText(operation.key);
      const before = overlay.has(text) ? overlay.get(text) : this.#rows.get(operation.key);
      try {
        const object = operation.evaluate(before);
        const after = object &&
          (object === before?.object ? before : { id: before?.id ?? this.#rows.nextId(), key: operation.key, object });
        if (after && after !== before) encodeBody(after.object);
        // `before` is a copy: a status written later must not show in it.
        const gone = before && !after ? String(this.#versions.next()) : undefined;
        outcomes.push({ operation, before: before && { ...before }, after, gone });
        overlay.set(text, after);
      } catch (err) {
        operation.reject(err);
      }
    }
    return outcomes;
  }

  *#changes(outcomes: Outcome[]): Generator<Change> {
    const last = new Map<string, Outcome[]>();
    for (const outcome of outcomes) {
      const text = keyText(outcome.operation.key);
      const known = last.get(text);
      if (known) known.push(outcome);
      else last.set(text, [outcome]);
    }
    for (const steps of last.values()) {
      const first = steps[0].before;
      const { after } = steps[steps.length - 1];
      if (first && first.id !== after?.id) yield { type: "delete", id: first.id };
      if (!after) continue;
      yield objectChange(after);
      const before = first?.id === after.id ? first.object.status : undefined;
      if (after.object.status !== before) yield statusChange(after);
    }
  }

  /** Makes the outcomes visible: memory first, all of them, then the watchers. */
  #publish(outcomes: Outcome[], behind: boolean): void {
    const events: StoreEvent[] = [];
    for (const { operation: { key }, before, after, gone } of outcomes) {
      if (after) {
        const row = this.#rows.put(after);
        events.push({
          type: before ? "MODIFIED" : "ADDED",
          realm: key.realm,
          object: after.object,
          ...(before ? { previous: before.object } : {}),
        });
        if (behind) this.#behind.set(after.id, { row, what: "row" });
      } else if (before) {
        this.#rows.delete(key);
        const object = deepFreeze({
          ...before.object,
          metadata: { ...before.object.metadata, resourceVersion: gone },
        });
        events.push({ type: "DELETED", realm: key.realm, object, previous: before.object });
        if (behind) this.#behind.set(before.id, { what: "row" });
        else this.#behind.delete(before.id);
      }
    }
    if (behind && events.length > 0) this.#armTimer();
    this.#feed.tell(events);
  }

  // ---- what is written later

  #armTimer(): void {
    if (this.#cancelTimer || this.#closed) return;
    this.#cancelTimer = this.#clock.after(this.#disk.retryMs || this.#intervalMs, () => {
      this.#cancelTimer = undefined;
      if (this.#hasBehind()) this.#writeBehind(false);
    });
  }

  #hasBehind(): boolean {
    return this.#behind.size > 0 || this.#behindRecords.size > 0;
  }

  #writeBehind(durable: boolean): boolean {
    const failure = this.#disk.write(() => this.#behindChanges(), durable);
    if (failure) this.#armTimer();
    else this.#caughtUp();
    return !failure;
  }

  *#behindChanges(): Generator<Change> {
    for (const [id, { row, what }] of this.#behind) {
      if (!row) yield { type: "delete", id };
      else {
        if (what === "row") yield objectChange(row);
        yield statusChange(row);
      }
    }
    for (const { table, key } of this.#behindRecords.values()) yield this.#records.change(table, key);
  }

  *#everything(): Generator<Change> {
    for (const row of this.#rows.values()) {
      yield objectChange(row);
      if (row.object.status !== undefined) yield statusChange(row);
    }
    yield* this.#records.changes();
  }

  #caughtUp(): void {
    this.#behind.clear();
    this.#behindRecords.clear();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #stamps(): Stamps {
    return {
      now: this.#clock.now(),
      resourceVersion: () => String(this.#versions.next()),
      newUid: this.#newUid,
    };
  }
}
