/** Which container of a pod a request is about, in kubelet's and kube-apiserver's words where there is none. */
import type { Container, ContainerStatus, Pod } from "../objects/mod.ts";
import { podContainers } from "../objects/pod_containers.ts";
import { badRequest } from "./status.ts";

/** The container that is named, or the only one there is; throws a 400. */
export function chooseContainer(pod: Pod, named: string | undefined): Container {
  const all = podContainers(pod);
  if (named) {
    const found = all.find(({ container }) => container.name === named);
    if (!found) throw badRequest(`container ${named} is not valid for pod ${pod.metadata.name}`);
    return found.container;
  }
  const regular = pod.spec.containers;
  if (regular.length === 1) return regular[0];
  const inits = (pod.spec.initContainers ?? []).map(({ name }) => name);
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${
      regular.map(({ name }) => name).join(" ")
    }]${inits.length > 0 ? ` or one of the init containers: [${inits.join(" ")}]` : ""}`,
  );
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
