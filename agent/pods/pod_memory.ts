/** What outlives the agent of a pod besides its object and status: a small record of the store, written on change only. */
import type { CrashRecord } from "./backoff.ts";
import type { KeptIntents } from "./intents.ts";
import type { ResizeMemory } from "./resizing.ts";

export interface PodMemory extends KeptIntents {
  /** By container name. */
  crashes: Record<string, CrashRecord>;
  /** Init container → the sandbox in which it completed. */
  inits: Record<string, string>;
  resizes?: ResizeMemory;
}
