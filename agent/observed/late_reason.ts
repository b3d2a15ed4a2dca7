/**
 * containerd tells of a container's end and of the kernel's OOM killer separately, in either order: a container that was killed
 * and that shows no reason of its own may get one a moment later. What is published once stays, so that moment is waited for.
 */
import { type Clock, pause } from "../clock.ts";
import type { ObservedContainer } from "./types.ts";

/** 128 + SIGKILL. */
const killed = 137;

/** Ends that are older do not change any more. */
const freshMs = 2_000;

/** Waits between looks. */
const waitsMs = [20, 60, 120];

/** Whether the container's reason may still become OOMKilled. */
export function mayBeOom({ state, exitCode, reason, finishedAt }: ObservedContainer, now: number): boolean {
  return state === "exited" && exitCode === killed && reason !== "OOMKilled" && Math.abs(now - finishedAt) < freshMs;
}

/** Looks again at a container that was killed, until its reason is known or nothing more is to be expected. */
export async function settled<T>(
  clock: Clock,
  look: () => Promise<T>,
  container: (seen: T) => ObservedContainer | undefined,
): Promise<T> {
  let seen = await look();
  for (const ms of waitsMs) {
    const now = container(seen);
    if (!now || !mayBeOom(now, clock.now())) break;
    await pause(clock, ms);
    seen = await look();
  }
  return seen;
}
