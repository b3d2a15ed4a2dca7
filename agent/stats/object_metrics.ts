/**
 * `/metrics/objects`: what the node's objects say, under the names of kube-state-metrics: a node on its own has nobody else
 * to tell it, and dashboards and alerts join by it (`kube_pod_info`, `kube_pod_container_status_waiting_reason` …).
 */
import { cpuMillis, type Node, type Pod, quantityNumber } from "../objects/mod.ts";
import { type Exposition, type FamilyType, formatLabels } from "../telemetry/exposition.ts";

type Sample = [labels: Record<string, string>, value: number];
type Status = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

const phases = ["Pending", "Succeeded", "Failed", "Unknown", "Running"];
const seconds = (time: string | undefined) => Date.parse(time ?? "") / 1000;

export function writeObjectMetrics(out: Exposition, node: Node | undefined, pods: readonly Pod[]): void {
  const family = (name: string, type: FamilyType, help: string, samples: readonly Sample[]) => {
    if (samples.length === 0) return;
    out.family(name, type, help);
    for (const [labels, value] of samples) if (Number.isFinite(value)) out.sample(formatLabels(labels), value);
  };
  if (node) writeNode(family, node);
  writePods(family, pods);
  writeContainers(family, pods);
}

type WriteFamily = (name: string, type: FamilyType, help: string, samples: readonly Sample[]) => void;

function writeNode(
  family: WriteFamily,
  { metadata: { name: node, creationTimestamp }, spec, status = {} }: Node,
): void {
  const info = status.nodeInfo;
  family("kube_node_created", "gauge", "Unix creation timestamp", [[{ node }, seconds(creationTimestamp)]]);
  family("kube_node_info", "gauge", "Information about a cluster node.", [[{
    node,
    kernel_version: info?.kernelVersion ?? "",
    os_image: info?.osImage ?? "",
    container_runtime_version: info?.containerRuntimeVersion ?? "",
    kubelet_version: info?.kubeletVersion ?? "",
    system_uuid: info?.systemUUID ?? "",
    internal_ip: status.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "",
  }, 1]]);
  family("kube_node_spec_unschedulable", "gauge", "Whether a node can schedule new pods.", [
    [{ node }, spec?.unschedulable ? 1 : 0],
  ]);
  family(
    "kube_node_status_condition",
    "gauge",
    "The condition of a cluster node.",
    (status.conditions ?? []).flatMap(({ type: condition, status }) =>
      ["true", "false", "unknown"].map((each): Sample => [
        { node, condition, status: each },
        status.toLowerCase() === each ? 1 : 0,
      ])
    ),
  );
  for (const which of ["allocatable", "capacity"] as const) {
    family(
      `kube_node_status_${which}`,
      "gauge",
      which === "allocatable"
        ? "The allocatable for different resources of a node that are available for scheduling."
        : "The total amount of resources available for a node.",
      Object.entries(status[which] ?? {}).map(([resource, quantity]) => amount({ node }, resource, quantity)),
    );
  }
}

