/** Which images pods want, whether they run or not: without a registry an image that is gone cannot come back. Pure. */
import { type Pod, podContainers } from "../objects/mod.ts";
import { parseReference } from "./reference.ts";

/** Images by the names that pods' specs give them. */
export class WantedImages {
  /** Full name → pods. */
  readonly #pods = new Map<string, Set<string>>();

  constructor(pods: Iterable<Pod>) {
    for (const pod of pods) {
      for (const name of imagesOf(pod)) {
        const key = fullName(name);
        const wanting = this.#pods.get(key) ?? new Set();
        this.#pods.set(key, wanting.add(`${pod.metadata.namespace}/${pod.metadata.name}`));
      }
    }
  }

  /** The pods that want an image with this id and these names. */
  by(id: string, names: readonly string[]): string[] {
    const found = [id, ...names].flatMap((name) => [...this.#pods.get(fullName(name)) ?? []]);
    return [...new Set(found)].sort();
  }
}

function imagesOf(pod: Pod): string[] {
  return podContainers(pod).map(({ container }) => container.image ?? "").filter((name) => name !== "");
}

/** As runtimes name images: with registry, and with a tag or a digest. */
function fullName(name: string): string {
  try {
    const { registry, path, tag, digest } = parseReference(name);
    return digest ? `${registry}/${path}@${digest}` : `${registry}/${path}:${tag}`;
  } catch {
    return name;
  }
}
