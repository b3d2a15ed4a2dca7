/** What outlives the agent of a pod besides its object and status: a small record of the store, written on change only. */
import type { CrashRecord } from "./backoff.ts";
import type { Verdict } from "./intents.ts";
import type { ResizeMemory } from "./resizing.ts";

export interface PodMemory {
  /** By container name. */
  crashes: Record<string, CrashRecord>;
  /** Init container → the sandbox in which it completed. */
  inits: Record<string, string>;
  /** Its row was deleted by force. */
  forced?: boolean;
  /** The node ends it for its own sake. */
  ended?: Verdict;
  resizes?: ResizeMemory;
}
