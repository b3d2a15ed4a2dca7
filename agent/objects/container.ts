/** Containers: regular, init (sidecars among them) and ephemeral. */
import {
  define,
  flag,
  int,
  lazily,
  list,
  listWith,
  mapList,
  neededInt,
  neededText,
  neededWord,
  opt,
  resourceList,
  setOf,
  text,
  texts,
  word,
  type z,
} from "./schema.ts";
import { lifecycle, probe } from "./probe.ts";
import { securityContext } from "./security.ts";
import { objectFieldSelector, resourceFieldSelector, volumeDevice, volumeMount } from "./volume.ts";

export const resourceRequirements = lazily(() =>
  define("core.v1.ResourceRequirements", {
    limits: resourceList,
    requests: resourceList,
    claims: listWith(define("core.v1.ResourceClaim", { name: neededText, request: text }), {
      listType: "map",
      listMapKeys: ["name"],
    }),
  })
);
export interface ResourceRequirements extends z.infer<ReturnType<typeof resourceRequirements>> {}

const keySelector = (definition: string) =>
  define(definition, { name: text, key: neededText, optional: flag }, { mapType: "atomic" });

export const envVarSource = lazily(() =>
  define("core.v1.EnvVarSource", {
    fieldRef: opt(objectFieldSelector()),
    resourceFieldRef: opt(resourceFieldSelector()),
    configMapKeyRef: opt(keySelector("core.v1.ConfigMapKeySelector")),
    secretKeyRef: opt(keySelector("core.v1.SecretKeySelector")),
    fileKeyRef: opt(
      define("core.v1.FileKeySelector", {
        volumeName: neededText,
        path: neededText,
        key: neededText,
        optional: flag,
      }, { mapType: "atomic" }),
    ),
  })
);
export interface EnvVarSource extends z.infer<ReturnType<typeof envVarSource>> {}

export const envVar = lazily(() =>
  define("core.v1.EnvVar", { name: neededText, value: text, valueFrom: opt(envVarSource()) })
);
export interface EnvVar extends z.infer<ReturnType<typeof envVar>> {}

export const envFromSource = lazily(() =>
  define("core.v1.EnvFromSource", {
    prefix: text,
    configMapRef: opt(define("core.v1.ConfigMapEnvSource", { name: text, optional: flag })),
    secretRef: opt(define("core.v1.SecretEnvSource", { name: text, optional: flag })),
  })
);
export interface EnvFromSource extends z.infer<ReturnType<typeof envFromSource>> {}

export const containerPort = lazily(() =>
  define("core.v1.ContainerPort", {
    name: text,
    hostPort: int,
    containerPort: neededInt,
    protocol: word("SCTP", "TCP", "UDP"),
    hostIP: text,
  })
);
export interface ContainerPort extends z.infer<ReturnType<typeof containerPort>> {}

const restartRule = lazily(() =>
  define("core.v1.ContainerRestartRule", {
    action: neededWord("Restart", "RestartAllContainers"),
    exitCodes: opt(
      define("core.v1.ContainerRestartRuleOnExitCodes", {
        operator: neededWord("In", "NotIn"),
        values: setOf(neededInt),
      }),
    ),
  })
);
export interface ContainerRestartRule extends z.infer<ReturnType<typeof restartRule>> {}

const containerShape = lazily(() => ({
  name: neededText,
  /** Required of every container of a pod; empty only before validation. */
  image: neededText,
  command: texts,
  args: texts,
  workingDir: text,
  ports: mapList(containerPort(), "containerPort", ["containerPort", "protocol"]),
  envFrom: list(envFromSource()),
  env: mapList(envVar(), "name"),
  resources: opt(resourceRequirements()),
  resizePolicy: list(
    define("core.v1.ContainerResizePolicy", {
      resourceName: neededText,
      restartPolicy: neededWord("NotRequired", "RestartContainer"),
    }),
  ),
  restartPolicy: word("Always", "Never", "OnFailure"),
  restartPolicyRules: list(restartRule()),
  volumeMounts: mapList(volumeMount(), "mountPath"),
  volumeDevices: mapList(volumeDevice(), "devicePath"),
  livenessProbe: opt(probe()),
  readinessProbe: opt(probe()),
  startupProbe: opt(probe()),
  lifecycle: opt(lifecycle()),
  terminationMessagePath: text,
  terminationMessagePolicy: word("FallbackToLogsOnError", "File"),
  imagePullPolicy: word("Always", "IfNotPresent", "Never"),
  securityContext: opt(securityContext()),
  stdin: flag,
  stdinOnce: flag,
  tty: flag,
}));

export const container = lazily(() => define("core.v1.Container", containerShape()));
export interface Container extends z.infer<ReturnType<typeof container>> {}

export const ephemeralContainer = lazily(() =>
  define("core.v1.EphemeralContainer", { ...containerShape(), targetContainerName: text })
);
export interface EphemeralContainer extends z.infer<ReturnType<typeof ephemeralContainer>> {}
