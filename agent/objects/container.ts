/** Containers: regular, init (sidecars among them) and ephemeral. */
import {
  flag,
  int,
  lazily,
  list,
  mapList,
  neededInt,
  neededText,
  neededWord,
  object,
  opt,
  resourceList,
  text,
  texts,
  word,
  type z,
} from "./schema.ts";
import { lifecycle, probe } from "./probe.ts";
import { securityContext } from "./security.ts";
import { objectFieldSelector, resourceFieldSelector, volumeDevice, volumeMount } from "./volume.ts";

export const resourceRequirements = lazily(() =>
  object({
    limits: resourceList,
    requests: resourceList,
    claims: mapList(object({ name: neededText, request: text }), "name"),
  })
);
export interface ResourceRequirements extends z.infer<ReturnType<typeof resourceRequirements>> {}

const keySelector = lazily(() => object({ name: text, key: neededText, optional: flag }));

export const envVarSource = lazily(() =>
  object({
    fieldRef: opt(objectFieldSelector()),
    resourceFieldRef: opt(resourceFieldSelector()),
    configMapKeyRef: opt(keySelector()),
    secretKeyRef: opt(keySelector()),
    fileKeyRef: opt(object({ volumeName: neededText, path: neededText, key: neededText, optional: flag })),
  })
);
export interface EnvVarSource extends z.infer<ReturnType<typeof envVarSource>> {}

export const envVar = lazily(() => object({ name: neededText, value: text, valueFrom: opt(envVarSource()) }));
export interface EnvVar extends z.infer<ReturnType<typeof envVar>> {}

export const envFromSource = lazily(() =>
  object({
    prefix: text,
    configMapRef: opt(object({ name: text, optional: flag })),
    secretRef: opt(object({ name: text, optional: flag })),
  })
);
export interface EnvFromSource extends z.infer<ReturnType<typeof envFromSource>> {}

export const containerPort = lazily(() =>
  object({
    name: text,
    hostPort: int,
    containerPort: neededInt,
    protocol: word("SCTP", "TCP", "UDP"),
    hostIP: text,
  })
);
export interface ContainerPort extends z.infer<ReturnType<typeof containerPort>> {}

const restartRule = lazily(() =>
  object({
    action: neededWord("Restart", "RestartAllContainers"),
    exitCodes: opt(object({ operator: neededWord("In", "NotIn"), values: list(neededInt) })),
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
    object({ resourceName: neededText, restartPolicy: neededWord("NotRequired", "RestartContainer") }),
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

export const container = lazily(() => object(containerShape()));
export interface Container extends z.infer<ReturnType<typeof container>> {}

export const ephemeralContainer = lazily(() => object({ ...containerShape(), targetContainerName: text }));
export interface EphemeralContainer extends z.infer<ReturnType<typeof ephemeralContainer>> {}
