/** Names of pods and containers as people give them. */
import type { Pod } from "../objects/mod.ts";
import { podContainers } from "../objects/pod_containers.ts";
import { UsageError } from "./usage.ts";

/** `web`, `pod/web`, `pods/web` → `web`. */
export function podName(word: string): string {
  const [kind, name, ...more] = word.split("/");
  if (name === undefined) return kind;
  if (more.length > 0 || name === "" || !["pod", "pods", "po"].includes(kind)) {
    throw new UsageError(`${JSON.stringify(word)} names no pod: POD or pod/POD`);
  }
  return name;
}

/** kubectl's annotation that names the container to take. */
const defaultContainer = "kubectl.kubernetes.io/default-container";

/** The container to take where none is named, and what to say about the choice. */
export function chooseContainer(pod: Pod): { container: string; notice?: string } {
  const marked = pod.metadata.annotations?.[defaultContainer];
  const all = podContainers(pod);
  if (marked && all.some(({ container }) => container.name === marked)) return { container: marked };
  const container = pod.spec.containers[0].name;
  if (all.length === 1) return { container };
  const others = [
    ...all.filter(({ role }) => role === "regular"),
    ...all.filter(({ role }) => role === "ephemeral"),
    ...all.filter(({ role }) => role === "init" || role === "sidecar"),
  ].map(({ role, container }) =>
    container.name + (role === "ephemeral" ? " (ephem)" : role === "regular" ? "" : " (init)")
  );
  return { container, notice: `Defaulted container ${JSON.stringify(container)} out of: ${others.join(", ")}` };
}
