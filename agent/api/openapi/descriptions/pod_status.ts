/** PodStatus and its parts. */
export default `
core.v1.PodStatus
  What is there of a pod. Written by the node.
  observedGeneration: The generation of the pod that this is about.
  phase: Where the pod is in its life: Pending (not all containers have run yet), Running, Succeeded and Failed (all have
    ended, for good), Unknown.
  conditions: Aspects of the pod's state: PodScheduled, Initialized, ContainersReady, Ready and others.
  message: Why the pod is as it is, for people.
  reason: Why the pod is as it is, as one word: Evicted.
  nominatedNodeName: Node that is being made room on for the pod.
  hostIP: Address of the node.
  hostIPs: Addresses of the node, one of each family.
  podIP: Address of the pod.
  podIPs: Addresses of the pod, one of each family.
  startTime: When the node took the pod.
  initContainerStatuses: State of each init container and sidecar.
  containerStatuses: State of each container.
  qosClass: Class by the pod's requests and limits: Guaranteed, Burstable or BestEffort. Under pressure BestEffort goes
    first.
  ephemeralContainerStatuses: State of each ephemeral container.
  resize: Older form of the conditions PodResizePending and PodResizeInProgress.
  resourceClaimStatuses: State of dynamic resources; not used on this node.
  extendedResourceClaimStatus: State of dynamic resources; not used on this node.
  allocatedResources: What is set aside for the pod as a whole.
  resources: Requests and limits of the pod as a whole that are in force.

core.v1.PodCondition
  One aspect of a pod's state.
  type: Which aspect it is.
  observedGeneration: The generation of the pod that this was found out about.
  status: Whether it holds: True, False or Unknown.
  lastProbeTime: When it was last asked for.
  lastTransitionTime: When status last changed.
  reason: Why, as one word.
  message: Why, for people.

core.v1.PodIP
  An address of a pod.
  ip: The address.

core.v1.HostIP
  An address of a node.
  ip: The address.

core.v1.ContainerStatus
  State of a container.
  name: Name of the container.
  state: What it does now: waiting, running or terminated.
  lastState: How its last run ended.
  ready: Whether it is ready: it runs, and its readinessProbe succeeds if it has one.
  restartCount: How often it has been started again.
  image: Image that it runs.
  imageID: The image's digest.
  containerID: Name of the container in the runtime: containerd://ID.
  started: Whether it has started: postStart is done, and startupProbe has succeeded if it has one.
  allocatedResources: What is set aside for the container.
  resources: Requests and limits that are in force.
  volumeMounts: State of its mounts.
  user: User that its first process started as.
  allocatedResourcesStatus: State of special resources; not used on this node.
  stopSignal: Signal that stops it.

core.v1.ContainerState
  What a container does: one of these, waiting when none is set.
  waiting: It does not run yet, or not again yet.
  running: It runs.
  terminated: It has ended.

core.v1.ContainerStateWaiting
  A container that does not run yet.
  reason: Why, as one word: ContainerCreating, ImagePullBackOff, CrashLoopBackOff.
  message: Why, for people.

core.v1.ContainerStateRunning
  A container that runs.
  startedAt: Since when.

core.v1.ContainerStateTerminated
  A container that has ended.
  exitCode: Its exit code; 0 is success.
  signal: Signal that ended it, if one did.
  reason: Why, as one word: Completed, Error, OOMKilled.
  message: What it left in its termination message file, or the end of its log.
  startedAt: When it started.
  finishedAt: When it ended.
  containerID: Name of the container in the runtime.

core.v1.VolumeMountStatus
  State of a mount.
  name: Name of the volume.
  mountPath: Path in the container.
  readOnly: Whether it is read-only.
  recursiveReadOnly: Whether mounts below are read-only too.

core.v1.ContainerUser
  User that a container started as.
  linux: On Linux.

core.v1.LinuxContainerUser
  User and groups of a container's first process.
  uid: Number of the user.
  gid: Number of the primary group.
  supplementalGroups: Numbers of further groups.
`;
