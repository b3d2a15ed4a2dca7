/**
 * Keeps container logs small: every interval one `stat` a running container, and where `planRotation` finds something
 * to do, its steps: for as many containers at once as containerLogMaxWorkers says.
 */
import { type Clock, systemClock } from "../clock.ts";
import type { Logger } from "../telemetry/log.ts";
import { rotatedFiles } from "./paths.ts";
import { planCleanup, planRotation, type RotationPolicy, type RotationStep } from "./rotation.ts";

/** A running container's log. */
export interface RotatedLog {
  containerId: string;
  /** Full path of the file that the runtime writes. */
  path: string;
}

export interface LogRotatorOptions extends RotationPolicy {
  /** Running containers, at this moment. */
  running: () => Iterable<RotatedLog>;
  /** CRI ReopenContainerLog. */
  reopen: (containerId: string) => Promise<void>;
  /** containerLogMaxWorkers: logs rotated at once; default 1. */
  workers?: number;
  /** containerLogMonitorInterval; default 10 s. */
  intervalMs?: number;
  clock?: Clock;
  log: Logger;
}

export class LogRotator {
  #cancel?: () => void;
  #stopped = false;
  #round?: Promise<void>;
  /** Logs whose left-overs were looked for once. */
  #cleaned = new Set<string>();
  readonly #options: Required<LogRotatorOptions>;

  constructor(options: LogRotatorOptions) {
    if (options.maxFiles < 2) throw new RangeError(`Cannot rotate logs: containerLogMaxFiles ${options.maxFiles} < 2`);
    this.#options = { workers: 1, intervalMs: 10_000, clock: systemClock, ...options };
  }

  /** Begins to look at sizes, unless rotation is off. */
  start(): void {
    if (this.#options.maxSize < 0 || this.#cancel) return;
    this.#stopped = false;
    const next = () => {
      this.#cancel = this.#options.clock.after(this.#options.intervalMs, () => void this.rotateOnce().finally(again));
    };
    const again = () => {
      if (!this.#stopped) next();
    };
    next();
  }

  /** Ends it; a rotation under way is waited for. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#round;
  }

  /** One round over all running containers; a round under way is joined. */
  rotateOnce(): Promise<void> {
    this.#round ??= this.#rotateAll().finally(() => this.#round = undefined);
    return this.#round;
  }

  async #rotateAll(): Promise<void> {
    const logs = [...this.#options.running()];
    const seen = new Set(logs.map(({ path }) => path));
    for (const path of this.#cleaned) if (!seen.has(path)) this.#cleaned.delete(path);
    const work = async () => {
      for (let next = logs.shift(); next && !this.#stopped; next = logs.shift()) await this.#rotate(next);
    };
    await Promise.all(Array.from({ length: this.#options.workers }, work));
  }

  async #rotate({ containerId, path }: RotatedLog): Promise<void> {
    const { clock, log, maxSize, maxFiles } = this.#options;
    try {
      if (!this.#cleaned.has(path)) {
        this.#cleaned.add(path);
        await this.#take(planCleanup(rotatedFiles(path)), containerId);
      }
      const size = sizeOf(path);
      const input = { path, size, rotated: () => rotatedFiles(path), now: clock.now() };
      await this.#take(planRotation(input, { maxSize, maxFiles }), containerId);
    } catch (err) {
      log.warn("cannot rotate container log", { path, containerId, err });
    }
  }

  async #take(steps: RotationStep[], containerId: string): Promise<void> {
    for (const step of steps) {
      switch (step.type) {
        case "remove":
          Deno.removeSync(step.path);
          break;
        case "compress":
          await compress(step.path);
          break;
        case "rotate":
          Deno.renameSync(step.path, step.to);
          try {
            await this.#options.reopen(containerId);
          } catch (err) {
            // The runtime goes on writing to the renamed file: give it its name back and try again next time.
            if (sizeOf(step.path) === undefined) Deno.renameSync(step.to, step.path);
            throw new Error(`Cannot reopen the log of container ${containerId}`, { cause: err });
          }
          break;
        case "reopen":
          await this.#options.reopen(containerId);
          break;
        default:
          step satisfies never;
      }
    }
  }
}

/** Packs a file as `<path>.gz`, whole or not at all, and removes the plain one. */
export async function compress(path: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const from = await Deno.open(path);
    const mode = from.statSync().mode ?? 0o640;
    const to = await Deno.open(temporary, { write: true, create: true, truncate: true, mode: mode & 0o777 });
    await from.readable.pipeThrough(new CompressionStream("gzip")).pipeTo(to.writable);
    Deno.renameSync(temporary, `${path}.gz`);
  } catch (err) {
    try {
      Deno.removeSync(temporary);
    } catch {
      // Not made, or renamed already.
    }
    throw new Error(`Cannot compress ${path}`, { cause: err });
  }
  Deno.removeSync(path);
}

function sizeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).size;
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return undefined;
    throw err;
  }
}
