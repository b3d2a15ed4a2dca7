/**
 * islet's own containerd: configured, started, watched over and adopted here. It and every container outlive islet: it
 * has a session of its own and, under systemd, a unit of its own (a restarted unit kills all of its cgroup).
 *
 *     start() ─► running already? ─yes─► configuration still right? ─► adopt
 *                      │no                       │no: stop it, containers stay
 *                      └────────► write configuration, start, wait until it answers
 *     its socket closes ─► start again with back-off: 0, 1, 2, 4 … 30 s
 *
 * Death is noticed without polling: a connection is held to containerd's ttrpc socket, on which nothing is ever said, and the
 * kernel closes it when the process goes.
 *
 * Way in: {@linkcode ManagedContainerd}.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { connectCri } from "../../../cri/mod.ts";
import { type Clock, systemClock } from "../../clock.ts";
import type { Logger } from "../../telemetry/log.ts";
import { containerdConfig, type ContainerdFacts, type ContainerdPaths, type ContainerdSettings } from "./config.ts";
import { containerdFacts } from "./facts.ts";
import { boundLog, logTail } from "./log_file.ts";
import { findProcess, isRunning, type ProcessId, processId, signal, spawnDetached, writePidFile } from "./process.ts";
import { claimRunDirectory, configOf } from "./run_directory.ts";
import { endStrayShims } from "./stray_shims.ts";
import { installedFor, startInstalled, startUnit, underSystemd, unitName } from "./systemd.ts";

export interface ManagedContainerdOptions {
  paths: ContainerdPaths;
  log: Logger;
  settings?: ContainerdSettings;
  clock?: Clock;
  /** Read from the machine unless given. */
  facts?: ContainerdFacts;
  cniBinDir?: string;
  /** Resolves when the runtime answers a request; default: CRI's Version. */
  probe?: (socket: string) => Promise<unknown>;
  /** Called each time containerd has been started anew or found answering again after it was lost. */
  onUp?: () => void;
  /** How long a start may take. */
  readyTimeoutMs?: number;
  /** How its process is made; for tests. */
  spawn?(facts: ContainerdFacts): Promise<ProcessId>;
}

const maxLogBytes = 2 * 1024 * 1024;
const stableAfterMs = 60_000;
const boundLogEveryMs = 3_600_000;
/** When shims are looked for that an earlier life's end left behind: containerd needs a moment to give them up. */
const strayShimsAfterMs = [1000, 15_000];

/** How long to wait before restart number `level` in a row: 0, 1, 2, 4 … 30 s. */
export function restartDelay(level: number): number {
  return level === 0 ? 0 : Math.min(30_000, 1000 * 2 ** (level - 1));
}

export class ManagedContainerd {
  readonly #options:
    & Required<Pick<ManagedContainerdOptions, "clock" | "readyTimeoutMs" | "probe" | "spawn">>
    & ManagedContainerdOptions;
  #process: ProcessId | undefined;
  #watch: Deno.UnixConn | undefined;
  #stopped = true;
  /** Whether it is about to be brought up again. */
  #isDue = false;
  #level = 0;
  #upSince = 0;
  #cancelTimer = () => {};
  #cancelBounding = () => {};
  #cancelStrays = () => {};
  #starting: Promise<void> | undefined;
  /** Whether the last {@linkcode start} found containerd running and left it so. */
  adopted = false;

