/** Which ended containers pods are to give up, records and logs: by the node's limit, or because it needs the room. */
import { type DeadPod, excessContainers, finishedContainers } from "./dead_containers.ts";

export class GivenUpContainers {
  readonly #total: number;
  #ids: ReadonlySet<string> = new Set();
  /** Those of them that were given up by command. */
  #commanded: ReadonlySet<string> = new Set();

  /** `total`: how many the node keeps; negative: all. */
  constructor(total: number) {
    this.#total = total;
  }

  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  /** Finds out which are too many; says whether there are others than before. */
  limit(pods: () => readonly DeadPod[]): boolean {
    return this.#total >= 0 && this.#become(new Set([...excessContainers(pods(), this.#total), ...this.#commanded]));
  }

  /** Gives up all of pods that have finished; returns which these are. */
  giveUp(pods: readonly DeadPod[]): ReadonlySet<string> {
    this.#commanded = finishedContainers(pods);
    this.#become(new Set([...this.#ids, ...this.#commanded]));
    return this.#commanded;
  }

  #become(ids: ReadonlySet<string>): boolean {
    const news = [...ids].some((id) => !this.#ids.has(id));
    this.#ids = ids;
    return news;
  }
}
