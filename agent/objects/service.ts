/** Service and EndpointSlice. */
import {
  atomicTextMap,
  define,
  defineKind,
  flag,
  int,
  intOrString,
  lazily,
  list,
  mapList,
  neededInt,
  neededText,
  neededWord,
  opt,
  setList,
  text,
  textMap,
  texts,
  word,
  type z,
} from "./schema.ts";
import { condition, objectMeta, objectReference } from "./meta.ts";

const servicePort = lazily(() =>
  define("core.v1.ServicePort", {
    name: text,
    protocol: word("SCTP", "TCP", "UDP"),
    appProtocol: text,
    port: neededInt,
    targetPort: intOrString,
    nodePort: int,
  })
);
export interface ServicePort extends z.infer<ReturnType<typeof servicePort>> {}

const serviceSpec = lazily(() =>
  define("core.v1.ServiceSpec", {
    ports: mapList(servicePort(), "port", ["port", "protocol"]),
    selector: atomicTextMap,
    clusterIP: text,
    clusterIPs: texts,
    type: word("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
    externalIPs: texts,
    sessionAffinity: word("ClientIP", "None"),
    loadBalancerIP: text,
    loadBalancerSourceRanges: texts,
    externalName: text,
    externalTrafficPolicy: word("Cluster", "Local"),
    healthCheckNodePort: int,
    publishNotReadyAddresses: flag,
    sessionAffinityConfig: opt(
      define("core.v1.SessionAffinityConfig", {
        clientIP: opt(define("core.v1.ClientIPConfig", { timeoutSeconds: int })),
      }),
    ),
    ipFamilies: list(neededWord("IPv4", "IPv6")),
    ipFamilyPolicy: word("PreferDualStack", "RequireDualStack", "SingleStack"),
    allocateLoadBalancerNodePorts: flag,
    loadBalancerClass: text,
    internalTrafficPolicy: word("Cluster", "Local"),
    trafficDistribution: text,
  })
);
export interface ServiceSpec extends z.infer<ReturnType<typeof serviceSpec>> {}

const serviceStatus = lazily(() =>
  define("core.v1.ServiceStatus", {
    loadBalancer: opt(
      define("core.v1.LoadBalancerStatus", {
        ingress: list(
          define("core.v1.LoadBalancerIngress", {
            ip: text,
            hostname: text,
            ipMode: text,
            ports: list(define("core.v1.PortStatus", { port: neededInt, protocol: neededText, error: text })),
          }),
        ),
      }),
    ),
    conditions: mapList(condition(), "type"),
  })
);
export interface ServiceStatus extends z.infer<ReturnType<typeof serviceStatus>> {}

export const serviceSchema = lazily(() =>
  defineKind("v1", "Service", { metadata: objectMeta(), spec: serviceSpec(), status: opt(serviceStatus()) })
);
export interface Service extends z.infer<ReturnType<typeof serviceSchema>> {}

const endpoint = lazily(() => {
  const forZones = list(define("discovery.v1.ForZone", { name: neededText }));
  const forNodes = list(define("discovery.v1.ForNode", { name: neededText }));
  return define("discovery.v1.Endpoint", {
    addresses: setList(),
    conditions: opt(define("discovery.v1.EndpointConditions", { ready: flag, serving: flag, terminating: flag })),
    hostname: text,
    targetRef: opt(objectReference()),
    deprecatedTopology: textMap,
    nodeName: text,
    zone: text,
    hints: opt(define("discovery.v1.EndpointHints", { forZones, forNodes })),
  });
});
export interface Endpoint extends z.infer<ReturnType<typeof endpoint>> {}

export const endpointSliceSchema = lazily(() =>
  defineKind("discovery.k8s.io/v1", "EndpointSlice", {
    metadata: objectMeta(),
    addressType: neededWord("FQDN", "IPv4", "IPv6"),
    endpoints: list(endpoint()),
    ports: list(
      define("discovery.v1.EndpointPort", {
        name: text,
        protocol: word("SCTP", "TCP", "UDP"),
        port: int,
        appProtocol: text,
      }, { mapType: "atomic" }),
    ),
  })
);
export interface EndpointSlice extends z.infer<ReturnType<typeof endpointSliceSchema>> {}