function writePods(family: WriteFamily, pods: readonly Pod[]): void {
  const each = (samples: (pod: Pod, labels: Record<string, string>) => Sample[]) =>
    pods.flatMap((pod) => samples(pod, podLabels(pod)));
  family(
    "kube_pod_info",
    "gauge",
    "Information about pod.",
    each(({ metadata: { ownerReferences }, spec, status }, labels) => [[{
      ...labels,
      host_ip: status?.hostIP ?? "",
      pod_ip: status?.podIP ?? "",
      node: spec.nodeName ?? "",
      created_by_kind: ownerReferences?.[0]?.kind ?? "",
      created_by_name: ownerReferences?.[0]?.name ?? "",
      priority_class: spec.priorityClassName ?? "",
      host_network: String(spec.hostNetwork === true),
    }, 1]]),
  );
  family(
    "kube_pod_owner",
    "gauge",
    "Information about the Pod's owner.",
    each(({ metadata: { ownerReferences = [] } }, labels) =>
      (ownerReferences.length > 0 ? ownerReferences : [undefined]).map((owner): Sample => [{
        ...labels,
        owner_kind: owner?.kind ?? "",
        owner_name: owner?.name ?? "",
        owner_is_controller: owner ? String(owner.controller === true) : "",
      }, 1])
    ),
  );
  family(
    "kube_pod_created",
    "gauge",
    "Unix creation timestamp",
    each(({ metadata }, labels) => [[labels, seconds(metadata.creationTimestamp)]]),
  );
  family(
    "kube_pod_status_phase",
    "gauge",
    "The pods current phase.",
    each(({ status }, labels) =>
      phases.map((phase): Sample => [{ ...labels, phase }, (status?.phase ?? "Pending") === phase ? 1 : 0])
    ),
  );
  family(
    "kube_pod_status_ready",
    "gauge",
    "Describes whether the pod is ready to serve requests.",
    each(({ status }, labels) => {
      const ready = status?.conditions?.find(({ type }) => type === "Ready")?.status.toLowerCase() ?? "unknown";
      return ["true", "false", "unknown"].map((condition): Sample => [
        { ...labels, condition },
        ready === condition ? 1 : 0,
      ]);
    }),
  );
  family(
    "kube_pod_status_reason",
    "gauge",
    "The pod status reasons",
    each(({ status }, labels) => status?.reason ? [[{ ...labels, reason: status.reason }, 1]] : []),
  );
}

function writeContainers(family: WriteFamily, pods: readonly Pod[]): void {
  const each = (samples: (status: Status, labels: Record<string, string>) => Sample[]) =>
    pods.flatMap((pod) => {
      const labels = podLabels(pod);
      return (pod.status?.containerStatuses ?? []).flatMap((status) =>
        samples(status, { ...labels, container: status.name })
      );
    });
  family(
    "kube_pod_container_status_restarts_total",
    "counter",
    "The number of container restarts per container.",
    each(({ restartCount }, labels) => [[labels, restartCount]]),
  );
  family(
    "kube_pod_container_status_ready",
    "gauge",
    "Describes whether the containers readiness check succeeded.",
    each(({ ready }, labels) => [[labels, ready ? 1 : 0]]),
  );
  family(
    "kube_pod_container_status_running",
    "gauge",
    "Describes whether the container is currently in running state.",
    each(({ state }, labels) => [[labels, state?.running ? 1 : 0]]),
  );
  family(
    "kube_pod_container_status_waiting_reason",
    "gauge",
    "Describes the reason the container is currently in waiting state.",
    each(({ state }, labels) => state?.waiting?.reason ? [[{ ...labels, reason: state.waiting.reason }, 1]] : []),
  );
  family(
    "kube_pod_container_status_last_terminated_reason",
    "gauge",
    "Describes the last reason the container was in terminated state.",
    each(({ lastState }, labels) => {
      const reason = lastState?.terminated?.reason;
      return reason ? [[{ ...labels, reason }, 1]] : [];
    }),
  );
  for (const which of ["requests", "limits"] as const) {
    family(
      `kube_pod_container_resource_${which}`,
      "gauge",
      which === "requests"
        ? "The number of requested request resource by a container."
        : "The number of requested limit resource by a container.",
      pods.flatMap((pod) =>
        pod.spec.containers.flatMap(({ name: container, resources }) =>
          Object.entries(resources?.[which] ?? {}).map(([resource, quantity]) =>
            amount({ ...podLabels(pod), container, node: pod.spec.nodeName ?? "" }, resource, quantity)
          )
        )
      ),
    );
  }
}

function podLabels({ metadata: { namespace = "default", name, uid = "" } }: Pod): Record<string, string> {
  return { namespace, pod: name, uid };
}

/** Cores, bytes or a number of things, with the name and unit as labels. */
function amount(labels: Record<string, string>, resource: string, quantity: string | number): Sample {
  const unit = resource === "cpu" ? "core" : /memory|storage|^hugepages-/.test(resource) ? "byte" : "integer";
  const value = resource === "cpu" ? cpuMillis(quantity) / 1000 : quantityNumber(quantity);
  return [{ ...labels, resource: resource.replace(/[^a-zA-Z0-9]/g, "_"), unit }, value];
}
