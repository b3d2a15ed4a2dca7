/**
 * The manifest directory (or a single manifest) as a source of the store: level-triggered, from files to rows.
 *
 *   inotify ─► names to read ─┐
 *   every fileCheckMs ────────┼─► files (as last read) ─► claims ─► plan ─► writes to the store
 *   a row of ours is gone ────┘                              ▲
 *                                                stored rows ┘
 *
 * One round at a time; whatever happens meanwhile starts another. A file that was renamed into place or closed after
 * writing is read at once, one that is being written when it has been quiet for a moment.
 */
import { basename, dirname, join, resolve } from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import type { ManifestHashes } from "../objects/mod.ts";
import type { Store, StoreObject } from "../store/mod.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import { errorText, type Logger } from "../telemetry/log.ts";
import { annotate, fileOf, isFromFile, isMadeByNode } from "./annotations.ts";
import { claimObjects } from "./claims.ts";
import { type Completion, executeWrites, nothingToAdd } from "./execute.ts";
import { ManifestFiles, type Reading } from "./files.ts";
import { isManifestName } from "./names.ts";
import { parseObjects, type Parser } from "./parse.ts";
import { editKind } from "./edit.ts";
import { planSource, type SourceState } from "./plan.ts";
import { type Adoptable, objectName, type Problem, type Waiting, type Write } from "./types.ts";
import { DirectoryWatch, type WatchFs } from "./watch.ts";

export interface ManifestSourceOptions {
  /** The directory, or one file. */
  dir: string;
  store: Store;
  log: Logger;
  events: EventRecorder;
  nodeName: string;
  clock?: Clock;
  /** How often everything is looked at, whatever the events said: kubelet's fileCheckFrequency. */
  fileCheckMs?: number;
  /** How long a file must be quiet that is being written and was not closed. */
  settleMs?: number;
  /** How long a file that is gone may take to come back before its objects are removed. */
  holdMs?: number;
  /** How soon refused writes and orphaned sandboxes are looked at again. */
  retryMs?: number;
  /**
   * Sandboxes that the runtime has from an earlier life: asked for when a wanted pod is not in the store, so that a lost
   * store restarts nothing. Rejects while the runtime does not answer.
   */
  adoptable?: () => Promise<Adoptable[]>;
  parse?: Parser;
  watchFs?: WatchFs;
  editKind?: SourceState["editKind"];
  completion?: Completion;
}

/** Warnings and errors of one file that are written into one log line or event. */
const toldAtOnce = 10;
const longestRetryMs = 30_000;
const realm = "local";

export class ManifestSource {
  #options:
    & Required<Omit<ManifestSourceOptions, "adoptable" | "watchFs">>
    & Pick<ManifestSourceOptions, "adoptable" | "watchFs">;
  #path: string;
  /** Set when one file is watched, not a directory. */
  #onlyName?: string;
  #directory: string;
  #files: ManifestFiles;
  #watch?: DirectoryWatch;
  #stopWatchingStore?: () => void;

  #names = new Set<string>();
  #scan = false;
  #replan = false;
  #expire = false;
  #running?: Promise<void>;
  #stopped = false;
  #timers = new Map<string, () => void>();

  #directoryProblem?: Problem;
  #claimProblems: Problem[] = [];
  #writeProblems: Problem[] = [];
  #waiting: Waiting[] = [];
  #told = new Set<string>();
  #looked = false;
  #orphans: Adoptable[] = [];
  #orphansKnown: boolean;
  #adoptionTries = 0;
  /** Rounds in a row in which the store refused writes. */
  #refusals = 0;

