/** Walking the containers of a pod. */
import type { Container, EphemeralContainer } from "./container.ts";
import { FieldPath } from "./field_path.ts";
import type { Pod } from "./pod.ts";

/** Which list of the spec a container stands in; a sidecar is an init container that keeps running. */
export type ContainerRole = "init" | "sidecar" | "regular" | "ephemeral";

export interface PodContainer {
  role: ContainerRole;
  /** Place in its own list. */
  index: number;
  container: Container;
  /** `spec.initContainers[0]`, as errors name it. */
  path: string;
}

/** Whether an init container is a sidecar: started in order, restarted on its own, ended last. */
export function isSidecar(container: Pick<Container, "restartPolicy">): boolean {
  return container.restartPolicy === "Always";
}

/** A pod's containers in start order: init containers and sidecars, regular ones, ephemeral ones. */
export function podContainers(pod: Pick<Pod, "spec">): PodContainer[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec;
  return [
    ...initContainers.map((container, index): PodContainer => ({
      role: isSidecar(container) ? "sidecar" : "init",
      index,
      container,
      path: `spec.initContainers[${index}]`,
    })),
    ...containers.map((container, index): PodContainer => ({
      role: "regular",
      index,
      container,
      path: `spec.containers[${index}]`,
    })),
    ...ephemeralContainers.map((container: EphemeralContainer, index): PodContainer => ({
      role: "ephemeral",
      index,
      container,
      path: `spec.ephemeralContainers[${index}]`,
    })),
  ];
}

/** Where a container stands, for errors about its fields. */
export function containerPath({ role, index }: Pick<PodContainer, "role" | "index">): FieldPath {
  const list = role === "regular" ? "containers" : role === "ephemeral" ? "ephemeralContainers" : "initContainers";
  return FieldPath.of("spec", list).index(index);
}

/** The container of that name, in whichever list. */
export function findContainer(pod: Pick<Pod, "spec">, name: string): PodContainer | undefined {
  return podContainers(pod).find(({ container }) => container.name === name);
}
