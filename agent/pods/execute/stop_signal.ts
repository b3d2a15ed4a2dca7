/**
 * `lifecycle.stopSignal` for runtimes that know nothing of it (containerd before it took CRI's stop_signal): they stop a
 * container by its image's signal, so its own one is sent from here, and they only do the rest.
 */
import { ContainerState, type CriClient, isNotFound, type Signal } from "../../../cri/mod.ts";
import type { Clock } from "../../clock.ts";
import { isErrno, sendSignal } from "../../linux/mod.ts";
import { criSignal } from "../../runtime/mod.ts";

/** Processes of the node. */
export interface Processes {
  /** The process's cgroups as /proc tells them; undefined when it is gone. */
  cgroups(pid: number): string | undefined;
  /** Something of this process that another one of its pid would not have; undefined when it is gone. */
  identity(pid: number): string | undefined;
  send(pid: number, signal: string): void;
}

export interface StopSignalDeps {
  runtime: Pick<CriClient["runtime"], "containerStatus">;
  clock: Clock;
  processes?: Processes;
}

/** How often an end is looked for. */
const lookMs = 100;

/** What is to be done about a container whose spec names a signal. */
export type SignalPlan =
  /** It has ended, or the runtime sends the signal itself. */
  | { type: "leave" }
  /** The container's process, of this pid. */
  | { type: "send"; pid: number }
  | { type: "cannot"; why: string };

/** Decides it. `cgroups` tells a process's cgroups: a pid of another machine (a VM's) does not name the container. */
export function planSignal(
  { id, state, stopSignal }: { id: string; state: ContainerState; stopSignal: Signal },
  info: string | undefined,
  wanted: Signal,
  cgroups: Processes["cgroups"],
): SignalPlan {
  if (state !== ContainerState.CONTAINER_RUNNING || stopSignal === wanted) return { type: "leave" };
  const pid = pidOf(info);
  if (pid === undefined) return { type: "cannot", why: "the container runtime does not tell its process" };
  const found = cgroups(pid);
  if (found === undefined) return { type: "leave" };
  return found.includes(id) ? { type: "send", pid } : { type: "cannot", why: "its process is not one of this machine" };
}

/**
 * Sends the container its stop signal if the runtime will not, and waits for its end until `deadline` (monotonic ms).
 * `sent`: it was sent before, by a kill that this one overtakes.
 */
export async function sendStopSignal(
  name: string,
  containerId: string,
  deadline: number,
  { runtime, clock, processes = thisMachine }: StopSignalDeps,
  options: { signal: AbortSignal; sent: boolean },
): Promise<SignalPlan> {
  const { signal } = options;
  let plan: SignalPlan;
  try {
    const { status, info } = await runtime.containerStatus({ containerId, verbose: true }, { signal });
    plan = status ? planSignal(status, info.info, criSignal(name), processes.cgroups) : { type: "leave" };
  } catch (err) {
    if (isNotFound(err)) return { type: "leave" };
    throw err;
  }
  if (plan.type !== "send") return plan;
  const { pid } = plan;
  const identity = processes.identity(pid);
  if (!options.sent && identity !== undefined) {
    try {
      processes.send(pid, name);
    } catch (err) {
      if (!isErrno(err, "ESRCH")) throw err;
    }
  }
  while (identity !== undefined && processes.identity(pid) === identity && clock.mono() < deadline) {
    signal.throwIfAborted();
    await new Promise<void>((resolve) => clock.after(Math.min(lookMs, deadline - clock.mono()), resolve));
  }
  return plan;
}

const thisMachine: Processes = {
  cgroups: (pid) => readText(`/proc/${pid}/cgroup`),
  identity(pid) {
    const stat = readText(`/proc/${pid}/stat`);
    if (stat === undefined) return undefined;
    // The command stands in parentheses and may hold anything: fields are counted from the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  },
  send: sendSignal,
};

function pidOf(info: string | undefined): number | undefined {
  try {
    const { pid } = JSON.parse(info ?? "{}");
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