  constructor(options: ManifestSourceOptions) {
    this.#options = {
      clock: systemClock,
      fileCheckMs: 20_000,
      settleMs: 1000,
      holdMs: 250,
      retryMs: 1000,
      parse: parseObjects,
      editKind,
      completion: nothingToAdd,
      ...options,
    };
    this.#path = this.#directory = resolve(options.dir);
    this.#orphansKnown = options.adoptable === undefined;
    this.#files = new ManifestFiles(this.#options.parse, (...read) => this.#prepare(...read));
  }

  /** Reads everything and writes what is wanted to the store; resolves when that is done, and goes on watching. */
  async start(): Promise<void> {
    if (await isSingleFile(this.#path)) {
      this.#onlyName = basename(this.#path);
      this.#directory = dirname(this.#path);
    }
    this.#stopWatchingStore = this.#options.store.watch(({ type, realm: of, object }) => {
      if (type === "DELETED" && of === realm && isFromFile(object)) this.#wake(() => this.#replan = true);
    });
    this.#watch = new DirectoryWatch(this.#directory, {
      onName: (name, complete) => this.#onName(name, complete),
      onEverything: () => this.#wake(() => this.#scan = true),
    }, this.#options.watchFs);
    this.#wake(() => this.#scan = true);
    await this.idle();
  }

  /** Stops watching; a round that is under way is finished. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch?.close();
    this.#stopWatchingStore?.();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await this.#running;
  }

  /** What is wrong with the manifests now, ordered by file. */
  problems(): Problem[] {
    const all = [...this.#files.problems(), ...this.#claimProblems, ...this.#writeProblems];
    if (this.#directoryProblem) all.unshift(this.#directoryProblem);
    return all.sort((a, b) => a.file < b.file ? -1 : a.file > b.file ? 1 : 0);
  }

  /** Wanted objects that wait for something to be gone. */
  waiting(): Waiting[] {
    return this.#waiting;
  }

  /** Looks at everything again: for whoever has ended an orphaned sandbox. */
  recheck(): void {
    this.#wake(() => this.#scan = true);
  }

  /** Resolves when nothing is left to do that is known of now. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  // ---- what wakes it

  #onName(name: string, complete: boolean): void {
    if (this.#onlyName !== undefined) {
      // The file may be a link whose target is in this directory under another name.
      if (name !== this.#onlyName && !isLinkSync(this.#path)) return;
      name = this.#onlyName;
    } else if (name.startsWith("..")) {
      // A mounted ConfigMap swaps `..data`, and with it what every file is.
      return this.#wake(() => this.#scan = true);
    } else if (!isManifestName(name)) return;
    const timer = settleTimer(name);
    if (complete || isLinkSync(join(this.#directory, name))) {
      this.#cancel(timer);
      this.#wake(() => this.#names.add(name));
    } else {
      this.#cancel(timer);
      this.#after(timer, this.#options.settleMs, () => this.#wake(() => this.#names.add(name)));
    }
  }

  #after(timer: string, ms: number, fn: () => void): void {
    if (this.#timers.has(timer) || this.#stopped) return;
    const cancel = this.#options.clock.after(ms, () => {
      this.#timers.delete(timer);
      fn();
    });
    this.#timers.set(timer, cancel);
  }

  #cancel(timer: string): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
  }

  #wake(note: () => void): void {
    if (this.#stopped) return;
    note();
    this.#running ??= this.#rounds().finally(() => {
      this.#running = undefined;
      // Noted after the last look, before this.
      if (this.#due()) this.#wake(() => {});
    });
  }

  #due(): boolean {
    return this.#scan || this.#replan || this.#expire || this.#names.size > 0;
  }

  // ---- rounds

  async #rounds(): Promise<void> {
    while (!this.#stopped && this.#due()) {
      const { log } = this.#options;
      try {
        const scan = this.#scan || this.#expire;
        const expire = this.#expire;
        const names = [...this.#names];
        this.#scan = this.#replan = this.#expire = false;
        this.#names.clear();
        if (scan) await this.#readAll(new Set(names), expire);
        else await this.#readSome(names);
        if (this.#files.hasVanished()) {
          this.#after("hold", this.#options.holdMs, () => this.#wake(() => this.#expire = true));
        }
        if (this.#looked) await this.#reconcile();
      } catch (err) {
        log.error("A round over the manifests failed and is repeated", { err });
        this.#after("retry", this.#options.retryMs, () => this.#wake(() => this.#scan = true));
      }
    }
  }

  async #readSome(names: string[]): Promise<void> {
    const paths = names.map((name) => join(this.#directory, name));
    // The missing first: a renamed file is known again by what is gone.
    for (const path of paths) if (!existsSync(path)) this.#files.vanish(path);
    for (const path of paths) this.#tell(await this.#files.read(path, true));
  }

  async #readAll(changed: Set<string>, expire: boolean): Promise<void> {
    const { clock: _, fileCheckMs, log } = this.#options;
    this.#watch!.ensure();
    this.#cancel("rescan");
    this.#after("rescan", fileCheckMs, () => this.#wake(() => this.#scan = true));
    let names: string[];
    try {
      names = await this.#listing();
    } catch (err) {
      // Nothing is known of any file now: everything stays as it is.
      const reason = err instanceof Deno.errors.NotFound ? "it does not exist" : (err as Error).message;
      const message = `Cannot read ${this.#directory}: ${reason}; what came from it stays`;
      if (this.#directoryProblem?.message !== message) log.warn("Cannot read the manifests", { err: message });
      this.#directoryProblem = { file: this.#directory, severity: "error", message };
      for (const path of this.#files.paths()) if (!existsSync(path)) this.#files.vanish(path);
      return;
    }
    if (this.#directoryProblem) log.info("The manifests can be read again", { dir: this.#directory });
    this.#directoryProblem = undefined;
    const paths = new Set(names.map((name) => join(this.#directory, name)));
    for (const path of this.#files.paths()) if (!paths.has(path)) this.#files.vanish(path);
    for (const path of paths) {
      // One that is being written is read when it is quiet.
      if (this.#timers.has(settleTimer(basename(path)))) continue;
      this.#tell(await this.#files.read(path, changed.has(basename(path))));
    }
    if (expire) this.#files.forgetVanished();
    this.#looked = true;
  }

  async #listing(): Promise<string[]> {
    if (this.#onlyName !== undefined) {
      await Deno.stat(this.#directory);
      return [this.#onlyName];
    }
    const names: string[] = [];
    for await (const entry of Deno.readDir(this.#directory)) {
      if (!entry.isDirectory && isManifestName(entry.name)) names.push(entry.name);
    }
    return names.sort();
  }

  async #reconcile(): Promise<void> {
    const { store, log, editKind, completion } = this.#options;
    const rows = this.#rows();
    const { desired, keeps, problems } = claimObjects(this.#files.views(), rows);
    const free = desired.filter(({ object, origin }) => {
      const { kind, metadata: { namespace = "", name } } = object;
      const present = store.get<StoreObject>(realm, kind, namespace, name);
      if (!present || isFromFile(present) || isMadeByNode(present)) return true;
      const message = `${objectName(kind, namespace, name)} exists already and does not come from a manifest`;
      problems.push({ file: origin, severity: "error", message });
      return false;
    });
    this.#claimProblems = problems;
    this.#tellOnce(problems);
    const ready = await this.#findOrphans(free, rows);
    const plan = planSource({
      desired: ready ? free : free.filter(({ object }) => object.kind !== "Pod" || hasRow(rows, object)),
      rows: this.#rows(),
      keeps: this.#directoryProblem ? () => true : keeps,
      adoptable: this.#orphans,
      // of a pod that is there already what the node adds is what it has
      editKind: (stored, wanted) => editKind(stored, completion.complete(wanted, stored, () => undefined)),
      isComplete: (row) => completion.isComplete(row),
    });
    this.#waiting = plan.waiting;
    const failures = await executeWrites(store, realm, plan.writes, completion);
    for (const write of plan.writes) {
      if (!failures.some((failure) => failure.write === write)) log.info(describe(write), { reason: write.reason });
    }
    this.#writeProblems = failures.map(({ write, err }) => ({
      file: write.type === "put" ? fileOf(write.object) ?? this.#path : this.#path,
      severity: "error",
      message: `${describe(write)} failed: ${errorText(err)}`,
    }));
    this.#tellOnce(this.#writeProblems);
    const orphans = plan.waiting.some((one) => one.for === "orphaned sandbox");
    if (orphans) this.#orphansKnown = false;
    this.#refusals = failures.length > 0 ? this.#refusals + 1 : 0;
    if (failures.length > 0 || orphans || !ready) {
      const wait = Math.min(longestRetryMs, this.#options.retryMs * 2 ** Math.max(0, this.#refusals - 1));
      this.#after("retry", wait, () => this.#wake(() => this.#replan = true));
    }
  }

  /** Asks the runtime what it still has, while a wanted pod is unknown to the store. Whether the answer is known. */
  async #findOrphans(desired: { object: StoreObject }[], rows: StoreObject[]): Promise<boolean> {
    if (this.#orphansKnown || !desired.some(({ object }) => object.kind === "Pod" && !hasRow(rows, object))) {
      return true;
    }
    try {
      this.#orphans = await this.#options.adoptable!();
      this.#orphansKnown = true;
      return true;
    } catch (err) {
      // A store that was lost must wait for the answer; otherwise there is hardly anything to adopt.
      const wait = this.#options.store.rebuilt !== undefined;
      if (this.#adoptionTries++ === 0) this.#options.log.warn("Cannot ask the runtime for pods to adopt", { err });
      if (!wait) this.#orphansKnown = true;
      return !wait;
    }
  }

  #rows(): StoreObject[] {
    const { store } = this.#options;
    return store.kinds().flatMap((kind) =>
      store.list<StoreObject>(kind, { realm }).map(({ object }) => object).filter(isFromFile)
    );
  }

  #prepare(object: StoreObject, path: string, hashes: ManifestHashes | undefined): StoreObject {
    const written = annotate(object, path, hashes);
    if (written.kind !== "Pod") return written;
    return { ...written, spec: { ...written.spec as object, nodeName: this.#options.nodeName } };
  }

  // ---- what people are told

  /** Once per content of a file. */
  #tell(reading: Reading | undefined): void {
    if (!reading || reading.problems.length === 0) return;
    const { log, events } = this.#options;
    const lines = reading.problems.slice(0, toldAtOnce).map(problemText);
    const more = reading.problems.length - lines.length;
    if (more > 0) lines.push(`and ${more} more`);
    if (reading.state !== "broken") {
      log.warn("A manifest is used in part", { file: reading.path, problems: lines });
      return;
    }
    log.warn("A manifest cannot be used; what it said last stays", { file: reading.path, problems: lines });
    const message = lines.join("; ").slice(0, 1024);
    for (const { kind, metadata } of this.#rows().filter((row) => row.kind === "Pod" && fileOf(row) === reading.path)) {
      const { namespace, name, uid } = metadata;
      events.event({ kind, namespace, name, uid }, "Warning", "FailedToParseManifest", message);
    }
  }

  /** Once while they last. */
  #tellOnce(problems: Problem[]): void {
    for (const problem of problems) {
      const text = problemText(problem);
      if (!this.#told.has(text)) this.#options.log.warn("A manifest's object is not used", { problem: text });
    }
    this.#told = new Set([...this.#claimProblems, ...this.#writeProblems].map(problemText));
  }
}

/** `web.yaml:7:11: spec.containers[0].name: Required value` */
export function problemText({ file, line, column, path, message }: Problem): string {
  const place = [basename(file), line, column].filter((part) => part !== undefined).join(":");
  return [place, path, message].filter((part) => part !== undefined && part !== "").join(": ");
}

/** Runs while a file is being written that nobody has closed yet. */
function settleTimer(name: string): string {
  return `settle ${name}`;
}

function describe(write: Write): string {
  if (write.type === "put") {
    const { kind, metadata } = write.object;
    return `Store ${objectName(kind, metadata.namespace, metadata.name)}`;
  }
  return `${write.type === "remove" ? "Remove" : "End"} ${objectName(write.kind, write.namespace, write.name)}`;
}

function hasRow(rows: StoreObject[], { kind, metadata }: StoreObject): boolean {
  return rows.some((row) =>
    row.kind === kind && row.metadata.name === metadata.name && row.metadata.namespace === metadata.namespace
  );
}

async function isSingleFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return /\.(yaml|yml|json)$/i.test(path);
  }
}

function isLinkSync(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}

function existsSync(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
