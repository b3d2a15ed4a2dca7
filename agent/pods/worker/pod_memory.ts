/** What outlives the agent of a pod besides its object and status: a small record of the store, written on change only. */
import type { Store } from "../../store/mod.ts";
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

const table = "pods";

/** The memories of all pods, by UID. */
export class PodMemories {
  readonly #store: Pick<Store, "record" | "records" | "setRecord">;
  readonly #bootId: string;

  /** `bootId` identifies this boot of the machine: another one clears back-offs. */
  constructor(store: Pick<Store, "record" | "records" | "setRecord">, bootId: string) {
    this.#store = store;
    this.#bootId = bootId;
  }

  load(uid: string): PodMemory {
    const { bootId, ...kept } = this.#store.record(table, uid) as Partial<PodMemory & { bootId: string }> ?? {};
    const { crashes = {}, inits = {} } = kept;
    return { ...kept, crashes: bootId === this.#bootId ? crashes : {}, inits };
  }

  /** Undefined: nothing is remembered any more. What ends a pod is on the disk at once. */
  save(uid: string, memory: PodMemory | undefined): void {
    const durable = memory?.forced || memory?.ended !== undefined;
    this.#store.setRecord(table, uid, memory && { bootId: this.#bootId, ...memory }, { durable });
  }

  /** Forgets pods of which there is nothing any more. */
  retain(has: (uid: string) => boolean): void {
    for (const [uid] of this.#store.records(table)) if (!has(uid)) this.save(uid, undefined);
  }
}
