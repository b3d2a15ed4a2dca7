/**
 * Tasks that containerd has lost track of. A client that goes away while its container starts (islet killed, a call aborted)
 * makes containerd 1.6 note the start as failed although the container's first process is there; from then on it refuses to
 * remove the container: "cannot delete running task". What helps is to end the processes in the container's cgroup: containerd
 * hears of that and clears up. Where it does not, because nobody there keeps the task any more, the task itself is deleted.
 */
import { type CgroupFs, expandSlice, killAll } from "../../../cgroups/mod.ts";
import { type CriClient, CriError, isUnimplemented } from "../../../cri/mod.ts";
import type { Clock } from "../../clock.ts";

/** How long after a cancellation a call to the runtime may still come to its end before it is aborted. */
const patienceMs = 10_000;

/** Waits between tries to remove what has just been killed. */
const removeTriesMs = [50, 150, 300, 500, 1000];

/** After so many of these tries the runtime is not waited for any more: the task is deleted past it. */
const ownEnds = 1;

/** The signal, but later: calls that start something are let finish, so that the runtime does not lose track of it. */
export async function letFinish<T>(
  clock: Clock,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const late = new AbortController();
  let cancel = () => {};
  const abort = () => cancel = clock.after(patienceMs, () => late.abort(signal.reason));
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await call(late.signal);
  } finally {
    cancel();
    signal.removeEventListener("abort", abort);
  }
}

export interface StrayDeps {
  cri: CriClient;
  cgroups: CgroupFs;
  clock: Clock;
}

/** Removes something of the runtime's; where lost tasks are in the way, those of `containerIds` are ended first. */
export async function removeWithStrays(
  { cri, cgroups, clock }: StrayDeps,
  containerIds: () => Promise<string[]>,
  remove: () => Promise<unknown>,
): Promise<void> {
  try {
    await remove();
    return;
  } catch (err) {
    if (!isStray(err)) throw err;
  }
  for (const containerId of await containerIds()) {
    const path = await cgroupOf(cri, containerId);
    if (path && cgroups.exists(path)) await killAll(cgroups, path);
  }
  for (let tries = 0;; tries++) {
    await new Promise<void>((resolve) =>
      clock.after(removeTriesMs[Math.min(tries, removeTriesMs.length - 1)], resolve)
    );
    try {
      await remove();
      return;
    } catch (err) {
      if (!isStray(err) || tries + 1 >= removeTriesMs.length) throw err;
      if (tries === ownEnds) {
        for (const containerId of await containerIds()) {
          await cri.endTask(containerId).catch((err) => {
            // another runtime than containerd has no such service, and its own words tell more
            if (!isUnimplemented(err)) throw err;
          });
        }
      }
    }
  }
}

function isStray(err: unknown): boolean {
  return err instanceof CriError && /cannot delete running task/.test(err.detail);
}

/** The cgroup of a container as its OCI spec names it, from the runtime's verbose answer. */
async function cgroupOf(cri: CriClient, containerId: string): Promise<string | undefined> {
  const { info } = await cri.runtime.containerStatus({ containerId, verbose: true });
  try {
    const path: unknown = JSON.parse(info.info).runtimeSpec?.linux?.cgroupsPath;
    return typeof path === "string" ? cgroupPath(path) : undefined;
  } catch {
    return undefined;
  }
}

/** systemd's form is `slice:prefix:name`. */
export function cgroupPath(spec: string): string | undefined {
  const [slice, prefix, name] = spec.split(":");
  if (name === undefined) return spec.startsWith("/") ? spec : undefined;
  return `${expandSlice(slice)}/${prefix}-${name}.scope`;
}
