/** Amounts of resources that containers are to have, and do have: what differs, and what it takes to change it. Pure. */
import { type Container, type Pod, podContainers, type ResourceRequirements } from "../../objects/mod.ts";
import type { ObservedContainer } from "../../observed/types.ts";
import { amounts } from "../../resources/mod.ts";

/** What can be resized. */
const resizable = ["cpu", "memory"] as const;
type Resizable = typeof resizable[number];

/** The pod with other amounts for its containers; the same one where that changes nothing. */
export function withResources(pod: Pod, resources: ReadonlyMap<string, ResourceRequirements>): Pod {
  const replaced = <T extends Container>(list: T[] | undefined): T[] | undefined => {
    let same = true;
    const next = list?.map((container) => {
      const given = resources.get(container.name);
      if (given === undefined || changes(given, resourcesOf(container)).length === 0) return container;
      same = false;
      const { claims } = container.resources ?? {};
      return { ...container, resources: { ...given, ...(claims ? { claims } : {}) } };
    });
    return same ? list : next;
  };
  const containers = replaced(pod.spec.containers)!, initContainers = replaced(pod.spec.initContainers);
  if (containers === pod.spec.containers && initContainers === pod.spec.initContainers) return pod;
  return { ...pod, spec: { ...pod.spec, containers, ...(initContainers ? { initContainers } : {}) } };
}

/** Which amounts differ, as requests or as limits. */
export function changes(from: ResourceRequirements, to: ResourceRequirements): Resizable[] {
  return resizable.filter((name) =>
    (["requests", "limits"] as const).some((which) => amounts(from[which])[name] !== amounts(to[which])[name])
  );
}

/** Whether the container has to be started anew to take other amounts. */
export function needsRestart({ resizePolicy = [] }: Container, changed: readonly Resizable[]): boolean {
  return resizePolicy.some(({ resourceName, restartPolicy }) =>
    restartPolicy === "RestartContainer" && changed.some((name) => name === resourceName)
  );
}

/** The pod as its running containers are: what is to be changed, and what has not been yet. */
export function actuatedPod(
  pod: Pod,
  running: readonly Pick<ObservedContainer, "id" | "name">[],
  actuated: ReadonlyMap<string, ResourceRequirements>,
): Pod {
  return withResources(pod, new Map(running.map(({ id, name }) => [name, actuated.get(id) ?? {}])));
}

/** Kubelet's words for events about resizes: the amounts, the generation of the spec, what is wrong. */
export function resizeMessage(prefix: string, { spec }: Pod, generation: number, error?: string): string {
  const summary = (list: readonly Container[] = []) =>
    list.length === 0
      ? undefined
      : list.map((container) => ({ name: container.name, resources: resourcesOf(container) }));
  const { initContainers, containers } = spec;
  const text = JSON.stringify({
    initContainers: summary(initContainers),
    containers: summary(containers),
    generation,
    error: error || undefined,
  });
  return `${prefix}: ${text}`;
}

/** Limits first and names in order, as Go writes them. */
export function resourcesOf({ resources = {} }: Pick<Container, "resources">): ResourceRequirements {
  const sorted = (list: Record<string, string> | undefined) =>
    list && Object.fromEntries(Object.entries(list).sort(([a], [b]) => a < b ? -1 : 1));
  const limits = sorted(resources.limits), requests = sorted(resources.requests);
  return { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) };
}

/** Those whose amounts can be other ones. */
export function containersOf(pod: Pod): Container[] {
  return podContainers(pod).filter(({ role }) => role !== "ephemeral").map(({ container }) => container);
}
