/**
 * Processes that the kernel killed for memory inside containers that live on. When a container's first process is killed its
 * status says OOMKilled; when a child is, nothing would: the kernel counts it in the container's cgroup, and here that
 * becomes an event of the pod. kubelet has none for it; the reason and the words are node-problem-detector's.
 */
import type { ObservedContainer } from "../observed/types.ts";

export const oomReason = "OOMKilling";

export function oomMessage(container: string, kills: number): string {
  const what = kills === 1 ? "a process" : `${kills} processes`;
  return `Memory cgroup out of memory: Killed ${what} of container ${container}`;
}

export interface OomWatchOptions {
  /** How often the kernel has killed in the container's cgroup; undefined where nobody can tell. */
  kills(container: ObservedContainer): number | undefined;
  tell(container: ObservedContainer, kills: number): void;
}

export class OomWatch {
  readonly #options: OomWatchOptions;
  /** What was counted and told, by container ID. */
  #counted = new Map<string, number>();

  constructor(options: OomWatchOptions) {
    this.#options = options;
  }

  /** What was counted in an earlier life of the agent is no news. */
  adopt(containers: Iterable<ObservedContainer>): void {
    for (const container of containers) {
      const kills = container.state === "running" ? this.#options.kills(container) : undefined;
      if (kills) this.#counted.set(container.id, kills);
    }
  }

  /** Tells what is new of a container that runs. */
  look(container: ObservedContainer): void {
    if (container.state !== "running") return;
    const kills = this.#options.kills(container) ?? 0;
    const before = this.#counted.get(container.id) ?? 0;
    if (kills === before) return;
    this.#counted.set(container.id, kills);
    if (kills > before) this.#options.tell(container, kills - before);
  }

  /** Forgets those that are not among these. */
  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#counted.keys()) if (!ids.has(id)) this.#counted.delete(id);
  }
}
