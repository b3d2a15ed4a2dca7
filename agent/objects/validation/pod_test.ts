import assert from "node:assert/strict";
import { errorsOf, type Loose, podValue } from "../testing.ts";

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const mode = "must be a number between 0 and 0777 (octal), both inclusive";
const c = "spec.containers[0]";
const http = { httpGet: { port: 80 } };

/** What is added to the spec, what to the container, and all errors that it gives. */
type Case = [name: string, spec: Loose, container: Loose, errors: string[]];

const valid: Case[] = [
  ["the smallest pod", {}, {}, []],
  [
    "a sidecar with probes and hooks",
    {
      initContainers: [{
        name: "side",
        image: "s",
        restartPolicy: "Always",
        readinessProbe: http,
        lifecycle: { preStop: { sleep: { seconds: 0 } } },
      }],
    },
    {},
    [],
  ],
  ["the same port for TCP and UDP", {}, {
    ports: [{ containerPort: 53, hostPort: 53 }, { containerPort: 53, hostPort: 53, protocol: "UDP" }],
  }, []],
  [
    "all volumes that are supported",
    {
      volumes: [
        { name: "a", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
        { name: "b", hostPath: { path: "/srv", type: "DirectoryOrCreate" } },
        { name: "c", configMap: { name: "c", items: [{ key: "k", path: "d/k", mode: 0o400 }], optional: true } },
        { name: "d", secret: { secretName: "s", defaultMode: 0o440 } },
        { name: "e", downwardAPI: { items: [{ path: "l", fieldRef: { fieldPath: "metadata.labels" } }] } },
        { name: "f", projected: { sources: [{ configMap: { name: "c" } }, { secret: { name: "s" } }] } },
        { name: "g", persistentVolumeClaim: { claimName: "data" } },
        { name: "h" },
      ],
    },
    { volumeMounts: [{ name: "h", mountPath: "/h" }, { name: "a", mountPath: "/a", subPath: "x/y" }] },
    [],
  ],
  ["every sort of variable", {}, {
    env: [
      { name: "A", value: "1" },
      { name: "B", valueFrom: { fieldRef: { fieldPath: "metadata.annotations['x.io/Y']" } } },
      { name: "C", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
      { name: "D", valueFrom: { configMapKeyRef: { name: "c", key: "k" } } },
      { name: "E", valueFrom: { secretKeyRef: { name: "s", key: "k", optional: true } } },
      { name: "F", valueFrom: { resourceFieldRef: { resource: "requests.memory", divisor: "1Mi" } } },
    ],
    envFrom: [{ prefix: "P_", configMapRef: { name: "c" } }, { secretRef: { name: "s", optional: true } }],
  }, []],
  ["restart rules", { restartPolicy: "Never" }, {
    restartPolicy: "OnFailure",
    restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }],
  }, []],
  ["pod-level resources", { resources: { limits: { cpu: "2", memory: "1Gi" } } }, {
    resources: { requests: { cpu: "1" } },
  }, []],
  ["a user namespace with everything", { hostUsers: false, os: { name: "linux" } }, {
    securityContext: { procMount: "Unmasked", capabilities: { add: ["NET_ADMIN"], drop: ["ALL"] } },
    lifecycle: { stopSignal: "SIGUSR1" },
  }, []],
  [
    "DNS of its own",
    {
      dnsPolicy: "None",
      dnsConfig: {
        nameservers: ["1.1.1.1", "fd00::1"],
        searches: ["a.b.", "_x.y", "."],
        options: [{ name: "ndots", value: "2" }],
      },
    },
    {},
    [],
  ],
];

