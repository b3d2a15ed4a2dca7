/** The agent stays small: when it has started, and now and then, it gives back what it does not use. */
import type { Clock } from "../clock.ts";
import { releaseMemory } from "../linux/mod.ts";

/** By then a start with pods is over. */
const firstMs = 20_000;
/** 20 ms each time are 0.003 % of a core. */
const periodMs = 600_000;

/** Returns what ends it. */
export function keepSmall(clock: Clock, release = releaseMemory): () => void {
  let cancel = clock.after(firstMs, function again() {
    cancel = clock.after(periodMs, again);
    release();
  });
  return () => cancel();
}
