/**
 * Shims that containerd has given up and that nobody would ever end. A client that goes away while its sandbox is being made
 * (islet killed, a call aborted) makes containerd 1.x kill the command that starts the shim; a shim that had detached by then
 * stays for good, without a task and without its bundle directory.
 */
import { commandLine, isRunning, type ProcessId, processId, signal } from "./process.ts";

/** A shim as /proc shows it. */
export interface ShimProcess {
  pid: number;
  args: readonly string[];
  /** The bundle directory; with ` (deleted)` behind it when that is gone. */
  cwd: string;
}

/** Pure: whether containerd at `socket` has given this process up. A shim that has children still holds a container. */
export function isStrayShim({ pid, args, cwd }: ShimProcess, socket: string, parents: ReadonlySet<number>): boolean {
  const at = args.indexOf("-address");
  return /(^|\/)containerd-shim-[\w-]+$/.test(args[0] ?? "") && at > 0 && args[at + 1] === socket &&
    cwd.endsWith(" (deleted)") && !parents.has(pid);
}

/** Ends the stray shims of the containerd at `socket`; returns how many there were. */
export async function endStrayShims(socket: string, patienceMs = 1000): Promise<number> {
  const pids = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter(Number.isInteger);
  const suspects = pids.map((pid) => ({ pid, args: commandLine(pid), cwd: workingDirectory(pid) }))
    .filter((shim) => isStrayShim(shim, socket, new Set()));
  if (suspects.length === 0) return 0;
  const parents = new Set(pids.map(parentOf));
  const strays = suspects.filter((shim) => isStrayShim(shim, socket, parents))
    .map(({ pid }) => processId(pid)).filter((id): id is ProcessId => id !== undefined);
  for (const stray of strays) signal(stray, "SIGTERM");
  for (let waited = 0; waited < patienceMs && strays.some(isRunning); waited += 50) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const stray of strays) if (isRunning(stray)) signal(stray, "SIGKILL");
  return strays.length;
}

function workingDirectory(pid: number): string {
  try {
    return Deno.readLinkSync(`/proc/${pid}/cwd`);
  } catch {
    return ""; // gone
  }
}

function parentOf(pid: number): number {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;
  }
}
