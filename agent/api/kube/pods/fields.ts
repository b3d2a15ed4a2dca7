/** Fields of pods that a `fieldSelector` may name, as kube-apiserver has them. */
import type { Pod } from "../../../objects/mod.ts";

export const podFields: Readonly<Record<string, (pod: Pod) => string | undefined>> = {
  "spec.nodeName": ({ spec }) => spec.nodeName,
  "spec.restartPolicy": ({ spec }) => spec.restartPolicy,
  "spec.schedulerName": ({ spec }) => spec.schedulerName,
  "spec.serviceAccountName": ({ spec }) => spec.serviceAccountName,
  "spec.hostNetwork": ({ spec }) => String(spec.hostNetwork ?? false),
  "status.phase": ({ status }) => status?.phase,
  "status.podIP": ({ status }) => status?.podIP,
  "status.nominatedNodeName": ({ status }) => status?.nominatedNodeName,
};
