/**
 * `/metrics`: kubelet's own figures, under its names. What happens between scrapes is counted as it happens, by whoever
 * is told about it (calls to the runtime, relists, actions of pod workers, pods that begin to run); what there is now is
 * looked up at the scrape.
 */
import type { Pod } from "../objects/mod.ts";
import type { ObservedPod } from "../observed/types.ts";
import { type Exposition, formatLabels } from "../telemetry/exposition.ts";
import { defaultBounds, exponentialBounds, Metrics } from "../telemetry/metrics.ts";
import type { FilesystemUsage } from "./filesystems.ts";

/** A call to the container runtime that has ended. */
export interface RuntimeCall {
  /** As the client spells it: `runPodSandbox`. */
  method: string;
  request: unknown;
  ms: number;
  error?: unknown;
}

/** What is counted as it happens. Every method is cheap and never throws. */
export class KubeletMetrics {
  readonly metrics = new Metrics();
  readonly #operations = this.metrics.counter(
    "kubelet_runtime_operations_total",
    "[ALPHA] Cumulative number of runtime operations by operation type.",
    ["operation_type"],
  );
  readonly #operationErrors = this.metrics.counter(
    "kubelet_runtime_operations_errors_total",
    "[ALPHA] Cumulative number of runtime operation errors by operation type.",
    ["operation_type"],
  );
  readonly #operationSeconds = this.metrics.histogram(
    "kubelet_runtime_operations_duration_seconds",
    "[ALPHA] Duration in seconds of runtime operations. Broken down by operation type.",
    ["operation_type"],
    exponentialBounds(0.005, 2.5, 14),
  );
  readonly #startedPods = this.metrics.counter(
    "kubelet_started_pods_total",
    "[ALPHA] Cumulative number of pods started",
  );
  readonly #startedPodErrors = this.metrics.counter(
    "kubelet_started_pods_errors_total",
    "[ALPHA] Cumulative number of errors when starting pods",
  );
  readonly #startedContainers = this.metrics.counter(
    "kubelet_started_containers_total",
    "[ALPHA] Cumulative number of containers started",
    ["container_type"],
  );
  readonly #startedContainerErrors = this.metrics.counter(
    "kubelet_started_containers_errors_total",
    "[ALPHA] Cumulative number of errors when starting containers",
    ["container_type", "code"],
  );
  readonly #relistSeconds = this.metrics.histogram(
    "kubelet_pleg_relist_duration_seconds",
    "[ALPHA] Duration in seconds for relisting pods in PLEG.",
    [],
    defaultBounds,
  );
  readonly #relistInterval = this.metrics.histogram(
    "kubelet_pleg_relist_interval_seconds",
    "[ALPHA] Interval in seconds between relisting in PLEG.",
    [],
    // relists are ten seconds apart where the runtime tells of events
    [...defaultBounds, 15, 30, 60],
  );
  readonly #podStartSeconds = this.metrics.histogram(
    "kubelet_pod_start_duration_seconds",
    "[ALPHA] Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run",
    [],
    [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600],
  );
  readonly #workerSeconds = this.metrics.histogram(
    "kubelet_pod_worker_duration_seconds",
    "[ALPHA] Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync",
    ["operation_type"],
    defaultBounds,
  );
  readonly #actions = this.metrics.histogram(
    "islet_pod_action_duration_seconds",
    "Duration in seconds of the steps that pod workers take.",
    ["action", "result"],
    exponentialBounds(0.005, 2.5, 12),
  );
  readonly #imagesCollected = this.metrics.counter(
    "kubelet_image_garbage_collected_total",
    "[ALPHA] Total number of images garbage collected by the kubelet, whether through disk usage or image age.",
    ["reason"],
  );
  #lastRelist: number | undefined;

  /** A call to the runtime has ended. */
  runtimeCall({ method, request, ms, error }: RuntimeCall): void {
    const operation = operationName(method);
    this.#operations.add([operation]);
    this.#operationSeconds.observe(ms / 1000, [operation]);
    if (error !== undefined) this.#operationErrors.add([operation]);
    switch (method) {
      case "runPodSandbox":
        this.#startedPods.add();
        this.#startedContainers.add(["podsandbox"]);
        if (error !== undefined) {
          this.#startedPodErrors.add();
          this.#startedContainerErrors.add(["podsandbox", "CreatePodSandboxError"]);
        }
        break;
      case "createContainer": {
        const type = containerType(request);
        this.#startedContainers.add([type]);
        if (error !== undefined) this.#startedContainerErrors.add([type, "CreateContainerError"]);
        break;
      }
      case "startContainer":
        if (error !== undefined) this.#startedContainerErrors.add(["container", "RunContainerError"]);
    }
  }

  /** The runtime was asked for everything. `began`: monotonic milliseconds. */
  relisted(began: number, ms: number): void {
    this.#relistSeconds.observe(ms / 1000);
    if (this.#lastRelist !== undefined) this.#relistInterval.observe((began - this.#lastRelist) / 1000);
    this.#lastRelist = began;
  }

  /** An image that nothing needed was removed: to make room, or for its age. */
  imageCollected(reason: "space" | "age"): void {
    this.#imagesCollected.add([reason]);
  }

  /** A pod's worker has taken a step. */
  podAction(action: string, ms: number, failed: boolean): void {
    this.#workerSeconds.observe(ms / 1000, [action === "createSandbox" ? "create" : "sync"]);
    this.#actions.observe(ms / 1000, [action, failed ? "error" : "success"]);
  }

  /** A pod has changed: one that begins to run is counted by its age, if it was made in this life of the agent. */
  podChanged(pod: Pod, previous: Pod | undefined, now: number): void {
    if (pod.status?.phase !== "Running" || previous?.status?.phase === "Running" || !previous) return;
    const made = Date.parse(pod.metadata.creationTimestamp ?? "");
    const age = (now - made) / 1000;
    if (age >= 0 && age < 24 * 3600) this.#podStartSeconds.observe(age);
  }
}

