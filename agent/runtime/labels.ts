/**
 * What is written on sandboxes and containers so that they can be recognised: kubelet's labels and annotations, which
 * `crictl`, log collectors and metric agents read, and islet's own. All that is needed to adopt or to end a pod whose
 * object is lost is here.
 *
 * Labels are what the runtime can filter by; annotations hold what may be long.
 */
import type { Container, Pod } from "../objects/mod.ts";
import { podContainers } from "../objects/mod.ts";
import { containerHash, containerHashVersion } from "./hash.ts";

// Labels of sandboxes and containers.
export const podNameLabel = "io.kubernetes.pod.name";
export const podNamespaceLabel = "io.kubernetes.pod.namespace";
export const podUidLabel = "io.kubernetes.pod.uid";
export const containerNameLabel = "io.kubernetes.container.name";
/** The installation that made the object: only own objects are ever removed. */
export const ownerLabel = "dev.islet/owner";
/** The manifest that a pod comes from. Also an annotation of the Pod object. */
export const sourceFileLabel = "dev.islet/source-file";
/** Hash of what makes a pod this pod, as the source computed it. Also an annotation of the Pod object. */
export const specHashLabel = "dev.islet/spec-hash";

// Annotations of containers.
export const hashAnnotation = "io.kubernetes.container.hash";
export const restartCountAnnotation = "io.kubernetes.container.restartCount";
export const terminationMessagePathAnnotation = "io.kubernetes.container.terminationMessagePath";
export const terminationMessagePolicyAnnotation = "io.kubernetes.container.terminationMessagePolicy";
export const preStopHandlerAnnotation = "io.kubernetes.container.preStopHandler";
/** The spec's own: kubelet has none for it. */
export const stopSignalAnnotation = "dev.islet/stop-signal";
export const portsAnnotation = "io.kubernetes.container.ports";
export const containerTypeAnnotation = "io.kubernetes.container.type";
export const terminationGracePeriodAnnotation = "io.kubernetes.pod.terminationGracePeriod";
export const deletionGracePeriodAnnotation = "io.kubernetes.pod.deletionGracePeriod";
/** Which way of computing `io.kubernetes.container.hash` was used. */
export const hashVersionAnnotation = "dev.islet/container-hash-version";
/** The image as the manifest names it; runtimes answer with the id or another tag of the same image. */
export const imageAnnotation = "dev.islet/image";
/** The requests and limits that the container was made with: a pod's are changed in place (KEP-1287). */
export const resourcesAnnotation = "dev.islet/resources";
/** The CPUs that the container has for itself, which an agent that starts takes over from here. */
export const cpusAnnotation = "dev.islet/cpus";
/** `sidecar` where the container is one; `io.kubernetes.container.type` does not tell. */
export const roleAnnotation = "dev.islet/role";

// Annotations of Pod objects that sources write.
export const configHashAnnotation = "kubernetes.io/config.hash";
export const configSourceAnnotation = "kubernetes.io/config.source";

/** containerd refuses a label whose name and value together are longer than 4096 bytes. */
const longestLabel = 4096;

/** A sandbox's labels: the pod's own, its identity, and where it comes from. */
export function sandboxLabels(pod: Pod, owner: string): Record<string, string> {
  const { labels, annotations } = pod.metadata;
  const out: Record<string, string> = { ...labels, ...identity(pod), [ownerLabel]: owner };
  delete out[sourceFileLabel];
  delete out[specHashLabel];
  const file = annotations?.[sourceFileLabel];
  // A longer path is in the annotations all the same.
  if (file && new TextEncoder().encode(file).length + sourceFileLabel.length < longestLabel) {
    out[sourceFileLabel] = file;
  }
  const hash = annotations?.[specHashLabel] ?? annotations?.[configHashAnnotation];
  if (hash) out[specHashLabel] = hash;
  return out;
}

/** A sandbox's annotations: the pod's. */
export function sandboxAnnotations(pod: Pod): Record<string, string> {
  return { ...pod.metadata.annotations };
}

