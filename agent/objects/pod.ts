/** Pod: the whole PodSpec of Kubernetes 1.36; what the node does not support is known by name, so that it can be refused. */
import {
  fieldMeta,
  flag,
  int,
  lazily,
  list,
  mapList,
  neededMapList,
  neededText,
  neededWord,
  object,
  opt,
  resourceList,
  text,
  textMap,
  unsupported,
  word,
  type z,
} from "./schema.ts";
import { localObjectReference, objectMeta } from "./meta.ts";
import { container, ephemeralContainer, resourceRequirements } from "./container.ts";
import { affinity, toleration, topologySpreadConstraint } from "./scheduling.ts";
import { podSecurityContext } from "./security.ts";
import { podStatus } from "./pod_status.ts";
import { volume } from "./volume.ts";

export const podDNSConfig = lazily(() =>
  object({
    nameservers: list(neededText),
    searches: list(neededText),
    options: list(object({ name: text, value: text })),
  })
);
export interface PodDNSConfig extends z.infer<ReturnType<typeof podDNSConfig>> {}

const hostAlias = lazily(() => object({ ip: neededText, hostnames: list(neededText) }));
export interface HostAlias extends z.infer<ReturnType<typeof hostAlias>> {}

export const podSpec = lazily(() =>
  object({
    volumes: mapList(volume(), "name", ["name"], "merge,retainKeys"),
    initContainers: mapList(container(), "name"),
    containers: neededMapList(container(), "name"),
    ephemeralContainers: mapList(ephemeralContainer(), "name"),
    restartPolicy: word("Always", "Never", "OnFailure"),
    terminationGracePeriodSeconds: int,
    activeDeadlineSeconds: int,
    dnsPolicy: word("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    nodeSelector: textMap,
    serviceAccountName: text,
    serviceAccount: text,
    automountServiceAccountToken: flag,
    nodeName: text,
    hostNetwork: flag,
    hostPID: flag,
    hostIPC: flag,
    shareProcessNamespace: flag,
    securityContext: opt(podSecurityContext()),
    imagePullSecrets: mapList(localObjectReference(), "name"),
    hostname: text,
    subdomain: text,
    affinity: opt(affinity()),
    schedulerName: text,
    tolerations: list(toleration()),
    hostAliases: mapList(hostAlias(), "ip"),
    priorityClassName: text,
    priority: int,
    dnsConfig: opt(podDNSConfig()),
    readinessGates: list(object({ conditionType: neededText })),
    runtimeClassName: text,
    enableServiceLinks: flag,
    preemptionPolicy: word("Never", "PreemptLowerPriority"),
    overhead: resourceList,
    topologySpreadConstraints: mapList(topologySpreadConstraint(), "topologyKey", ["topologyKey", "whenUnsatisfiable"]),
    setHostnameAsFQDN: flag,
    os: opt(object({ name: neededText })),
    hostUsers: flag,
    schedulingGates: mapList(object({ name: neededText }), "name"),
    resourceClaims: mapList(
      object({ name: neededText, resourceClaimName: text, resourceClaimTemplateName: text }),
      "name",
      ["name"],
      "merge,retainKeys",
    ),
    resources: opt(resourceRequirements()),
    hostnameOverride: text,
    workloadRef: unsupported,
  })
);
export interface PodSpec extends z.infer<ReturnType<typeof podSpec>> {}

export const podSchema = lazily(() => {
  const schema = object({
    apiVersion: neededWord("v1"),
    kind: neededWord("Pod"),
    metadata: objectMeta(),
    spec: podSpec(),
    status: opt(podStatus()),
  });
  fieldMeta.add(schema, { gvk: { apiVersion: "v1", kind: "Pod" } });
  return schema;
});
export interface Pod extends z.infer<ReturnType<typeof podSchema>> {}
