/** Pods by their labels, as they are at one moment: thousands of Services ask for theirs. */
import { selectsLabels } from "../../controllers/label_selector.ts";
import type { Pod } from "../../objects/mod.ts";

export class PodIndex {
  readonly #list: (namespace: string) => Pod[];
  /** By namespace, then `label=value`. */
  readonly #pods = new Map<string, Map<string, Pod[]>>();

  constructor(list: (namespace: string) => Pod[]) {
    this.#list = list;
  }

  /** The pods that have all of these labels, of which there must be one. */
  selected(namespace: string, matchLabels: Readonly<Record<string, string>>): Pod[] {
    const [[label, value], ...more] = Object.entries(matchLabels);
    const pods = this.#of(namespace).get(`${label}=${value}`) ?? [];
    return more.length === 0 ? pods : pods.filter(({ metadata }) => selectsLabels({ matchLabels }, metadata.labels));
  }

  #of(namespace: string): Map<string, Pod[]> {
    let index = this.#pods.get(namespace);
    if (index) return index;
    this.#pods.set(namespace, index = new Map());
    for (const pod of this.#list(namespace)) {
      for (const [label, value] of Object.entries(pod.metadata.labels ?? {})) {
        const key = `${label}=${value}`;
        const same = index.get(key);
        if (same) same.push(pod);
        else index.set(key, [pod]);
      }
    }
    return index;
  }
}