const containers: Case[] = [
  ["a name that is no label", {}, { name: "Web_1" }, [`${c}.name: Invalid value: "Web_1": ${label}`]],
  ["no name", {}, { name: "" }, [`${c}.name: Required value`]],
  ["no image", {}, { image: "" }, [`${c}.image: Required value`]],
  ["an image with blanks", {}, { image: "a " }, [
    `${c}.image: Invalid value: "a ": must not have leading or trailing whitespace`,
  ]],
  ["no containers", { containers: [] }, {}, ["spec.containers: Required value"]],
  ["two containers of one name", { containers: [{ name: "a", image: "a" }, { name: "a", image: "b" }] }, {}, [
    `spec.containers[1].name: Duplicate value: "a"`,
  ]],
  ["an init container named as a regular one", { initContainers: [{ name: "web", image: "a" }] }, {}, [
    `spec.initContainers[0].name: Duplicate value: "web"`,
  ]],
  ["a word that is not known", {}, { imagePullPolicy: "Sometimes" }, [
    `${c}.imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"`,
  ]],
  ["ephemeral containers", { ephemeralContainers: [{ name: "e", image: "e" }] }, {}, [
    "spec.ephemeralContainers: Forbidden: cannot be set on create",
  ]],
  [
    "a probe on an init container",
    { initContainers: [{ name: "i", image: "i", livenessProbe: http, lifecycle: {} }] },
    {},
    [
      "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always",
      "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
    ],
  ],
  ["restart rules without a policy", {}, {
    restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [] } }],
  }, [
    `${c}.restartPolicy: Required value: must specify restartPolicy when restart rules are used`,
    `${c}.restartPolicyRules[0].exitCodes.values: Required value: must specify at least one exit code`,
  ]],
  ["ports out of range, doubled, badly named", {}, {
    ports: [
      { name: "http", containerPort: 80 },
      { name: "http", containerPort: 80000 },
      { name: "80", containerPort: 81, hostPort: 70000 },
      { containerPort: 82, protocol: "ICMP", hostIP: "host" },
    ],
  }, [
    `${c}.ports[3].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`,
    `${c}.ports[1].name: Duplicate value: "http"`,
    `${c}.ports[1].containerPort: Invalid value: 80000: must be between 1 and 65535, inclusive`,
    `${c}.ports[2].name: Invalid value: "80": must contain at least one letter (a-z)`,
    `${c}.ports[2].hostPort: Invalid value: 70000: must be between 1 and 65535, inclusive`,
    `${c}.ports[3].hostIP: Invalid value: "host": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
  ]],
  [
    "one host port twice",
    {
      containers: [
        { name: "a", image: "a", ports: [{ containerPort: 1, hostPort: 8080 }] },
        { name: "b", image: "b", ports: [{ containerPort: 2, hostPort: 8080 }] },
      ],
    },
    {},
    [`spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//8080"`],
  ],
  ["another host port on the host's network", { hostNetwork: true }, {
    ports: [{ containerPort: 80, hostPort: 8080 }],
  }, [`${c}.ports[0].hostPort: Invalid value: 8080: must match \`containerPort\` when \`hostNetwork\` is true`]],
  ["resize policies", { restartPolicy: "Never" }, {
    resizePolicy: [
      { resourceName: "cpu", restartPolicy: "RestartContainer" },
      { resourceName: "cpu", restartPolicy: "NotRequired" },
      { resourceName: "disk", restartPolicy: "NotRequired" },
    ],
  }, [
    `${c}.resizePolicy[0].restartPolicy: Invalid value: "RestartContainer": must be 'NotRequired' when \`restartPolicy\` is 'Never'`,
    `${c}.resizePolicy[1]: Duplicate value: "cpu"`,
    `${c}.resizePolicy[2].resourceName: Unsupported value: "disk": supported values: "cpu", "memory"`,
  ]],
];