  constructor(options: ManagedContainerdOptions) {
    this.#options = {
      clock: systemClock,
      readyTimeoutMs: 30_000,
      probe: answersCri,
      spawn: (facts) => this.#spawn(facts),
      ...options,
    };
  }

  get paths(): ContainerdPaths {
    return this.#options.paths;
  }

  /** What `connectCri` takes. */
  get endpoint(): string {
    return `unix://${this.paths.socket}`;
  }

  /** The process in charge, while there is one. */
  get pid(): number | undefined {
    return this.#process && isRunning(this.#process) ? this.#process.pid : undefined;
  }

  /** Adopts or starts containerd; resolves when it answers, throws when it does not come up in time. */
  async start(): Promise<void> {
    this.#stopped = false;
    await this.#bringUp();
  }

  /** Lets go of containerd, which runs on. */
  release(): void {
    this.#stopped = true;
    this.#isDue = false;
    this.#cancelTimer();
    this.#cancelBounding();
    this.#cancelStrays();
    this.#unwatch();
  }

  /** Ends containerd (not its containers: their shims run on). Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.release();
    await this.#starting?.catch(() => {});
    const running = this.#process ?? this.#find();
    if (running) await end(running);
    this.#process = undefined;
  }

  /** Says that calls fail: looks at once whether containerd is still there and can be reached. */
  check(): void {
    if (this.#stopped || this.#starting) return;
    if (this.pid === undefined || !existsSync(this.paths.socket)) this.#lost();
  }

  #bringUp(): Promise<void> {
    return this.#starting ??= this.#bringUpOnce().finally(() => this.#starting = undefined);
  }

  async #bringUpOnce(): Promise<void> {
    const { paths, log, settings, clock } = this.#options;
    claimRunDirectory(paths);
    for (const dir of [paths.root, paths.registryConfigDir]) Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
    Deno.mkdirSync(dirname(paths.socket), { recursive: true, mode: 0o700 });
    const facts = this.#options.facts ??= await containerdFacts(paths.root, { cniBinDir: this.#options.cniBinDir });
    const changed = writeIfChanged(paths.config, containerdConfig(paths, facts, settings));
    boundLog(paths.log, maxLogBytes);
    let running = this.#find();
    if (running && changed) {
      log.info("containerd's configuration changed: restarting it; containers run on", { pid: running.pid });
      await end(running);
      running = undefined;
    }
    if (running && !existsSync(paths.socket)) {
      log.warn("containerd's socket was removed: restarting it; containers run on", { pid: running.pid });
      await end(running);
      running = undefined;
    }
    this.adopted = running !== undefined;
    // its sockets close a moment before a killed process is gone
    if (!running) this.#ended();
    if (!running) running = await this.#options.spawn(facts);
    this.#process = running;
    writePidFile(paths.pid, running);
    await this.#answers(running);
    if (this.#stopped) return;
    this.#upSince = clock.mono();
    await this.#watchOver();
    this.#keepLogBounded();
    this.#endStrays(strayShimsAfterMs);
    log.info(this.adopted ? "containerd is running: adopted" : "containerd started", { pid: running.pid });
    this.#options.onUp?.();
  }

  #isOurs = (args: string[]): boolean => configOf(args) === this.paths.config;

  #find(): ProcessId | undefined {
    return findProcess(this.paths.pid, this.#isOurs);
  }

  async #spawn(facts: ContainerdFacts): Promise<ProcessId> {
    const { paths } = this.#options;
    const args = ["--config", paths.config];
    const env = inheritedEnvironment(Deno.env.toObject());
    if (!underSystemd()) return await spawnDetached("containerd", args, { log: paths.log, env });
    const pid = installedFor(paths)
      ? await startInstalled(paths, env)
      : await startUnit({ unit: unitName(paths), args, env, log: paths.log, lowerOom: facts.capSysResource });
    const found = processId(pid);
    if (!found) throw new Error(`Cannot start containerd: its unit ended at once; see ${paths.log}`);
    return found;
  }

  /** Waits for an answer, trying often at first: containerd is ready in 40 to 80 ms. */
  async #answers(running: ProcessId): Promise<void> {
    const { paths, readyTimeoutMs, probe } = this.#options;
    const until = performance.now() + readyTimeoutMs;
    for (let wait = 5;; wait = Math.min(wait * 1.3, 250)) {
      let cause: unknown;
      try {
        await probe(paths.socket);
        return;
      } catch (error) {
        cause = error;
      }
      if (this.#stopped) throw new Error("Cannot wait for containerd: islet is stopping");
      const gone = !isRunning(running);
      if (gone || performance.now() > until) {
        const found = gone ? "it ended" : `no answer in ${readyTimeoutMs / 1000} s`;
        throw new Error(`Cannot start containerd: ${found}; ${paths.log} ends with: ${logTail(paths.log, 3)}`, {
          cause,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  async #watchOver(): Promise<void> {
    this.#unwatch();
    const conn = await Deno.connect({ transport: "unix", path: `${this.paths.socket}.ttrpc` });
    conn.unref();
    this.#watch = conn;
    // One read that ends when containerd does.
    conn.read(new Uint8Array(16)).catch(() => null).then(() => {
      if (this.#watch !== conn) return;
      this.#unwatch();
      this.#lost();
    });
  }

  #keepLogBounded(): void {
    const { clock, paths } = this.#options;
    this.#cancelBounding();
    this.#cancelBounding = clock.after(boundLogEveryMs, () => {
      boundLog(paths.log, maxLogBytes);
      this.#keepLogBounded();
    });
  }

  #endStrays([afterMs, ...later]: readonly number[]): void {
    const { clock, log } = this.#options;
    this.#cancelStrays();
    if (afterMs === undefined) return;
    this.#cancelStrays = clock.after(afterMs, () => {
      endStrayShims(this.paths.socket).then((count) => {
        if (count > 0) log.info("Ended shims that containerd had given up", { count });
      }).catch((err) => log.warn("Cannot look for stray shims", { err }));
      this.#endStrays(later);
    });
  }

  #unwatch(): void {
    const conn = this.#watch;
    this.#watch = undefined;
    try {
      conn?.close();
    } catch { /* closed by the other side */ }
  }

  /** Tells once of the end of the containerd that was there. */
  #ended(): void {
    if (!this.#process) return;
    this.#options.log.warn("containerd ended", { log: this.paths.log });
    this.#process = undefined;
  }

  /** Has it brought up again, once, however many say that it is gone: each would else put it off. */
  #lost(): void {
    if (this.#stopped || this.#isDue) return;
    const { log, clock } = this.#options;
    if (this.pid === undefined) this.#ended();
    if (clock.mono() - this.#upSince > stableAfterMs) this.#level = 0;
    const delay = restartDelay(this.#level++);
    this.#isDue = true;
    this.#cancelTimer = clock.after(delay, () => {
      this.#isDue = false;
      this.#bringUp().catch((err) => {
        if (this.#stopped) return;
        log.error("containerd does not come up; trying again", { err });
        this.#lost();
      });
    });
  }
}

