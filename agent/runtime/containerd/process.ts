/**
 * A process that outlives the one that started it: found again by its pid file or its command line, never by its name alone.
 * A pid is trusted only together with the process's start time, because pids are reused.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

/** A process and the moment it began, in clock ticks since boot. */
export interface ProcessId {
  pid: number;
  startTime: string;
}

/** The process with this pid, unless it is gone or a zombie. */
export function processId(pid: number): ProcessId | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The command stands in parentheses and may hold anything: fields are counted from the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : { pid, startTime: fields[19] };
  } catch {
    return undefined;
  }
}

/** Whether that very process is still running. */
export function isRunning({ pid, startTime }: ProcessId): boolean {
  return processId(pid)?.startTime === startTime;
}

/** The arguments of a process; empty when it is gone. */
export function commandLine(pid: number): string[] {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

/** The process of the pid file if it still has these arguments, else any process that has them. */
export function findProcess(pidFile: string, matches: (args: string[]) => boolean): ProcessId | undefined {
  try {
    const [pid, startTime] = Deno.readTextFileSync(pidFile).trim().split(" ");
    const found = { pid: Number(pid), startTime };
    if (isRunning(found) && matches(commandLine(found.pid))) return found;
  } catch { /* no pid file, or not ours: look at everything */ }
  for (const { name } of Deno.readDirSync("/proc")) {
    if (/^\d+$/.test(name) && matches(commandLine(Number(name)))) return processId(Number(name));
  }
  return undefined;
}

/** Writes a pid file that {@linkcode findProcess} reads, in one step, unless it says so already: a disk may be full. */
export function writePidFile(file: string, { pid, startTime }: ProcessId): void {
  const text = `${pid} ${startTime}\n`;
  try {
    if (Deno.readTextFileSync(file) === text) return;
  } catch { /* not there yet */ }
  Deno.writeTextFileSync(`${file}.new`, text, { mode: 0o600 });
  Deno.renameSync(`${file}.new`, file);
}

/**
 * Starts a program in a session of its own, its output appended to `log`. It holds neither our terminal nor a pipe to us, so
 * nothing of ours needs to live on for it.
 */
export function spawnDetached(
  program: string,
  args: string[],
  options: { log: string; env: Record<string, string> },
): Promise<ProcessId> {
  const log = openSync(options.log, "a", 0o600);
  try {
    const child = spawn(program, args, { detached: true, stdio: ["ignore", log, log], env: options.env, cwd: "/" });
    return new Promise((resolve, reject) => {
      child.on("error", (cause) => reject(new Error(`Cannot start ${program}`, { cause })));
      child.once("spawn", () => {
        child.unref();
        const started = child.pid === undefined ? undefined : processId(child.pid);
        if (started) resolve(started);
        else reject(new Error(`Cannot start ${program}: it ended at once; see ${options.log}`));
      });
    });
  } finally {
    closeSync(log);
  }
}

/** Sends a signal to that very process; false when it is gone. */
export function signal(target: ProcessId, name: "SIGTERM" | "SIGKILL"): boolean {
  if (!isRunning(target)) return false;
  try {
    Deno.kill(target.pid, name);
    return true;
  } catch {
    return false;
  }
}