const environment: Case[] = [
  ["names of variables", {}, { env: [{ name: "A=B", value: "1" }, { value: "1" }] }, [
    `${c}.env[0].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than '='`,
    `${c}.env[1].name: Required value`,
  ]],
  ["sources of variables", {}, {
    env: [
      { name: "A", value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "B", valueFrom: {} },
      { name: "C", valueFrom: { secretKeyRef: { name: "s", key: "k" }, configMapKeyRef: { name: "s", key: "k" } } },
      { name: "D", valueFrom: { fieldRef: { fieldPath: "metadata.labels" } } },
      { name: "E", valueFrom: { fieldRef: { fieldPath: "spec.hostname" } } },
      { name: "F", valueFrom: { fieldRef: { fieldPath: "metadata.name['a']" } } },
      { name: "G", valueFrom: { resourceFieldRef: { resource: "limits.disk" } } },
      { name: "H", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1Mi" } } },
      { name: "I", valueFrom: { resourceFieldRef: { resource: "limits.cpu", containerName: "none" } } },
      { name: "J", valueFrom: { configMapKeyRef: { name: "c", key: "a b" } } },
    ],
  }, [
    `${c}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
    `${c}.env[1].valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\` or \`secretKeyRef\``,
    `${c}.env[2].valueFrom: Invalid value: "": may not have more than one field specified at a time`,
    `${c}.env[3].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
    `${c}.env[4].valueFrom.fieldRef.fieldPath: Invalid value: "spec.hostname": error converting fieldPath: field label not supported: spec.hostname`,
    `${c}.env[5].valueFrom.fieldRef: Invalid value: "metadata.name": does not support subscript`,
    `${c}.env[6].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.disk": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"`,
    `${c}.env[7].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
    `${c}.env[8].valueFrom.resourceFieldRef.containerName: Not found: "none"`,
    `${c}.env[9].valueFrom.configMapKeyRef.key: Invalid value: "a b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
  ]],
  ["envFrom", {}, { envFrom: [{}, { secretRef: {}, configMapRef: { name: "C" } }] }, [
    `${c}.envFrom[0]: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``,
    `${c}.envFrom[1].configMapRef.name: Invalid value: "C": ${subdomain}`,
    `${c}.envFrom[1].secretRef.name: Required value`,
    `${c}.envFrom[1]: Invalid value: "": may not have more than one field specified at a time`,
  ]],
];

const resources: Case[] = [
  ["requests above limits", {}, { resources: { limits: { cpu: "1" }, requests: { cpu: "2" } } }, [
    `${c}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
  ]],
  ["what is no quantity", {}, { resources: { limits: { memory: "64MB" } } }, [
    `${c}.resources.limits[memory]: Invalid value: "64MB": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
  ]],
  ["a negative amount", {}, { resources: { requests: { cpu: "-1" } } }, [
    `${c}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
  ]],
  ["a resource that containers do not have", {}, { resources: { requests: { pods: "1" } } }, [
    `${c}.resources.requests: Invalid value: "pods": must be a standard resource for containers`,
  ]],
  ["huge pages and extended resources", {}, {
    resources: { limits: { "hugepages-2Mi": "2Mi" }, requests: { "x.io/gpu": "1500m" } },
  }, [
    `${c}.resources.requests[x.io/gpu]: Invalid value: "1500m": must be an integer`,
    `${c}.resources.limits: Required value: Limit must be set for non overcommitable resources`,
    `${c}.resources: Forbidden: HugePages require cpu or memory`,
  ]],
  ["pod-level requests too small", { resources: { requests: { cpu: "1", "ephemeral-storage": "1" } } }, {
    resources: { requests: { cpu: "2" } },
  }, [
    `spec.resources.requests: Unsupported value: "ephemeral-storage": supported values: "cpu", "hugepages-", "memory"`,
    `spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2`,
  ]],
  ["a container's limit above the pod's", { resources: { limits: { memory: "1Mi" }, requests: { memory: "1Mi" } } }, {
    resources: { limits: { memory: "2Mi" }, requests: { memory: "1Mi" } },
  }, [`${c}.resources.limits[memory]: Invalid value: "2Mi": must be less than or equal to pod limits of 1Mi`]],
];

const probes: Case[] = [
  ["no handler", {}, { livenessProbe: {} }, [`${c}.livenessProbe: Required value: must specify a handler type`]],
  ["two handlers", {}, { readinessProbe: { exec: { command: ["a"] }, tcpSocket: { port: 1 } } }, [
    `${c}.readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`,
  ]],
  ["no command", {}, { startupProbe: { exec: {} } }, [`${c}.startupProbe.exec.command: Required value`]],
  ["bad ports and headers", {}, {
    livenessProbe: { httpGet: { port: 0, scheme: "FTP", httpHeaders: [{ name: "a b", value: "c" }] } },
    readinessProbe: { tcpSocket: { port: "a_b" } },
    startupProbe: { grpc: { port: 70000 } },
  }, [
    `${c}.livenessProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"`,
    `${c}.livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive`,
    `${c}.livenessProbe.httpGet.httpHeaders: Invalid value: "a b": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')`,
    `${c}.readinessProbe.tcpSocket.port: Invalid value: "a_b": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)`,
    `${c}.startupProbe.grpc.port: Invalid value: 70000: must be between 1 and 65535, inclusive`,
  ]],
  ["thresholds", {}, {
    livenessProbe: { ...http, successThreshold: 2, terminationGracePeriodSeconds: 0 },
    readinessProbe: { ...http, periodSeconds: -1, successThreshold: 2, terminationGracePeriodSeconds: 5 },
  }, [
    `${c}.livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0`,
    `${c}.livenessProbe.successThreshold: Invalid value: 2: must be 1`,
    `${c}.readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0`,
    `${c}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes`,
  ]],
  ["hooks", { terminationGracePeriodSeconds: 5 }, {
    lifecycle: { postStart: {}, preStop: { sleep: { seconds: 6 } }, stopSignal: "SIGUSR1" },
  }, [
    `${c}.lifecycle.postStart: Required value: must specify a handler type`,
    `${c}.lifecycle.preStop.sleep: Invalid value: 6: must be non-negative and less than terminationGracePeriodSeconds (5)`,
    `${c}.lifecycle.stopSignal: Forbidden: may not be set for containers with empty \`spec.os.name\``,
  ]],
];

const volumes: Case[] = [
  ["names", { volumes: [{ name: "a" }, { name: "a" }, { name: "A" }, {}] }, {}, [
    `spec.volumes[1].name: Duplicate value: "a"`,
    `spec.volumes[2].name: Invalid value: "A": ${label}`,
    `spec.volumes[3].name: Required value`,
  ]],
  ["two sources", { volumes: [{ name: "a", emptyDir: {}, hostPath: { path: "/a/../b" } }] }, {}, [
    "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
    `spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..'`,
  ]],
  [
    "what sources need",
    {
      volumes: [
        { name: "a", configMap: {} },
        { name: "b", secret: { defaultMode: 0o1777 } },
        { name: "c", hostPath: { path: "", type: "Dir" } },
        { name: "d", emptyDir: { medium: "Disk", sizeLimit: "x" } },
        { name: "e", persistentVolumeClaim: {} },
        { name: "f", configMap: { name: "c", items: [{ path: "../x" }, { key: "k", path: "/x", mode: -1 }] } },
      ],
    },
    {},
    [
      `spec.volumes[2].hostPath.type: Unsupported value: "Dir": supported values: "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"`,
      `spec.volumes[3].emptyDir.sizeLimit: Invalid value: "x": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
      "spec.volumes[0].configMap.name: Required value",
      "spec.volumes[1].secret.secretName: Required value",
      `spec.volumes[1].secret.defaultMode: Invalid value: 1023: ${mode}`,
      "spec.volumes[2].hostPath.path: Required value",
      `spec.volumes[3].emptyDir.medium: Unsupported value: "Disk": supported values: "", "Memory"`,
      "spec.volumes[4].persistentVolumeClaim.claimName: Required value",
      "spec.volumes[5].configMap.items[0].key: Required value",
      `spec.volumes[5].configMap.items[0].path: Invalid value: "../x": must not contain '..'`,
      `spec.volumes[5].configMap.items[1].path: Invalid value: "/x": must be a relative path`,
      `spec.volumes[5].configMap.items[1].mode: Invalid value: -1: ${mode}`,
    ],
  ],
  [
    "downward files",
    {
      volumes: [{
        name: "d",
        downwardAPI: {
          items: [
            { path: "a" },
            { path: "b", fieldRef: { fieldPath: "status.podIP" } },
            { path: "c", resourceFieldRef: { resource: "limits.cpu" } },
          ],
        },
      }],
    },
    {},
    [
      "spec.volumes[0].downwardAPI.items[0]: Required value: one of fieldRef and resourceFieldRef is required",
      `spec.volumes[0].downwardAPI.items[1].fieldRef.fieldPath: Unsupported value: "status.podIP": supported values: "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"`,
      "spec.volumes[0].downwardAPI.items[2].resourceFieldRef.containerName: Required value",
    ],
  ],
  [
    "projections",
    {
      volumes: [{
        name: "p",
        projected: {
          sources: [
            {},
            {
              secret: { name: "s", items: [{ key: "a", path: "x" }] },
              configMap: { items: [{ key: "a", path: "x" }] },
            },
            { serviceAccountToken: { path: "", expirationSeconds: 5 } },
          ],
        },
      }],
    },
    {},
    [
      "spec.volumes[0].projected.sources[0]: Forbidden: must specify at least one source",
      "spec.volumes[0].projected.sources[1].configMap: Forbidden: may not specify more than 1 volume type per source",
      "spec.volumes[0].projected.sources[1].configMap.name: Required value",
      `spec.volumes[0].projected.sources[1].configMap.items[0].path: Invalid value: "x": conflicting duplicate paths`,
      "spec.volumes[0].projected.sources[2].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
      "spec.volumes[0].projected.sources[2].serviceAccountToken.path: Required value",
    ],
  ],
  ["mounts", { volumes: [{ name: "v" }] }, {
    volumeMounts: [
      { name: "none", mountPath: "/a" },
      { name: "v", mountPath: "/a" },
      { name: "v", mountPath: "" },
      { name: "v", mountPath: "/b", subPath: "../x", subPathExpr: "/$(A)" },
      { name: "v", mountPath: "/c", mountPropagation: "Bidirectional", recursiveReadOnly: "Enabled" },
    ],
  }, [
    `${c}.volumeMounts[0].name: Not found: "none"`,
    `${c}.volumeMounts[1].mountPath: Invalid value: "/a": must be unique`,
    `${c}.volumeMounts[2].mountPath: Required value`,
    `${c}.volumeMounts[3].subPath: Invalid value: "../x": must not contain '..'`,
    `${c}.volumeMounts[3].subPathExpr: Invalid value: "/$(A)": subPathExpr and subPath are mutually exclusive`,
    `${c}.volumeMounts[3].subPathExpr: Invalid value: "/$(A)": must be a relative path`,
    `${c}.volumeMounts[4].mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`,
    `${c}.volumeMounts[4].recursiveReadOnly: Forbidden: may only be specified when readOnly is true`,
    `${c}.volumeMounts[4].recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified`,
  ]],
];

const security: Case[] = [
  ["ids", { securityContext: { runAsUser: -1, fsGroup: 2 ** 31, supplementalGroups: [-2] } }, {
    securityContext: { runAsGroup: -1 },
  }, [
    `${c}.securityContext.runAsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive`,
    "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
    "spec.securityContext.fsGroup: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive",
    "spec.securityContext.supplementalGroups[0]: Invalid value: -2: must be between 0 and 2147483647, inclusive",
  ]],
  ["escalation that contradicts itself", {}, {
    securityContext: { allowPrivilegeEscalation: false, privileged: true, capabilities: { add: ["SYS_ADMIN"] } },
  }, [
    `${c}.securityContext: Invalid value: {"allowPrivilegeEscalation":false,"privileged":true,"capabilities":{"add":["SYS_ADMIN"]}}: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
    `${c}.securityContext: Invalid value: {"allowPrivilegeEscalation":false,"privileged":true,"capabilities":{"add":["SYS_ADMIN"]}}: cannot set \`allowPrivilegeEscalation\` to false and \`capabilities.Add\` CAP_SYS_ADMIN`,
  ]],
  [
    "profiles",
    {
      securityContext: {
        seccompProfile: { type: "Localhost" },
        appArmorProfile: { type: "RuntimeDefault", localhostProfile: "x" },
      },
    },
    { securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "../x" }, procMount: "Unmasked" } },
    [
      `${c}.securityContext.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``,
      `${c}.securityContext.seccompProfile.localhostProfile: Invalid value: "../x": must not contain '..'`,
      "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
      `spec.securityContext.appArmorProfile.localhostProfile: Invalid value: "x": can only be set when AppArmor type is Localhost`,
    ],
  ],
  [
    "sysctls",
    {
      hostNetwork: true,
      securityContext: {
        sysctls: [
          { name: "kernel.shm_rmid_forced", value: "1" },
          { name: "kernel/shm_rmid_forced", value: "1" },
          { name: "net.ipv4.ip_forward", value: "1" },
          { name: "A", value: "1" },
        ],
      },
    },
    {},
    [
      `spec.securityContext.sysctls[1].name: Duplicate value: "kernel/shm_rmid_forced"`,
      `spec.securityContext.sysctls[2].name: Invalid value: "net.ipv4.ip_forward": may not be specified when 'hostNetwork' is true`,
      `spec.securityContext.sysctls[3].name: Invalid value: "A": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`,
    ],
  ],
  ["host namespaces", { hostUsers: false, hostNetwork: true, hostPID: true, shareProcessNamespace: true }, {}, [
    "spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled",
    "spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false",
    "spec.hostPID: Forbidden: when `pod.Spec.HostUsers` is false",
  ]],
];

const pods: Case[] = [
  ["deadlines", { activeDeadlineSeconds: 0, terminationGracePeriodSeconds: -1 }, {}, [
    "spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0",
    "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
  ]],
  ["DNS without servers", { dnsPolicy: "None" }, {}, [
    "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
  ]],
  [
    "too much DNS",
    {
      dnsConfig: { nameservers: ["1.1.1.1", "1.1.1.2", "1.1.1.3", "x"], searches: ["A b"], options: [{}] },
    },
    {},
    [
      `spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","x"]: must not have more than 3 nameservers`,
      `spec.dnsConfig.nameservers[3]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
      `spec.dnsConfig.searches[0]: Invalid value: "A b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?(\\.[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?)*')`,
      "spec.dnsConfig.options[0]: Required value: must not be empty",
    ],
  ],
  [
    "names",
    {
      hostname: "a.b",
      subdomain: "A",
      hostAliases: [{ ip: "x", hostnames: ["_"] }],
      readinessGates: [{ conditionType: "a b" }],
    },
    {},
    [
      `spec.hostname: Invalid value: "a.b": must not contain dots`,
      `spec.subdomain: Invalid value: "A": ${label}`,
      `spec.readinessGates[0].conditionType: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
      `spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
      `spec.hostAliases[0].hostnames[0]: Invalid value: "_": ${subdomain}`,
    ],
  ],
  ["a hostname over everything", { hostnameOverride: "x".repeat(65), setHostnameAsFQDN: true, hostNetwork: true }, {}, [
    "spec.hostnameOverride: Forbidden: may not be specified when `setHostnameAsFQDN` is true",
    "spec.hostnameOverride: Forbidden: may not be specified when `hostNetwork` is true",
    "spec.hostnameOverride: Too long: may not be more than 64 bytes",
  ]],
  [
    "tolerations",
    {
      tolerations: [
        {},
        { key: "a", operator: "Exists", value: "b" },
        { key: "a", tolerationSeconds: 5 },
        { key: "a", value: "b c" },
      ],
    },
    {},
    [
      `spec.tolerations[0].operator: Invalid value: "": operator must be Exists when \`key\` is empty, which means "match all values and all keys"`,
      `spec.tolerations[1].operator: Invalid value: "b": value must be empty when \`operator\` is 'Exists'`,
      `spec.tolerations[2].effect: Invalid value: "": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
      `spec.tolerations[3].operator: Invalid value: "b c": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    ],
  ],
  [
    "spreading and affinity",
    {
      topologySpreadConstraints: [
        { maxSkew: 0, topologyKey: "", whenUnsatisfiable: "ScheduleAnyway", minDomains: 1 },
      ],
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} },
        podAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{
            weight: 101,
            podAffinityTerm: { topologyKey: "", labelSelector: { matchExpressions: [{ key: "a", operator: "In" }] } },
          }],
        },
      },
    },
    {},
    [
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
      "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100",
      "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey: Required value: can not be empty",
      "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
      "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
      "spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
    ],
  ],
];

