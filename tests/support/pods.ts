/** Manifests of test pods, as short as can be. */
import type { KubeObject, Pod } from "../../agent/objects/mod.ts";
import { busyboxImage } from "../images/build.ts";

// deno-lint-ignore no-explicit-any -- manifests are written as users write them, wrong ones among them
type Loose = Record<string, any>;

/** A shell's script that does nothing until SIGTERM, at which it ends at once. */
export const idle = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done";

/** A container that runs a shell script. Its probes have time on a busy machine, unless they say how much. */
export function container(name: string, script: string = idle, more: Loose = {}): Loose {
  const made: Loose = { name, image: busyboxImage, command: ["sh", "-c", script], ...more };
  for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"].filter((probe) => probe in made)) {
    made[probe] = { timeoutSeconds: 20, ...made[probe] };
  }
  return made;
}

/**
 * A pod of these containers, or of one that runs the script; a second of grace. Where the way it ends is what a test looks at it
 * wants {@linkcode ample} grace: a busy machine may need the second for less.
 */
export function pod(name: string, content: string | Loose[] | Loose = idle, spec: Loose = {}, metadata: Loose = {}) {
  const containers = typeof content === "string"
    ? [container("main", content)]
    : Array.isArray(content)
    ? content
    : [content];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...metadata },
    spec: { terminationGracePeriodSeconds: 1, containers, ...spec },
  };
}

/** Grace that nobody uses up who ends by himself. */
export const ample = { terminationGracePeriodSeconds: 60 };

export function configMap(name: string, data: Record<string, string>, more: Loose = {}) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data, ...more };
}

export function secret(name: string, stringData: Record<string, string>, more: Loose = {}) {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData, ...more };
}

/** Objects as one manifest. */
export function manifest(objects: Loose | Loose[]): string {
  return [objects].flat().map((object) => JSON.stringify(object, null, 1)).join("\n---\n") + "\n";
}

export function isReady(pod: Pod): boolean {
  return condition(pod, "Ready")?.status === "True";
}

export function condition(pod: Pod, type: string) {
  return pod.status?.conditions?.find((one) => one.type === type);
}

/** A container's status, whichever kind it is of; the only container's without a name. */
export function statusOf(pod: Pod, name?: string) {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  const all = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
  return name === undefined ? pod.status?.containerStatuses?.[0] : all.find((status) => status.name === name);
}

/** A container's ID without the runtime's name. */
export function containerId(pod: Pod, name?: string): string {
  const id = statusOf(pod, name)?.containerID;
  if (!id) {
    throw new Error(`Cannot find a container${name ? ` ${name}` : ""} of pod ${pod.metadata.name}: none is known`);
  }
  return id.slice(id.indexOf("://") + 3);
}

export function finished(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

export type { KubeObject, Pod };