/** A container's labels. */
export function containerLabels(pod: Pod, container: Pick<Container, "name">, owner: string): Record<string, string> {
  return { ...identity(pod), [containerNameLabel]: container.name, [ownerLabel]: owner };
}

/** A container's annotations: how to recognise its spec, and how to end it by its own rules. */
export function containerAnnotations(pod: Pod, container: Container, attempt: number): Record<string, string> {
  const out: Record<string, string> = {
    [hashAnnotation]: containerHash(container),
    [hashVersionAnnotation]: String(containerHashVersion),
    [imageAnnotation]: container.image,
    [restartCountAnnotation]: String(attempt),
    [terminationMessagePathAnnotation]: container.terminationMessagePath ?? "",
    [terminationMessagePolicyAnnotation]: container.terminationMessagePolicy ?? "",
  };
  const { deletionGracePeriodSeconds } = pod.metadata;
  const { terminationGracePeriodSeconds } = pod.spec;
  if (deletionGracePeriodSeconds !== undefined) {
    out[deletionGracePeriodAnnotation] = String(deletionGracePeriodSeconds);
  }
  if (terminationGracePeriodSeconds !== undefined) {
    out[terminationGracePeriodAnnotation] = String(terminationGracePeriodSeconds);
  }
  if (container.lifecycle?.preStop) out[preStopHandlerAnnotation] = JSON.stringify(container.lifecycle.preStop);
  if (container.lifecycle?.stopSignal) out[stopSignalAnnotation] = container.lifecycle.stopSignal;
  if (container.ports?.length) out[portsAnnotation] = JSON.stringify(container.ports);
  const role = podContainers(pod).find((one) => one.container.name === container.name)?.role;
  if (role) {
    out[containerTypeAnnotation] =
      { init: "init", sidecar: "init", regular: "container", ephemeral: "ephemeral" }[role];
  }
  if (role === "sidecar") out[roleAnnotation] = role;
  if (role !== "ephemeral") {
    const { limits, requests } = container.resources ?? {};
    out[resourcesAnnotation] = JSON.stringify({ limits, requests });
  }
  return out;
}

/** The label selector for everything that this installation made, or of it what belongs to one pod. */
export function ownSelector(owner: string, podUid?: string): Record<string, string> {
  return podUid === undefined ? { [ownerLabel]: owner } : { [ownerLabel]: owner, [podUidLabel]: podUid };
}

/** Who a sandbox or container says it belongs to. */
export interface Identity {
  uid: string;
  namespace: string;
  name: string;
  /** Containers only. */
  container?: string;
  owner?: string;
  sourceFile?: string;
  specHash?: string;
}

/** Reads an identity back; undefined where the labels are not those of a Kubernetes pod. */
export function readIdentity(
  { labels, annotations }: { labels: Record<string, string>; annotations: Record<string, string> },
): Identity | undefined {
  const uid = labels[podUidLabel];
  const namespace = labels[podNamespaceLabel];
  const name = labels[podNameLabel];
  if (!uid || !namespace || !name) return undefined;
  return {
    uid,
    namespace,
    name,
    container: labels[containerNameLabel],
    owner: labels[ownerLabel],
    sourceFile: labels[sourceFileLabel] ?? annotations[sourceFileLabel],
    specHash: labels[specHashLabel] ?? annotations[specHashLabel] ?? annotations[configHashAnnotation],
  };
}

function identity(pod: Pod): Record<string, string> {
  return {
    [podNameLabel]: pod.metadata.name,
    [podNamespaceLabel]: namespaceOf(pod),
    [podUidLabel]: pod.metadata.uid ?? "",
  };
}

/** A pod's namespace; objects that were defaulted always name one. */
export function namespaceOf(pod: Pod): string {
  return pod.metadata.namespace ?? "default";
}

/** `name_namespace(uid)`: how kubelet names a pod in messages. */
export function formatPod(pod: Pod): string {
  return `${pod.metadata.name}_${namespaceOf(pod)}(${pod.metadata.uid ?? ""})`;
}
