/** PodStatus and its parts: what the pod manager writes and everybody reads. */
import {
  anything,
  define,
  flag,
  int,
  lazily,
  list,
  listWith,
  long,
  mapList,
  neededFlag,
  neededInt,
  neededLong,
  neededText,
  opt,
  resourceList,
  text,
  time,
  word,
  type z,
} from "./schema.ts";
import { conditionStatus } from "./meta.ts";
import { resourceRequirements } from "./container.ts";

const containerState = lazily(() =>
  define("core.v1.ContainerState", {
    waiting: opt(define("core.v1.ContainerStateWaiting", { reason: text, message: text })),
    running: opt(define("core.v1.ContainerStateRunning", { startedAt: time })),
    terminated: opt(
      define("core.v1.ContainerStateTerminated", {
        exitCode: neededInt,
        signal: int,
        reason: text,
        message: text,
        startedAt: time,
        finishedAt: time,
        containerID: text,
      }),
    ),
  })
);
export interface ContainerState extends z.infer<ReturnType<typeof containerState>> {}
export type ContainerStateTerminated = NonNullable<ContainerState["terminated"]>;

export const containerStatus = lazily(() =>
  define("core.v1.ContainerStatus", {
    name: neededText,
    state: opt(containerState()),
    lastState: opt(containerState()),
    ready: neededFlag,
    restartCount: neededInt,
    image: neededText,
    imageID: neededText,
    containerID: text,
    started: flag,
    allocatedResources: resourceList,
    resources: opt(resourceRequirements()),
    volumeMounts: mapList(
      define("core.v1.VolumeMountStatus", {
        name: neededText,
        mountPath: neededText,
        readOnly: flag,
        recursiveReadOnly: text,
      }),
      "mountPath",
    ),
    user: opt(
      define("core.v1.ContainerUser", {
        linux: opt(
          define("core.v1.LinuxContainerUser", {
            uid: neededLong,
            gid: neededLong,
            supplementalGroups: list(neededLong),
          }),
        ),
      }),
    ),
    allocatedResourcesStatus: list(anything),
    stopSignal: text,
  })
);
export interface ContainerStatus extends z.infer<ReturnType<typeof containerStatus>> {}

export const podCondition = lazily(() =>
  define("core.v1.PodCondition", {
    type: neededText,
    observedGeneration: long,
    status: conditionStatus,
    lastProbeTime: time,
    lastTransitionTime: time,
    reason: text,
    message: text,
  })
);
export interface PodCondition extends z.infer<ReturnType<typeof podCondition>> {}

export const podStatus = lazily(() =>
  define("core.v1.PodStatus", {
    observedGeneration: long,
    phase: word("Failed", "Pending", "Running", "Succeeded", "Unknown"),
    conditions: mapList(podCondition(), "type"),
    message: text,
    reason: text,
    nominatedNodeName: text,
    hostIP: text,
    hostIPs: listWith(define("core.v1.HostIP", { ip: neededText }), {
      listType: "atomic",
      patchMergeKey: "ip",
      patchStrategy: "merge",
    }),
    podIP: text,
    podIPs: mapList(define("core.v1.PodIP", { ip: neededText }), "ip"),
    startTime: time,
    initContainerStatuses: list(containerStatus()),
    containerStatuses: list(containerStatus()),
    qosClass: word("BestEffort", "Burstable", "Guaranteed"),
    ephemeralContainerStatuses: list(containerStatus()),
    resize: text,
    resourceClaimStatuses: list(anything),
    extendedResourceClaimStatus: anything,
    allocatedResources: resourceList,
    resources: opt(resourceRequirements()),
  })
);
export interface PodStatus extends z.infer<ReturnType<typeof podStatus>> {}
export type PodPhase = NonNullable<PodStatus["phase"]>;
