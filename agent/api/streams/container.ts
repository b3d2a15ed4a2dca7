/** Which pod and which container a request is about, in kube-apiserver's and kubelet's words where there is none. */
import type { Container, ContainerStatus, Pod } from "../../objects/mod.ts";
import { podContainers } from "../../objects/pod_containers.ts";
import { ApiError, badRequest, notFound } from "../status.ts";
import type { StreamDeps } from "./deps.ts";

/** The pod of that name; one of the machine's own hides one of the same name from a control plane. */
export function findPod({ store }: Pick<StreamDeps, "store">, namespace: string, name: string): Pod | undefined {
  return store.get<Pod>("local", "Pod", namespace, name) ?? store.get<Pod>("control-plane", "Pod", namespace, name);
}

/** The same; throws the API's 404. */
export function requirePod(deps: Pick<StreamDeps, "store">, namespace: string, name: string): Pod {
  const pod = findPod(deps, namespace, name);
  if (!pod) throw notFound("pods", name);
  return pod;
}

/** The container that is named, or the only one there is; throws a 400. */
export function chooseContainer(pod: Pod, named: string | undefined): Container {
  const all = podContainers(pod).map(({ container }) => container);
  if (named) {
    const found = all.find(({ name }) => name === named);
    if (!found) throw badRequest(`container ${named} is not valid for pod ${pod.metadata.name}`);
    return found;
  }
  if (pod.spec.containers.length === 1) return pod.spec.containers[0];
  const names = all.map(({ name }) => name).join(" ");
  throw badRequest(`a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names}]`);
}

export function statusOfContainer({ status = {} }: Pod, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status;
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses]
    .find((status) => status.name === name);
}

/** `containerd://<id>` → the runtime's id. */
export function runtimeId(containerID: string | undefined): string {
  return containerID?.replace(/^[^:]*:\/\//, "") ?? "";
}

/** There is such a container, but nothing runs in it; kubelet's words. */
export class NotRunningError extends ApiError {
  constructor(what: string, name: string) {
    super(500, "InternalError", `${what} not found (${JSON.stringify(name)})`);
  }
}

/** The runtime's id of a container that runs; throws a NotRunningError. */
export function runningContainer({ observer }: Pick<StreamDeps, "observer">, pod: Pod, name: string): string {
  const observed = observer.get(pod.metadata.uid!)?.containers.find((each) =>
    each.name === name && each.state === "running"
  );
  if (observed) return observed.id;
  const status = statusOfContainer(pod, name);
  if (status?.state?.running && status.containerID) return runtimeId(status.containerID);
  throw new NotRunningError("container", name);
}

/** The runtime's id of the pod's sandbox; throws a NotRunningError. */
export function readySandbox({ observer }: Pick<StreamDeps, "observer">, pod: Pod): string {
  const ready = observer.get(pod.metadata.uid!)?.sandboxes.find((sandbox) => sandbox.ready);
  if (!ready) throw new NotRunningError("pod", `${pod.metadata.name}_${pod.metadata.namespace}`);
  return ready.id;
}

/** Throws the API's 400 for a pod that no node has. */
export function requireNode(pod: Pod): void {
  if (!pod.spec.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
}
