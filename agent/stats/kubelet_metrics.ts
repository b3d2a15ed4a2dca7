/**
 * `/metrics`: kubelet's own figures, under its names, of what happens between scrapes: counted as it happens, by whoever
 * is told about it (calls to the runtime, relists, actions of pod workers, pods that come and change). What there is now
 * is looked up at the scrape: `kubelet_state.ts`.
 */
import type { Pod } from "../objects/mod.ts";
import { defaultBounds, exponentialBounds, Metrics } from "../telemetry/metrics.ts";

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
  readonly #sandboxSeconds = this.metrics.histogram(
    "kubelet_run_podsandbox_duration_seconds",
    "[ALPHA] Duration in seconds of the run_podsandbox operations. Broken down by RuntimeClass.Handler.",
    ["runtime_handler"],
    defaultBounds,
  );
  readonly #sandboxErrors = this.metrics.counter(
    "kubelet_run_podsandbox_errors_total",
    "[ALPHA] Cumulative number of the run_podsandbox operation errors by RuntimeClass.Handler.",
    ["runtime_handler"],
  );
  readonly #pullSeconds = this.metrics.histogram(
    "kubelet_image_pull_duration_seconds",
    "[ALPHA] Duration in seconds to pull an image.",
    ["image_size_in_bytes"],
    [1, 5, 10, 20, 30, 60, 180, 360, 480, 600, 900, 1200, 1800, 2700, 3600],
  );
  readonly #containersPerPod = this.metrics.histogram(
    "kubelet_containers_per_pod_count",
    "[ALPHA] The number of containers per pod.",
    [],
    [1, 2, 4, 8, 16],
  );
  readonly #refusals = this.metrics.counter(
    "kubelet_admission_rejections_total",
    "[ALPHA] Cumulative number pod admission rejections by the Kubelet.",
    ["reason"],
  );
  readonly #evictions = this.metrics.counter(
    "kubelet_evictions",
    "[ALPHA] Cumulative number of pod evictions by eviction signal",
    ["eviction_signal"],
  );
  readonly #preemptions = this.metrics.counter(
    "kubelet_preemptions",
    "[ALPHA] Cumulative number of pod preemptions by preemption resource",
    ["preemption_signal"],
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
  readonly #evictionStatsAge = this.metrics.histogram(
    "kubelet_eviction_stats_age_seconds",
    "[ALPHA] Time between when stats are collected, and when pod is evicted based on those stats by eviction signal",
    ["eviction_signal"],
    defaultBounds,
  );
  #lastRelist: number | undefined;

  constructor() {
    this.metrics.collect((out) => {
      if (this.lastRelistAt === undefined) return;
      out.family(
        "kubelet_pleg_last_seen_seconds",
        "gauge",
        "[ALPHA] Timestamp in seconds when PLEG was last seen active.",
      );
      out.sample("", this.lastRelistAt / 1000);
    });
  }

  /** Wall-clock milliseconds of the last relist. */
  lastRelistAt: number | undefined;

  /** A call to the runtime has ended. */
  runtimeCall({ method, request, ms, error }: RuntimeCall): void {
    const operation = operationName(method);
    this.#operations.add([operation]);
    this.#operationSeconds.observe(ms / 1000, [operation]);
    if (error !== undefined) this.#operationErrors.add([operation]);
    switch (method) {
      case "runPodSandbox": {
        const handler = [(request as { runtimeHandler?: string })?.runtimeHandler ?? ""];
        this.#sandboxSeconds.observe(ms / 1000, handler);
        if (error !== undefined) this.#sandboxErrors.add(handler);
        this.#startedPods.add();
        this.#startedContainers.add(["podsandbox"]);
        if (error !== undefined) {
          this.#startedPodErrors.add();
          this.#startedContainerErrors.add(["podsandbox", "CreatePodSandboxError"]);
        }
        break;
      }
      case "pullImage":
        // kubelet groups by size where the runtime tells it before
        if (error === undefined) this.#pullSeconds.observe(ms / 1000, ["N/A"]);
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

  /** The runtime was asked for everything. `began`: monotonic milliseconds; `now`: the wall clock's. */
  relisted(began: number, ms: number, now?: number): void {
    this.lastRelistAt = now;
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

  /** A pod has come. */
  podAdded({ spec }: Pod): void {
    this.#containersPerPod.observe(spec.containers.length);
  }

  /** A pod was ended for want of `signal`: `memory.available`. */
  evicted(signal: string): void {
    this.#evictions.add([signal]);
  }

  /** A pod was ended because a critical one lacked `resource`: `cpu`. */
  preempted(resource: string): void {
    this.#preemptions.add([resource]);
  }

  /** How old the figures were that led to an eviction. */
  evictionStatsAge(signal: string, seconds: number): void {
    this.#evictionStatsAge.observe(seconds, [signal]);
  }

  /** A pod has changed: one that begins to run is counted by its age, if it was made in this life of the agent. */
  podChanged(pod: Pod, previous: Pod | undefined, now: number): void {
    const { phase, reason = "" } = pod.status ?? {};
    if (phase === "Failed" && previous?.status?.phase !== "Failed" && refusals.test(reason)) {
      this.#refusals.add([reason]);
    }
    if (pod.status?.phase !== "Running" || previous?.status?.phase === "Running" || !previous) return;
    const made = Date.parse(pod.metadata.creationTimestamp ?? "");
    const age = (now - made) / 1000;
    if (age >= 0 && age < 24 * 3600) this.#podStartSeconds.observe(age);
  }
}

/** Reasons of pods that were not let in. */
const refusals =
  /^(OutOf\w+|NodeAffinity|NodeName|NodePorts|NodeShutdown|SysctlForbidden|AppArmor|PodOSNotSupported|UnexpectedAdmissionError|Topology\w*|\w*AffinityError|InsufficientResources)$/;

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
