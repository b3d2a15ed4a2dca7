/** PodStatus and its parts: what the pod manager writes and everybody reads. */
import {
  anything,
  flag,
  int,
  lazily,
  list,
  mapList,
  neededFlag,
  neededInt,
  neededText,
  object,
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
  object({
    waiting: opt(object({ reason: text, message: text })),
    running: opt(object({ startedAt: time })),
    terminated: opt(
      object({
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
  object({
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
      object({ name: neededText, mountPath: neededText, readOnly: flag, recursiveReadOnly: text }),
      "mountPath",
    ),
    user: opt(object({ linux: opt(object({ uid: neededInt, gid: neededInt, supplementalGroups: list(neededInt) })) })),
    allocatedResourcesStatus: list(anything),
    stopSignal: text,
  })
);
export interface ContainerStatus extends z.infer<ReturnType<typeof containerStatus>> {}

export const podCondition = lazily(() =>
  object({
    type: neededText,
    observedGeneration: int,
    status: conditionStatus,
    lastProbeTime: time,
    lastTransitionTime: time,
    reason: text,
    message: text,
  })
);
export interface PodCondition extends z.infer<ReturnType<typeof podCondition>> {}

export const podStatus = lazily(() =>
  object({
    observedGeneration: int,
    phase: word("Failed", "Pending", "Running", "Succeeded", "Unknown"),
    conditions: mapList(podCondition(), "type"),
    message: text,
    reason: text,
    nominatedNodeName: text,
    hostIP: text,
    hostIPs: list(object({ ip: neededText })),
    podIP: text,
    podIPs: mapList(object({ ip: neededText }), "ip"),
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