const refused: Case[] = [
  ...["csi", "nfs", "iscsi", "ephemeral", "image", "gitRepo", "rbd", "fc"].map((source): Case => [
    `${source} volumes`,
    { volumes: [{ name: "v", [source]: { any: "thing" } }] },
    {},
    [`spec.volumes[0].${source}: Forbidden: ${source} volumes are not supported by islet`],
  ]),
  ["resource claims", { resourceClaims: [{ name: "gpu", resourceClaimName: "g" }] }, {
    resources: { claims: [{ name: "gpu" }] },
  }, [
    "spec.resourceClaims: Forbidden: dynamic resource allocation is not supported by islet",
    `${c}.resources.claims: Forbidden: dynamic resource allocation is not supported by islet`,
  ]],
  ["Windows", { os: { name: "windows" }, securityContext: { windowsOptions: {} } }, {
    securityContext: { windowsOptions: { hostProcess: true } },
  }, [
    `spec.os.name: Unsupported value: "windows": supported values: "linux"`,
    "spec.securityContext.windowsOptions: Forbidden: Windows options are not supported by islet",
    `${c}.securityContext.windowsOptions: Forbidden: Windows options are not supported by islet`,
  ]],
  ["the rest", { schedulingGates: [{ name: "g" }], workloadRef: {} }, {
    volumeDevices: [{ name: "v", devicePath: "/dev/x" }],
    env: [{ name: "A", valueFrom: { fileKeyRef: { volumeName: "v", path: "p", key: "k" } } }],
    restartPolicy: "Never",
    restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [1] } }],
  }, [
    "spec.schedulingGates: Forbidden: scheduling gates are not supported by islet",
    "spec.workloadRef: Forbidden: workloads are not supported by islet",
    `${c}.volumeDevices: Forbidden: raw block devices are not supported by islet`,
    `${c}.env[0].valueFrom.fileKeyRef: Forbidden: variables from files are not supported by islet`,
    `${c}.restartPolicyRules[0].action: Unsupported value: "RestartAllContainers": supported values: "Restart"`,
  ]],
];

