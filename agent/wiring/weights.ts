/**
 * How the runtime turns a container's CPU shares into a weight on cgroup v2: found out from the first container that tells,
 * and said when it is not the way in which pods' cgroups are weighed. Inside a pod containers then share as their runtime
 * has it; between pods nothing changes.
 */
import { type CgroupFs, weightForm } from "../../cgroups/mod.ts";
import { type Pod, podContainers } from "../objects/mod.ts";
import type { PodObserver } from "../observed/observer.ts";
import { type CgroupPathOptions, type ContainerLimitOptions, containerResources, podCgroup } from "../resources/mod.ts";
import { containerCgroup } from "../stats/targets.ts";
import type { Logger } from "../telemetry/log.ts";

export interface WeightsParts {
  cgroups: Pick<CgroupFs, "version" | "read">;
  cgroupPaths: CgroupPathOptions;
  limits: ContainerLimitOptions;
  runtimeName(): string;
  pod(uid: string): Pod | undefined;
  log: Logger;
}

/** Looks at every container that changes until one has told. */
export function reportWeights(
  observer: Pick<PodObserver, "onChange" | "get" | "uids">,
  { cgroups, cgroupPaths, limits, runtimeName, pod: podOf, log }: WeightsParts,
): void {
  if (cgroups.version !== 2) return;
  let known = false;
  const look = (uid: string) => {
    const pod = podOf(uid);
    if (!pod) return;
    for (const { container } of podContainers(pod)) {
      const seen = observer.get(uid)?.containers.find(({ name, state }) =>
        name === container.name && state === "running"
      );
      if (!seen) continue;
      const path = containerCgroup(podCgroup(pod, cgroupPaths), seen.id, cgroupPaths.driver, runtimeName());
      const form = weightForm(
        containerResources(pod, container, limits).cpuShares,
        Number(cgroups.read(path, "cpu.weight")),
      );
      known ||= form !== undefined;
      if (form !== "quadratic") continue;
      log.info(
        "The runtime converts containers' CPU shares to weights by the newer formula, pods are weighed by kubelet's",
        {
          container: `${pod.metadata.name}/${container.name}`,
        },
      );
      return;
    }
  };
  const unfollow = observer.onChange.add((uid) => {
    if (!known) look(uid);
    if (known) unfollow();
  });
  for (const uid of observer.uids()) if (!known) look(uid);
}
