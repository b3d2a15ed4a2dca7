/** Node: this machine, as the API shows it. */
import {
  anything,
  define,
  defineKind,
  flag,
  lazily,
  list,
  long,
  mapList,
  neededInt,
  neededText,
  neededWord,
  opt,
  resourceList,
  setList,
  text,
  texts,
  time,
  type z,
} from "./schema.ts";
import { conditionStatus, objectMeta } from "./meta.ts";

export const taint = lazily(() =>
  define("core.v1.Taint", {
    key: neededText,
    value: text,
    effect: neededWord("NoExecute", "NoSchedule", "PreferNoSchedule"),
    timeAdded: time,
  })
);
export interface Taint extends z.infer<ReturnType<typeof taint>> {}

const nodeCondition = lazily(() =>
  define("core.v1.NodeCondition", {
    type: neededText,
    status: conditionStatus,
    lastHeartbeatTime: time,
    lastTransitionTime: time,
    reason: text,
    message: text,
  })
);
export interface NodeCondition extends z.infer<ReturnType<typeof nodeCondition>> {}

const systemInfo = lazily(() =>
  define("core.v1.NodeSystemInfo", {
    machineID: neededText,
    systemUUID: neededText,
    bootID: neededText,
    kernelVersion: neededText,
    osImage: neededText,
    containerRuntimeVersion: neededText,
    kubeletVersion: neededText,
    kubeProxyVersion: neededText,
    operatingSystem: neededText,
    architecture: neededText,
    swap: opt(define("core.v1.NodeSwapStatus", { capacity: long })),
  })
);

const nodeStatus = lazily(() =>
  define("core.v1.NodeStatus", {
    capacity: resourceList,
    allocatable: resourceList,
    phase: text,
    conditions: mapList(nodeCondition(), "type"),
    addresses: mapList(define("core.v1.NodeAddress", { type: neededText, address: neededText }), "type"),
    daemonEndpoints: opt(
      define("core.v1.NodeDaemonEndpoints", {
        kubeletEndpoint: opt(define("core.v1.DaemonEndpoint", { Port: neededInt })),
      }),
    ),
    nodeInfo: opt(systemInfo()),
    images: list(define("core.v1.ContainerImage", { names: texts, sizeBytes: long })),
    volumesInUse: texts,
    volumesAttached: list(define("core.v1.AttachedVolume", { name: neededText, devicePath: neededText })),
    config: anything,
    runtimeHandlers: list(
      define("core.v1.NodeRuntimeHandler", {
        name: text,
        features: opt(
          define("core.v1.NodeRuntimeHandlerFeatures", { recursiveReadOnlyMounts: flag, userNamespaces: flag }),
        ),
      }),
    ),
    features: opt(define("core.v1.NodeFeatures", { supplementalGroupsPolicy: flag })),
    declaredFeatures: texts,
  })
);
export interface NodeStatus extends z.infer<ReturnType<typeof nodeStatus>> {}

export const nodeSchema = lazily(() =>
  defineKind("v1", "Node", {
    metadata: objectMeta(),
    spec: define("core.v1.NodeSpec", {
      podCIDR: text,
      podCIDRs: setList("merge"),
      providerID: text,
      unschedulable: flag,
      taints: list(taint()),
      configSource: anything,
      externalID: text,
    }),
    status: opt(nodeStatus()),
  })
);
export interface Node extends z.infer<ReturnType<typeof nodeSchema>> {}
export type NodeSpec = Node["spec"];
