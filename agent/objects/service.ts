/** Service and EndpointSlice. */
import {
  fieldMeta,
  flag,
  int,
  intOrString,
  lazily,
  list,
  mapList,
  neededInt,
  neededText,
  neededWord,
  object,
  opt,
  text,
  textMap,
  texts,
  word,
  type z,
} from "./schema.ts";
import { condition, objectMeta, objectReference } from "./meta.ts";

const servicePort = lazily(() =>
  object({
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
  object({
    ports: mapList(servicePort(), "port", ["port", "protocol"]),
    selector: textMap,
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
    sessionAffinityConfig: opt(object({ clientIP: opt(object({ timeoutSeconds: int })) })),
    ipFamilies: list(neededWord("IPv4", "IPv6")),
    ipFamilyPolicy: word("PreferDualStack", "RequireDualStack", "SingleStack"),
    allocateLoadBalancerNodePorts: flag,
    loadBalancerClass: text,
    internalTrafficPolicy: word("Cluster", "Local"),
    trafficDistribution: text,
  })
);
export interface ServiceSpec extends z.infer<ReturnType<typeof serviceSpec>> {}

export const serviceSchema = lazily(() => {
  const schema = object({
    apiVersion: neededWord("v1"),
    kind: neededWord("Service"),
    metadata: objectMeta(),
    spec: serviceSpec(),
    status: opt(
      object({
        loadBalancer: opt(
          object({
            ingress: list(
              object({
                ip: text,
                hostname: text,
                ipMode: text,
                ports: list(object({ port: neededInt, protocol: neededText, error: text })),
              }),
            ),
          }),
        ),
        conditions: mapList(condition(), "type"),
      }),
    ),
  });
  fieldMeta.add(schema, { gvk: { apiVersion: "v1", kind: "Service" } });
  return schema;
});
export interface Service extends z.infer<ReturnType<typeof serviceSchema>> {}

const endpoint = lazily(() => {
  const zones = list(object({ name: neededText }));
  return object({
    addresses: texts,
    conditions: opt(object({ ready: flag, serving: flag, terminating: flag })),
    hostname: text,
    targetRef: opt(objectReference()),
    deprecatedTopology: textMap,
    nodeName: text,
    zone: text,
    hints: opt(object({ forZones: zones, forNodes: zones })),
  });
});
export interface Endpoint extends z.infer<ReturnType<typeof endpoint>> {}

export const endpointSliceSchema = lazily(() => {
  const schema = object({
    apiVersion: neededWord("discovery.k8s.io/v1"),
    kind: neededWord("EndpointSlice"),
    metadata: objectMeta(),
    addressType: neededWord("FQDN", "IPv4", "IPv6"),
    endpoints: list(endpoint()),
    ports: list(object({ name: text, protocol: word("SCTP", "TCP", "UDP"), port: int, appProtocol: text })),
  });
  fieldMeta.add(schema, { gvk: { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" } });
  return schema;
});
export interface EndpointSlice extends z.infer<ReturnType<typeof endpointSliceSchema>> {}
