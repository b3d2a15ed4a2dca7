/**
 * What there is to measure: the pods of the store that the runtime has a sandbox of, their cgroups and containers.
 * Looked up when somebody asks; nothing is kept.
 */
import type { Pod } from "../objects/mod.ts";
import type { ObservedPod } from "../observed/types.ts";
import { type CgroupPathOptions, podCgroup } from "../resources/mod.ts";

export interface ContainerTarget {
  id: string;
  name: string;
  /** As the manifest names it. */
  image: string;
  attempt: number;
  /** Wall-clock milliseconds. */
  startedAt: number;
  cgroup: string;
}

export interface PodTarget {
  pod: Pod;
  uid: string;
  namespace: string;
  name: string;
  cgroup: string;
  /** Wall-clock milliseconds at which the sandbox was made. */
  startedAt: number;
  sandbox: { id: string; cgroup: string };
  hostNetwork: boolean;
  /** Those that run, in the order of the spec. */
  containers: ContainerTarget[];
}

export interface TargetDeps {
  /** Pods of this node. */
  pods(): Iterable<Pod>;
  observed(uid: string): ObservedPod | undefined;
  cgroupPaths: CgroupPathOptions;
  /** `containerd`, `cri-o` …: by it the names of containers' cgroups are known. */
  runtimeName(): string;
}

/** Everything that runs, pods by namespace and name as the store lists them. */
export function targets(deps: TargetDeps): PodTarget[] {
  const found: PodTarget[] = [];
  for (const pod of deps.pods()) {
    const target = podTarget(pod, deps);
    if (target) found.push(target);
  }
  return found;
}

/** One pod; undefined while it has no running sandbox. */
export function podTarget(pod: Pod, deps: TargetDeps): PodTarget | undefined {
  const { uid, name, namespace = "default" } = pod.metadata;
  const seen = uid === undefined ? undefined : deps.observed(uid);
  const sandbox = seen?.sandboxes.find(({ ready }) => ready);
  if (uid === undefined || !seen || !sandbox) return undefined;
  const cgroup = podCgroup(pod, deps.cgroupPaths);
  const place = (id: string) => containerCgroup(cgroup, id, deps.cgroupPaths.driver, deps.runtimeName());
  const containers: ContainerTarget[] = [];
  for (const { id, name, image, attempt, state, startedAt, sandboxId } of seen.containers) {
    if (state !== "running" || sandboxId !== sandbox.id) continue;
    containers.push({ id, name, image, attempt, startedAt, cgroup: place(id) });
  }
  if (containers.length > 1) sortAsSpec(containers, pod);
  return {
    pod,
    uid,
    namespace,
    name,
    cgroup,
    startedAt: sandbox.createdAt,
    sandbox: { id: sandbox.id, cgroup: place(sandbox.id) },
    hostNetwork: pod.spec.hostNetwork === true,
    containers,
  };
}

function sortAsSpec(containers: ContainerTarget[], { spec }: Pod): void {
  const order = new Map<string, number>();
  for (const { name } of [...spec.initContainers ?? [], ...spec.containers, ...spec.ephemeralContainers ?? []]) {
    order.set(name, order.size);
  }
  containers.sort((a, b) => (order.get(a.name) ?? Infinity) - (order.get(b.name) ?? Infinity));
}

/** What runtimes put before an ID: containerd in systemd's scopes only, CRI-O always. */
const prefixes: Record<string, Record<CgroupPathOptions["driver"], string>> = {
  containerd: { cgroupfs: "", systemd: "cri-containerd-" },
  "cri-o": { cgroupfs: "crio-", systemd: "crio-" },
  docker: { cgroupfs: "", systemd: "docker-" },
};

/** Where a runtime puts a container's cgroup below its pod's. */
export function containerCgroup(
  podCgroup: string,
  id: string,
  driver: CgroupPathOptions["driver"],
  runtimeName: string,
): string {
  const prefix = (prefixes[runtimeName] ?? prefixes.containerd)[driver];
  return `${podCgroup}/${prefix}${id}${driver === "systemd" ? ".scope" : ""}`;
}