const groups: Record<string, Case[]> = {
  "valid pods": valid,
  containers,
  environment,
  resources,
  "probes and hooks": probes,
  volumes,
  security,
  pods,
  "what is refused by name": refused,
};

for (const [group, cases] of Object.entries(groups)) {
  for (const [name, spec, container, errors] of cases) {
    Deno.test(`validation of ${group}: ${name}`, () => {
      assert.deepEqual(errorsOf(podValue(spec, container)), errors);
    });
  }
}

Deno.test("validation of metadata names every bad part", () => {
  const pod = podValue();
  pod.metadata = {
    name: "Web",
    namespace: "a.b",
    labels: { "a/b/c": "1", app: "a b" },
    annotations: { "-": "x", "UPPER.io/x": "y" },
  };
  const qualified = (prefix: string, suffix = "") =>
    `${prefix}must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')${suffix}`;
  assert.deepEqual(errorsOf(pod), [
    `metadata.name: Invalid value: "Web": ${subdomain}`,
    `metadata.namespace: Invalid value: "a.b": must not contain dots`,
    `metadata.labels: Invalid value: "a/b/c": ${
      qualified("a qualified name ", " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")
    }`,
    `metadata.labels[app]: Invalid value: "a b": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    `metadata.annotations: Invalid value: "-": ${qualified("name part ")}`,
  ]);
  pod.metadata = { generateName: "web-" };
  assert.deepEqual(errorsOf(pod), [
    "metadata.name: Required value: a name is needed here: generateName would make a new one each time",
  ]);
});

Deno.test("ephemeral containers of a live pod are checked like others and may not have probes", () => {
  const pod = podValue({
    ephemeralContainers: [
      { name: "web", image: "", targetContainerName: "none", ports: [{ containerPort: 80 }], livenessProbe: http },
      { name: "ok", image: "a", targetContainerName: "web" },
    ],
  });
  assert.deepEqual(errorsOf(pod, {}), [
    "spec.ephemeralContainers[0].image: Required value",
    `spec.ephemeralContainers[0].name: Duplicate value: "web"`,
    `spec.ephemeralContainers[0].targetContainerName: Not found: "none"`,
    "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
    "spec.ephemeralContainers[0].livenessProbe: Forbidden: cannot be set for an Ephemeral Container",
  ]);
});
