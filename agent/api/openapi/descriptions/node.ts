/** Node and metrics. */
export default `
core.v1.Node
  This machine.
  spec: What people may say of it: taints, whether new pods are placed on it.
  status: What is known of it: capacity, addresses, conditions. Written by the node.

core.v1.NodeSpec
  What people may say of a node.
  podCIDR: Range that pods' addresses are taken from.
  podCIDRs: Ranges that pods' addresses are taken from, one of each family.
  providerID: Name of the machine at a cloud provider.
  unschedulable: Whether new pods of the API are kept off (kubectl cordon). Pods of manifests run all the same.
  taints: What keeps pods off that do not tolerate it.
  configSource: No longer in use.
  externalID: No longer in use.

core.v1.Taint
  Keeps pods off a node that do not tolerate it.
  key: Its key.
  value: Its value.
  effect: NoSchedule: no new pods. PreferNoSchedule: rather not. NoExecute: running ones must go as well.
  timeAdded: When it was added.

core.v1.NodeStatus
  What is known of a node.
  capacity: What the machine has: cpu, memory, pods, ephemeral-storage.
  allocatable: What of it pods can have.
  phase: No longer in use.
  conditions: Aspects of its state: Ready, MemoryPressure, DiskPressure, PIDPressure.
  addresses: Addresses and host name.
  daemonEndpoints: Ports of the node's own services.
  nodeInfo: System and versions.
  images: Images that are on the node.
  volumesInUse: Volumes in use that are attached from outside.
  volumesAttached: Volumes that are attached from outside.
  config: No longer in use.
  runtimeHandlers: Handlers of the container runtime and what they can do.
  features: What the node as a whole can do.
  declaredFeatures: Features that the node says it has.

core.v1.NodeCondition
  One aspect of a node's state.
  type: Which aspect it is.
  status: Whether it holds: True, False or Unknown.
  lastHeartbeatTime: When it was last confirmed.
  lastTransitionTime: When status last changed.
  reason: Why, as one word.
  message: Why, for people.

core.v1.NodeAddress
  An address of a node.
  type: InternalIP, ExternalIP, Hostname.
  address: The address or name.

core.v1.NodeDaemonEndpoints
  Ports of the node's own services.
  kubeletEndpoint: Port of the kubelet's API.

core.v1.DaemonEndpoint
  A port.
  Port: Its number.

core.v1.NodeSystemInfo
  System and versions of a node.
  machineID: The machine's id (/etc/machine-id).
  systemUUID: The machine's UUID, from its firmware.
  bootID: A name for the time since the last boot.
  kernelVersion: Version of Linux.
  osImage: Name of the distribution.
  containerRuntimeVersion: Name and version of the container runtime.
  kubeletVersion: Version of Kubernetes that this node follows, and islet's own.
  kubeProxyVersion: No longer filled in.
  operatingSystem: linux.
  architecture: The processor's architecture: amd64, arm64.
  swap: The machine's swap.

core.v1.NodeSwapStatus
  Swap of a node.
  capacity: Its size in bytes.

core.v1.ContainerImage
  An image on a node.
  names: Its names.
  sizeBytes: Its size.

core.v1.AttachedVolume
  A volume that is attached from outside.
  name: Its name.
  devicePath: Path of its device.

core.v1.NodeRuntimeHandler
  A handler of the container runtime.
  name: Its name; empty is the default.
  features: What it can do.

core.v1.NodeRuntimeHandlerFeatures
  What a handler of the container runtime can do.
  recursiveReadOnlyMounts: Whether mounts below a read-only one can be read-only too.
  userNamespaces: Whether pods can have users of their own.

core.v1.NodeFeatures
  What a node as a whole can do.
  supplementalGroupsPolicy: Whether supplementalGroupsPolicy of pods is understood.

metrics.v1beta1.PodMetrics
  What the containers of a pod use.
  timestamp: When it was measured.
  window: Over which time: 30s.
  containers: By container.

metrics.v1beta1.ContainerMetrics
  What a container uses.
  name: Name of the container.
  usage: cpu and memory.

metrics.v1beta1.NodeMetrics
  What the machine uses as a whole.
  timestamp: When it was measured.
  window: Over which time: 30s.
  usage: cpu and memory.
`;
