/** Ends what is left in a cgroup whose owner is gone: `cgroup.kill` where the kernel has it, signals elsewhere. */
import type { CgroupFs } from "./cgroup_fs.ts";
import { CgroupError } from "./errors.ts";
import { properPath } from "./path.ts";
import { sleep } from "./tree.ts";

export interface KillOptions {
  /** How long to wait for the cgroup to be empty; default 5000. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Sends SIGKILL; false when the process was gone. */
  kill?: (pid: number) => boolean;
}

/**
 * Kills every process in the cgroup and below it, and waits until none is left. Answers how many were found.
 * @throws CgroupError when this very process is inside, or when processes outlive the time (uninterruptible I/O).
 */
export async function killAll(fs: CgroupFs, path: string, options: KillOptions = {}): Promise<number> {
  const { timeoutMs = 5000, signal, kill = sigkill } = options;
  const normal = properPath(path, "kill");
  const end = performance.now() + timeoutMs;
  const found = new Set<number>();
  for (let wait = 2;; wait = Math.min(100, wait * 2)) {
    const pids = fs.processes(normal, { recursive: true });
    if (pids.length === 0) return found.size;
    if (pids.includes(Deno.pid)) throw new CgroupError(`Cannot kill cgroup ${normal}: this process is in it`);
    if (performance.now() > end) {
      throw new CgroupError(`Cannot kill cgroup ${normal}: processes ${pids.join(", ")} are still there`, {
        code: "EBUSY",
      });
    }
    for (const pid of pids) found.add(pid);
    // One write kills the whole tree, forks in flight included. Signals need rounds until nothing is left.
    if (fs.version === 2 && fs.read(normal, "cgroup.events") !== undefined && await cgroupKill(fs, normal)) {
      // Done by the kernel.
    } else {
      for (const pid of pids) kill(pid);
    }
    await sleep(wait, signal);
  }
}

/** False where the kernel is older than 5.14. */
async function cgroupKill(fs: CgroupFs, path: string): Promise<boolean> {
  try {
    await fs.write(path, "cgroup.kill", "1");
    return true;
  } catch {
    return false;
  }
}

function sigkill(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}