/** `runPodSandbox` → `run_podsandbox`, as kubelet names its calls. */
export function operationName(method: string): string {
  return method.replace(/[A-Z]/g, (char) => `_${char.toLowerCase()}`).replace("pod_sandbox", "podsandbox");
}

/** What the annotation of a container to be made says that it is. */
function containerType(request: unknown): string {
  const annotations = (request as { config?: { annotations?: Record<string, string> } })?.config?.annotations;
  switch (annotations?.["io.kubernetes.container.type"]) {
    case "init":
      return "init_container";
    case "ephemeral":
      return "ephemeral_container";
    default:
      return "container";
  }
}

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
  claimedVolumes: readonly { claim: { namespace: string; name: string }; usage: FilesystemUsage }[];
}

export function writeKubeletState(out: Exposition, state: KubeletState): void {
  const gauge = (name: string, help: string, samples: Iterable<[labels: Record<string, string>, value: number]>) => {
    let begun = false;
    for (const [labels, value] of samples) {
      if (!begun) out.family(name, "gauge", help);
      begun = true;
      out.sample(formatLabels(labels), value);
    }
  };
  const { nodeName, version, pods, observed, cgroupVersion } = state;
  gauge("kubelet_node_name", "[ALPHA] The node's name. The count is always 1.", [[{ node: nodeName }, 1]]);
  gauge("kubernetes_build_info", "[ALPHA] A metric with a constant '1' value labeled by version and platform.", [[
    { git_version: version, platform: `linux/${Deno.build.arch === "aarch64" ? "arm64" : "amd64"}` },
    1,
  ]]);
  gauge("kubelet_cgroup_version", "[ALPHA] cgroup version on the hosts.", [[{}, cgroupVersion]]);

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
    observed.filter(({ sandboxes }) => sandboxes.some(({ ready }) => ready)).length,
  ]]);
  gauge(
    "kubelet_running_containers",
    "[ALPHA] Number of containers currently running",
    [...count(observed.flatMap(({ containers }) => containers), ({ state }) => state)]
      .map(([state, number]) => [{ container_state: state }, number]),
  );

  const plugins = count(pods.flatMap(({ spec }) => spec.volumes ?? []), pluginOf);
  gauge(
    "volume_manager_total_volumes",
    "[ALPHA] Number of volumes in Volume Manager",
    [...plugins].map(([plugin, number]) => [{ plugin_name: plugin, state: "desired_state_of_world" }, number]),
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
