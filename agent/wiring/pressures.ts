/** What the node is short of, for all who ask: made before whoever finds it out. */
import type { Node } from "../controllers/node/mod.ts";
import type { Pressure } from "../node/mod.ts";
import type { Store } from "../store/mod.ts";

export class NodePressures {
  #now: readonly Pressure[];

  /** Begins with what an earlier life of the agent wrote into the node's status. */
  constructor(store: Pick<Store, "get">, nodeName: string) {
    const known: readonly Pressure[] = ["MemoryPressure", "DiskPressure", "PIDPressure"];
    const { conditions = [] } = store.get<Node>("local", "Node", "", nodeName)?.status ?? {};
    this.#now = known.filter((pressure) =>
      conditions.some(({ type, status }) => type === pressure && status === "True")
    );
  }

  get now(): readonly Pressure[] {
    return this.#now;
  }

  set now(pressures: readonly Pressure[]) {
    this.#now = pressures;
  }
}
