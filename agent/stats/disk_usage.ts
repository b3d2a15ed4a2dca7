/**
 * What directories hold, by `du` in a child process of the lowest priority: an emptyDir may hold a million files, and a
 * slow disk must not hold the agent up. Paced and remembered: a directory is measured once a minute at most, many by one
 * child, and only while somebody asks.
 *
 *     measure(paths) ─► known and fresh: at once
 *                    └► old: at once, and measured for the next who asks · never seen: waited for, a moment long
 */
import type { Clock } from "../clock.ts";
import { runBounded, unlessMissing } from "../linux/mod.ts";

export interface DirectoryUsage {
  bytes: number;
  /** Files, directories and links; undefined where `du` cannot count them. */
  inodes?: number;
  /** Wall-clock milliseconds of the measurement. */
  at: number;
}

type Measured = Map<string, { bytes: number; inodes?: number }>;

export interface DiskUsageOptions {
  clock: Clock;
  /** Measures directories; those that do not exist are left out. Default: by `du`. */
  measure?: (paths: string[]) => Promise<Measured>;
  freshMs?: number;
  /** How long a first measurement is waited for. */
  patienceMs?: number;
}

interface Entry {
  usage?: DirectoryUsage;
  measuredAt: number;
  askedAt: number;
}

/** What nobody has asked for in this long is forgotten. */
const forgetMs = 10 * 60_000;

export class DiskUsage {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #measure: NonNullable<DiskUsageOptions["measure"]>;
  readonly #freshMs: number;
  readonly #patienceMs: number;
  #running: Promise<void> | undefined;
  #wanted = new Set<string>();

  constructor({ clock, measure = measureByDu, freshMs = 60_000, patienceMs = 1000 }: DiskUsageOptions) {
    this.#clock = clock;
    this.#measure = measure;
    this.#freshMs = freshMs;
    this.#patienceMs = patienceMs;
  }

  /**
   * What is known of these directories, after a moment for those that were never measured. With `maxAgeMs` what is older
   * is measured and waited for, however long that takes.
   */
  async measure(paths: Iterable<string>, maxAgeMs?: number): Promise<Map<string, DirectoryUsage>> {
    const now = this.#clock.mono();
    const asked = [...paths];
    const freshMs = Math.min(maxAgeMs ?? Infinity, this.#freshMs);
    let isNew = false;
    for (const path of asked) {
      const entry = this.#entries.get(path) ?? { measuredAt: -Infinity, askedAt: now };
      entry.askedAt = now;
      this.#entries.set(path, entry);
      if (now - entry.measuredAt < freshMs) continue;
      isNew ||= entry.measuredAt === -Infinity;
      this.#wanted.add(path);
    }
    if (this.#wanted.size > 0) {
      const round = this.#round();
      if (maxAgeMs !== undefined) await round;
      else if (isNew) await this.#patience(round);
    }
    const found = new Map<string, DirectoryUsage>();
    for (const path of asked) {
      const usage = this.#entries.get(path)?.usage;
      if (usage) found.set(path, usage);
    }
    this.#forget(now);
    return found;
  }

  /** Resolves when everything that was asked for until now has been measured. */
  async #round(): Promise<void> {
    // a round under way has its list already: what is new waits for the next
    while (this.#running) await this.#running;
    if (this.#wanted.size === 0) return;
    this.#running = this.#run().finally(() => this.#running = undefined);
    await this.#running;
  }

  async #run(): Promise<void> {
    const paths = [...this.#wanted];
    this.#wanted.clear();
    let found: Measured | undefined;
    try {
      found = await this.#measure(paths);
    } catch {
      // Nothing is known then; the next round tries again.
    }
    const mono = this.#clock.mono(), at = this.#clock.now();
    for (const path of paths) {
      const entry = this.#entries.get(path);
      if (!entry) continue;
      entry.measuredAt = mono;
      const usage = found?.get(path);
      entry.usage = usage ? { ...usage, at } : undefined;
    }
  }

  async #patience(round: Promise<void>): Promise<void> {
    const moment = Promise.withResolvers<void>();
    const cancel = this.#clock.after(this.#patienceMs, moment.resolve);
    await Promise.race([round, moment.promise]);
    cancel();
  }

  #forget(now: number): void {
    for (const [path, { askedAt }] of this.#entries) if (now - askedAt > forgetMs) this.#entries.delete(path);
  }
}

/** Paths of one `du`: far from what a command line may hold. */
const batch = 200;
const deadlineMs = 30_000;

/** By `du`, nothing of other file systems, hard links once. */
export async function measureByDu(paths: string[]): Promise<Measured> {
  const found: Measured = new Map();
  for (let at = 0; at < paths.length; at += batch) {
    const some = paths.slice(at, at + batch);
    const sizes = await runBounded(programs("du"), ["-s", "-x", "-k", "--", ...some], deadlineMs).catch(unlessMissing);
    const lines = parseDu(sizes?.stdout ?? "");
    for (const [path, kib] of lines) found.set(path, { bytes: kib * 1024 });
    if (lines.size === 0) continue;
    // busybox has no --inodes: then there is no number of them
    const inodes = await runBounded(programs("du"), ["-s", "-x", "--inodes", "--", ...some], deadlineMs)
      .catch(unlessMissing);
    if (inodes && (inodes.code === 0 || inodes.stdout !== "")) {
      for (const [path, count] of parseDu(inodes.stdout)) {
        const usage = found.get(path);
        if (usage) usage.inodes = count;
      }
    }
  }
  return found;
}

function programs(name: string): string[][] {
  return [["nice", "-n", "19", name], [name], ["busybox", name]];
}

/** `12\t/path` a line. */
function parseDu(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split("\n")) {
    const tab = line.indexOf("\t");
    if (tab > 0) found.set(line.slice(tab + 1), Number(line.slice(0, tab)));
  }
  return found;
}
