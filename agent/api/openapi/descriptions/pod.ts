/** Pod and PodSpec. */
export default `
core.v1.Pod
  Containers that run together on this node: they share an address, and may share volumes.
  spec: What is wanted: containers, volumes, how they are run.
  status: What is there: state of the pod and of each container. Written by the node.

core.v1.PodSpec
  What a pod consists of and how it is run. Of a pod that is there, only images, activeDeadlineSeconds (earlier) and
  tolerations (more) can be changed.
  volumes: Directories and files that containers of the pod can mount.
  initContainers: Containers that run one after the other, each to its end, before the others start. One with
    restartPolicy Always is a sidecar: it starts in its turn and keeps running until the others have ended.
  containers: The containers of the pod, at least one. They start beside each other.
  ephemeralContainers: Containers added to the running pod to look around in it, by kubectl debug. Cannot be set when the
    pod is created.
  restartPolicy: What happens when a container ends: Always starts it again, OnFailure only after a failure, Never not at
    all. Default Always.
  terminationGracePeriodSeconds: Seconds that containers get to end after they were told to, before they are killed.
    Default 30.
  activeDeadlineSeconds: Seconds after its start after which the pod is ended and counts as failed.
  dnsPolicy: How names are resolved. ClusterFirst asks the node's cluster DNS first, Default uses the node's own
    configuration, ClusterFirstWithHostNet is ClusterFirst for pods with hostNetwork, None takes dnsConfig alone. Default
    ClusterFirst.
  nodeSelector: Labels that the node must have. A pod of the API that this node does not fit stays Pending.
  serviceAccountName: ServiceAccount that the pod runs as. Default: default, for pods of the API. A manifest pod gets
    credentials only if it names one.
  serviceAccount: Older name of serviceAccountName.
  automountServiceAccountToken: Whether the account's credentials are mounted at
    /var/run/secrets/kubernetes.io/serviceaccount. Default: what the ServiceAccount says, else true.
  nodeName: Node that the pod is bound to; on this node filled in for every pod that fits.
  hostNetwork: Use the node's network instead of one of the pod's own. Default false.
  hostPID: See the node's processes. Default false.
  hostIPC: Use the node's IPC. Default false.
  shareProcessNamespace: Whether the containers see each other's processes. Default false.
  securityContext: User, groups and other rights for all containers.
  imagePullSecrets: Secrets of type kubernetes.io/dockerconfigjson with credentials for registries.
  hostname: Host name in the pod. Default: the pod's name.
  subdomain: With it the full host name is HOSTNAME.SUBDOMAIN.NAMESPACE.svc.CLUSTERDOMAIN.
  affinity: Which nodes, and which pods beside it, the pod wants or does not want.
  schedulerName: Scheduler that places the pod. Default default-scheduler, which is islet's own here.
  tolerations: Taints of the node that the pod puts up with.
  hostAliases: Lines added to /etc/hosts. Not for pods with hostNetwork.
  priorityClassName: Class that the pod's importance comes from: a PriorityClass, system-node-critical or
    system-cluster-critical.
  priority: Importance of the pod; higher ones are evicted later. Filled in from priorityClassName.
  dnsConfig: Changes to what dnsPolicy makes.
  readinessGates: Conditions, besides its containers, that the pod needs to be Ready. Somebody must set them in its
    status.
  runtimeClassName: RuntimeClass that says which handler of the container runtime runs the pod. Default: the runtime's.
  enableServiceLinks: Whether containers get variables with the addresses of the namespace's Services. Default true.
  preemptionPolicy: Whether the pod may push aside less important ones. Filled in from priorityClassName.
  overhead: What running the pod costs besides its containers. Filled in from the RuntimeClass.
  topologySpreadConstraints: How pods are spread over several nodes. With one node there is nothing to spread.
  setHostnameAsFQDN: Whether the host name is the full one, domain included. Default false.
  os: Operating system that the pod is for; linux here.
  hostUsers: Whether users in the pod are those of the node. False gives the pod a user namespace, where root is nobody
    on the node. Default true.
  schedulingGates: Names that keep the pod from being placed until they are all removed. Only for pods of the API.
  resourceClaims: Dynamic resources. Not supported by islet.
  resources: Requests and limits (cpu, memory) of the pod as a whole.
  hostnameOverride: Host name in the pod as it is, before hostname and subdomain.
  workloadRef: Workload that the pod belongs to. Not supported by islet.

core.v1.PodDNSConfig
  Changes to how a pod resolves names.
  nameservers: Addresses of name servers, at most three; put before those of dnsPolicy.
  searches: Domains that short names are tried in; added to those of dnsPolicy.
  options: Options of the resolver; added to those of dnsPolicy.

core.v1.PodDNSConfigOption
  An option of the resolver (resolv.conf).
  name: Name of the option: ndots.
  value: Its value, if it has one.

core.v1.HostAlias
  A line of /etc/hosts.
  ip: The address.
  hostnames: Names for it.

core.v1.PodReadinessGate
  A condition that a pod needs to be Ready.
  conditionType: Type of the condition.

core.v1.PodOS
  An operating system.
  name: linux.

core.v1.PodSchedulingGate
  Keeps a pod from being placed.
  name: Name of the gate.

core.v1.PodResourceClaim
  A dynamic resource.
  name: Name that containers refer to.
  resourceClaimName: Name of a ResourceClaim.
  resourceClaimTemplateName: Name of a ResourceClaimTemplate.

core.v1.PodSecurityContext
  Rights of all containers of a pod; what a container sets itself wins.
  seLinuxOptions: SELinux context of the containers.
  windowsOptions: Options of Windows. Not supported by islet.
  runAsUser: Number of the user that programs run as. Default: the image's.
  runAsGroup: Number of the primary group that programs run as. Default: the runtime's.
  runAsNonRoot: Refuse to start containers as user 0.
  supplementalGroups: Numbers of further groups of each first process.
  supplementalGroupsPolicy: Whether groups of the image's /etc/group are added (Merge) or not (Strict). Default Merge.
  fsGroup: Group that owns the files of the pod's volumes, and of which every process is a member.
  fsGroupChangePolicy: When files of volumes get that group: Always, or OnRootMismatch, when their root does not have it.
    Default Always.
  sysctls: Kernel parameters of the pod's namespaces.
  seccompProfile: System calls that containers may use.
  appArmorProfile: AppArmor profile of the containers.
  seLinuxChangePolicy: How SELinux labels get onto volumes: MountOption or Recursive.

core.v1.Sysctl
  A kernel parameter.
  name: Its name: net.core.somaxconn.
  value: Its value.
`;
