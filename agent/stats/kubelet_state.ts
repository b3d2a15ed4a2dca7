/** `/metrics`: kubelet's figures of what there is now, looked up at the scrape. */
import type { Pod } from "../objects/mod.ts";
import type { ObservedPod } from "../observed/types.ts";
import { type Exposition, formatLabels } from "../telemetry/exposition.ts";
import type { FilesystemUsage } from "./filesystems.ts";

type Sample = [labels: Record<string, string>, value: number];

/** What there is now. */
export interface KubeletState {
  nodeName: string;
  version: string;
  cgroupVersion: 1 | 2;
  /** Pods of this node, running or not. */
  pods: readonly Pod[];
  isStatic(pod: Pod): boolean;
  observed: readonly ObservedPod[];
  /** Whether the runtime answered when it was last asked. */
  runtimeAvailable: boolean;
  /** Calls to the runtime under way and waiting. */
  runtimeLoad?: { running: number; waiting: number };
  /** When the certificate of kubelet's API ends, in wall-clock milliseconds. */
  certificateEnds?: number;
  now: number;
  claimedVolumes: readonly { claim: { namespace: string; name: string }; usage: FilesystemUsage }[];
}

export function writeKubeletState(out: Exposition, state: KubeletState): void {
  const gauge = (name: string, help: string, samples: Iterable<Sample>) => {
    let begun = false;
    for (const [labels, value] of samples) {
      if (!begun) out.family(name, "gauge", help);
      begun = true;
      out.sample(formatLabels(labels), value);
    }
  };
  const { nodeName, version, pods, observed, cgroupVersion } = state;
  const running = new Set(
    observed.filter(({ sandboxes }) => sandboxes.some(({ ready }) => ready)).map(({ uid }) => uid),
  );
  gauge("kubelet_node_name", "[ALPHA] The node's name. The count is always 1.", [[{ node: nodeName }, 1]]);
  gauge("kubernetes_build_info", "[ALPHA] A metric with a constant '1' value labeled by version and platform.", [[
    { git_version: version, platform: `linux/${Deno.build.arch === "aarch64" ? "arm64" : "amd64"}` },
    1,
  ]]);
  gauge("kubelet_cgroup_version", "[ALPHA] cgroup version on the hosts.", [[{}, cgroupVersion]]);

  if (state.certificateEnds !== undefined) {
    gauge(
      "kubelet_certificate_manager_server_ttl_seconds",
      "[ALPHA] Gauge of the shortest TTL (time-to-live) of the Kubelet's serving certificate. The value is in seconds until certificate expiry (negative if already expired). If serving certificate is invalid or unused, the value will be +INF.",
      [[{}, Math.floor((state.certificateEnds - state.now) / 1000)]],
    );
  }

  const counted = count(pods, (pod) => state.isStatic(pod) ? "true" : "");
  gauge(
    "kubelet_desired_pods",
    "[ALPHA] The number of pods the kubelet is being instructed to run. static is true if the pod is not from the apiserver.",
    [...counted].map(([isStatic, number]) => [{ static: isStatic }, number]),
  );
  const active = count(
    pods.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed"),
    (pod) => state.isStatic(pod) ? "true" : "",
  );
  gauge(
    "kubelet_active_pods",
    "[ALPHA] The number of pods the kubelet considers active and which are being considered when admitting new pods. static is true if the pod is not from the apiserver.",
    [...active].map(([isStatic, number]) => [{ static: isStatic }, number]),
  );
  gauge("kubelet_running_pods", "[ALPHA] Number of pods that have a running pod sandbox", [[
    {},
    running.size,
  ]]);
  gauge(
    "kubelet_running_containers",
    "[ALPHA] Number of containers currently running",
    [...count(observed.flatMap(({ containers }) => containers), ({ state }) => state)]
      .map(([state, number]) => [{ container_state: state }, number]),
  );

  // mounts of a pod that runs are there: it would not run without them
  const volumes = (of: readonly Pod[], state: string) =>
    [...count(of.flatMap(({ spec }) => spec.volumes ?? []), pluginOf)]
      .map(([plugin, number]): Sample => [{ plugin_name: plugin, state }, number]);
  gauge(
    "volume_manager_total_volumes",
    "[ALPHA] Number of volumes in Volume Manager",
    [
      ...volumes(pods.filter(({ metadata }) => running.has(metadata.uid!)), "actual_state_of_world"),
      ...volumes(pods, "desired_state_of_world"),
    ],
  );
  for (const [name, help, value] of volumeStats) {
    gauge(
      `kubelet_volume_stats_${name}`,
      `[ALPHA] ${help}`,
      state.claimedVolumes.map(({ claim: { namespace, name }, usage }) => [
        { namespace, persistentvolumeclaim: name },
        value(usage),
      ]),
    );
  }
  gauge("islet_runtime_available", "Whether the container runtime answered when it was last asked.", [[
    {},
    state.runtimeAvailable ? 1 : 0,
  ]]);
  if (state.runtimeLoad) {
    gauge("islet_runtime_calls", "Calls to the container runtime under way, and waiting for their turn.", [
      [{ state: "running" }, state.runtimeLoad.running],
      [{ state: "waiting" }, state.runtimeLoad.waiting],
    ]);
  }
}

const volumeStats: readonly [name: string, help: string, value: (usage: FilesystemUsage) => number][] = [
  ["available_bytes", "Number of available bytes in the volume", ({ availableBytes }) => availableBytes],
  ["capacity_bytes", "Capacity in bytes of the volume", ({ capacityBytes }) => capacityBytes],
  ["inodes", "Maximum number of inodes in the volume", ({ inodes }) => inodes],
  ["inodes_free", "Number of free inodes in the volume", ({ inodesFree }) => inodesFree],
  ["inodes_used", "Number of used inodes in the volume", ({ inodes, inodesFree }) => inodes - inodesFree],
  ["used_bytes", "Number of used bytes in the volume", ({ usedBytes }) => usedBytes],
];

const plugins: Record<string, string> = {
  emptyDir: "kubernetes.io/empty-dir",
  configMap: "kubernetes.io/configmap",
  secret: "kubernetes.io/secret",
  projected: "kubernetes.io/projected",
  downwardAPI: "kubernetes.io/downward-api",
  hostPath: "kubernetes.io/host-path",
  persistentVolumeClaim: "kubernetes.io/local-volume",
};

function pluginOf(volume: object): string {
  const source = Object.keys(volume).find((key) => Object.hasOwn(plugins, key));
  return source === undefined ? "unknown" : plugins[source];
}

function count<T>(items: Iterable<T>, key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}
