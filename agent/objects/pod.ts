/** Pod: the whole PodSpec of Kubernetes 1.36; what the node does not support is known by name, so that it can be refused. */
import {
  atomicTextMap,
  define,
  defineKind,
  flag,
  int,
  lazily,
  list,
  long,
  mapList,
  neededMapList,
  neededText,
  opt,
  resourceList,
  text,
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
  define("core.v1.PodDNSConfig", {
    nameservers: list(neededText),
    searches: list(neededText),
    options: list(define("core.v1.PodDNSConfigOption", { name: text, value: text })),
  })
);
export interface PodDNSConfig extends z.infer<ReturnType<typeof podDNSConfig>> {}

const hostAlias = lazily(() => define("core.v1.HostAlias", { ip: neededText, hostnames: list(neededText) }));
export interface HostAlias extends z.infer<ReturnType<typeof hostAlias>> {}

export const podSpec = lazily(() =>
  define("core.v1.PodSpec", {
    volumes: mapList(volume(), "name", ["name"], "merge,retainKeys"),
    initContainers: mapList(container(), "name"),
    containers: neededMapList(container(), "name"),
    ephemeralContainers: mapList(ephemeralContainer(), "name"),
    restartPolicy: word("Always", "Never", "OnFailure"),
    terminationGracePeriodSeconds: long,
    activeDeadlineSeconds: long,
    dnsPolicy: word("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    nodeSelector: atomicTextMap,
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
    readinessGates: list(define("core.v1.PodReadinessGate", { conditionType: neededText })),
    runtimeClassName: text,
    enableServiceLinks: flag,
    preemptionPolicy: word("Never", "PreemptLowerPriority"),
    overhead: resourceList,
    topologySpreadConstraints: mapList(topologySpreadConstraint(), "topologyKey", ["topologyKey", "whenUnsatisfiable"]),
    setHostnameAsFQDN: flag,
    os: opt(define("core.v1.PodOS", { name: neededText })),
    hostUsers: flag,
    schedulingGates: mapList(define("core.v1.PodSchedulingGate", { name: neededText }), "name"),
    resourceClaims: mapList(
      define("core.v1.PodResourceClaim", {
        name: neededText,
        resourceClaimName: text,
        resourceClaimTemplateName: text,
      }),
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

export const podSchema = lazily(() =>
  defineKind("v1", "Pod", { metadata: objectMeta(), spec: podSpec(), status: opt(podStatus()) })
);
export interface Pod extends z.infer<ReturnType<typeof podSchema>> {}