/** What containerd is given of our environment: where programs are, and the proxies through which it pulls. */
export function inheritedEnvironment(own: Record<string, string>): Record<string, string> {
  const proxies = Object.entries(own).filter(([name]) => /^(?:https?_proxy|no_proxy)$/i.test(name));
  return {
    PATH: own.PATH ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ...Object.fromEntries(proxies),
  };
}

/** The socket opens a moment before the CRI plugin has read back its containers; until then it refuses every call. */
async function answersCri(socket: string): Promise<void> {
  const cri = connectCri(`unix://${socket}`);
  try {
    await cri.runtime.version({}, { timeoutMs: 2000 });
  } finally {
    cri.close();
  }
}

async function end(target: ProcessId): Promise<void> {
  signal(target, "SIGTERM");
  for (let waited = 0; isRunning(target); waited += 20) {
    if (waited === 10_000) signal(target, "SIGKILL");
    if (waited > 15_000) throw new Error(`Cannot end containerd: process ${target.pid} survives SIGKILL`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Writes the file in one step; false when it says so already. */
function writeIfChanged(file: string, text: string): boolean {
  try {
    if (Deno.readTextFileSync(file) === text) return false;
  } catch { /* not there yet */ }
  Deno.writeTextFileSync(`${file}.new`, text, { mode: 0o600 });
  Deno.renameSync(`${file}.new`, file);
  return true;
}
