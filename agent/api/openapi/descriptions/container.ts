/** Containers, probes, hooks, environment, resources, security. */
export default `
core.v1.Container
  A container of a pod: an image, how it is started, what it may use and how its health is told.
  name: Name of the container, a DNS label (web, log-shipper) that no other container of the pod has. Cannot be changed.
  image: Image to run, as registry/name:tag or name@sha256:digest. Images of archives in the image directory need no
    registry.
  imagePullPolicy: When the image is pulled. Default: Always for the tag latest and for none, else IfNotPresent. With
    Always and no registry in reach, an image that is there is used.
  command: The program and its first arguments, instead of the image's ENTRYPOINT. $(NAME) stands for the variable NAME,
    $$(NAME) for that text itself. No shell is involved.
  args: Arguments, instead of the image's CMD. $(NAME) is replaced as in command.
  workingDir: Directory that the program starts in. Default: the image's.
  ports: Ports that the program listens on. Listing a port opens nothing; only hostPort makes it reachable from outside.
  envFrom: ConfigMaps and Secrets of which every key becomes a variable. Later ones win over earlier ones, env over all.
  env: Variables of the environment.
  resources: CPU, memory and other resources that the container asks for (requests) and must not exceed (limits).
  resizePolicy: What a change of resources in place means for the container, by resource.
  restartPolicy: When the container is started again. For an init container, Always makes it a sidecar that keeps running
    beside the others. Otherwise it overrides the pod's restartPolicy.
  restartPolicyRules: Exit codes for which the container is started again whatever restartPolicy says.
  volumeMounts: Where the pod's volumes appear in the container.
  volumeDevices: Raw block devices. Not supported by islet.
  livenessProbe: Asks whether the container still works; when the probe fails failureThreshold times, the container is
    killed and started again by its restart policy.
  readinessProbe: Asks whether the container can take requests; while the probe fails, Services leave the pod out.
  startupProbe: Asks whether the container has come up; until the probe succeeds, the other probes wait. When it fails
    failureThreshold times, the container is killed and started again.
  lifecycle: What is done right after the container starts and right before it is stopped.
  terminationMessagePath: File in the container whose end becomes the message of its last state. Default
    /dev/termination-log.
  terminationMessagePolicy: Where the message of a stopped container comes from. FallbackToLogsOnError takes the end of
    the log when the file is empty and the container failed. Default File.
  securityContext: User, capabilities and other rights of the container; what is set here wins over the pod's.
  stdin: Keep the container's input open, for attach.
  stdinOnce: Close the input after the first attached client has gone.
  tty: Give the container a terminal. Needs stdin to be of use.

core.v1.EphemeralContainer
  A container that is added to a running pod to look around in it, by kubectl debug. It is never restarted, has no
  probes, ports or resources of its own, and cannot be changed or removed.
  name: Name of the container, which no other container of the pod has.
  targetContainerName: Container whose processes this one sees. Without it, it has the pod's namespaces only.

core.v1.ContainerPort
  A port that a container listens on.
  name: Name for the port, which Services and probes can use instead of the number; unique in the pod.
  containerPort: The port, 1 to 65535.
  hostPort: Port of the node that leads here. Only one pod can have it. With hostNetwork it must be containerPort.
  hostIP: Address of the node that hostPort is bound to. Default: all.
  protocol: Default TCP.

core.v1.EnvVar
  A variable of the environment.
  name: Name of the variable.
  value: Its value; $(NAME) stands for a variable defined before, $$(NAME) for that text itself.
  valueFrom: Where the value comes from, instead of value.

core.v1.EnvVarSource
  Where the value of a variable comes from: exactly one of these.
  fieldRef: A field of the pod: metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'],
    metadata.annotations['KEY'], spec.nodeName, spec.serviceAccountName, status.hostIP, status.podIP, status.podIPs.
  resourceFieldRef: A request or limit of a container.
  configMapKeyRef: A key of a ConfigMap.
  secretKeyRef: A key of a Secret.
  fileKeyRef: A variable from a file of a volume. Not supported by islet.

core.v1.ConfigMapKeySelector
  A key of a ConfigMap.
  name: Name of the ConfigMap.
  key: The key.
  optional: Whether the ConfigMap or the key may be missing; then the variable is not set.

core.v1.SecretKeySelector
  A key of a Secret.
  name: Name of the Secret.
  key: The key.
  optional: Whether the Secret or the key may be missing; then the variable is not set.

core.v1.FileKeySelector
  A variable in a file of a volume.
  volumeName: Name of the pod's volume.
  path: The file, relative to the volume.
  key: Name of the variable in the file.
  optional: Whether the file or the key may be missing.

core.v1.EnvFromSource
  A ConfigMap or Secret of which every key becomes a variable.
  prefix: Put before each key.
  configMapRef: The ConfigMap.
  secretRef: The Secret.

core.v1.ConfigMapEnvSource
  A ConfigMap whose keys become variables.
  name: Name of the ConfigMap.
  optional: Whether the ConfigMap may be missing.

core.v1.SecretEnvSource
  A Secret whose keys become variables.
  name: Name of the Secret.
  optional: Whether the Secret may be missing.

core.v1.ResourceRequirements
  What a container (or a pod) asks for and must not exceed.
  limits: The most it may use. More memory ends it (OOMKilled), more CPU slows it down.
  requests: What is set aside for it: a pod is admitted only if the node has that much left. Default: the limits.
  claims: Dynamic resources. Not supported by islet.

core.v1.ResourceClaim
  One entry of the pod's resourceClaims.
  name: Name of the entry.
  request: Name of a request in the claim.

core.v1.ContainerResizePolicy
  What a change of one resource in place means.
  resourceName: cpu or memory.
  restartPolicy: NotRequired changes it while the container runs, RestartContainer starts the container anew.

core.v1.ContainerRestartRule
  An exception from the restart policy.
  action: What happens when the rule matches. Restart: the container is started again. RestartAllContainers is not
    supported by islet.
  exitCodes: For which exit codes the rule matches.

core.v1.ContainerRestartRuleOnExitCodes
  Exit codes that a rule matches.
  operator: In: one of values. NotIn: any other.
  values: Exit codes, at most 255 of them.

core.v1.Probe
  How a container's health is found out: one of exec, httpGet, tcpSocket and grpc, and how often it is done.
  exec: Runs a program in the container; it is well when the program ends with 0.
  httpGet: Asks over HTTP; the container is well for any answer from 200 to 399.
  tcpSocket: Opens a TCP connection; the container is well when that succeeds.
  grpc: Asks gRPC's health service; the container is well when it answers SERVING.
  initialDelaySeconds: Seconds after the container's start before the first probe. Default 0.
  timeoutSeconds: Seconds after which a probe without an answer has failed. Default 1.
  periodSeconds: Seconds between two probes. Default 10.
  successThreshold: How many probes in a row must succeed after one that failed. Default 1; must be 1 for liveness and
    startup.
  failureThreshold: How many probes in a row must fail before it counts. Default 3.
  terminationGracePeriodSeconds: Seconds that the container gets to end when this probe kills it, instead of the pod's
    own. Not for readiness.

core.v1.ExecAction
  A program that is run in the container.
  command: The program and its arguments. No shell is involved: for pipes and such, call one: ["sh", "-c", "a | b"].

core.v1.HTTPGetAction
  A request over HTTP.
  path: Path of the request. Default /.
  port: Port of the container, as number or as name of one of its ports.
  host: Address to connect to. Default: the pod's. To set the Host header, use httpHeaders.
  scheme: HTTP or HTTPS; certificates are not checked. Default HTTP.
  httpHeaders: Headers of the request.

core.v1.HTTPHeader
  A header of a request.
  name: Name of the header.
  value: Its value.

core.v1.TCPSocketAction
  A TCP connection.
  port: Port of the container, as number or as name of one of its ports.
  host: Address to connect to. Default: the pod's.

core.v1.GRPCAction
  A request to gRPC's health service (grpc.health.v1.Health/Check).
  port: Port of the container, as number.
  service: Name of the service that is asked about. Default: empty, the server as a whole.

core.v1.SleepAction
  Waits.
  seconds: For how long.

core.v1.Lifecycle
  What is done when a container starts and stops.
  postStart: Done right after the start, beside the program. If it fails, the container is killed.
  preStop: Done before the container is told to stop, within the pod's terminationGracePeriodSeconds.
  stopSignal: Signal that stops the container: SIGTERM, SIGINT. Default: the image's, else SIGTERM. Needs the pod's
    os.name.

core.v1.LifecycleHandler
  What is done: exactly one of these.
  exec: Runs a program in the container.
  httpGet: Asks over HTTP.
  tcpSocket: Not for hooks; kept for old objects.
  sleep: Waits.

core.v1.SecurityContext
  Rights of a container.
  capabilities: Capabilities of Linux that are added to or taken from the runtime's usual set.
  privileged: Whether the container has nearly all rights on the node.
  seLinuxOptions: The container's SELinux context.
  windowsOptions: Options of Windows. Not supported by islet.
  runAsUser: Number of the user that the program runs as. Default: the image's.
  runAsGroup: Number of the primary group that the program runs as. Default: the runtime's.
  runAsNonRoot: Refuse to start the container as user 0.
  readOnlyRootFilesystem: Whether the container's own files cannot be written.
  allowPrivilegeEscalation: Whether a process may get more rights than its parent (setuid). Always true when privileged.
  procMount: How /proc is mounted: Default hides some paths, Unmasked shows all. Unmasked needs hostUsers false.
  seccompProfile: System calls that the container may use.
  appArmorProfile: The container's AppArmor profile.

core.v1.Capabilities
  Capabilities of Linux, without CAP_: NET_ADMIN; ALL is all of them.
  add: Capabilities that are added.
  drop: Capabilities that are taken away.

core.v1.SELinuxOptions
  An SELinux context.
  user: User label.
  role: Role label.
  type: Type label.
  level: Level label.

core.v1.SeccompProfile
  Which system calls are allowed.
  type: RuntimeDefault: the runtime's profile. Localhost: a file on the node. Unconfined: all.
  localhostProfile: The file for Localhost, relative to the seccomp directory below rootDir.

core.v1.AppArmorProfile
  Which AppArmor profile is used.
  type: RuntimeDefault: the runtime's. Localhost: one that is loaded on the node. Unconfined: none.
  localhostProfile: Name of the loaded profile for Localhost.
`;
