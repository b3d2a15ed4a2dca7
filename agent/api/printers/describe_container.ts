/** A container of a pod, as `describe` shows it. Values of Secrets are named, never shown. */
import type {
  Container,
  ContainerState,
  ContainerStatus,
  EnvFromSource,
  EnvVar,
  LifecycleHandler,
  Probe,
  VolumeMount,
} from "../../objects/mod.ts";
import type { Entry } from "./outline.ts";

export function describeContainer(container: Container, status: ContainerStatus | undefined): Entry[] {
  const ports = container.ports ?? [];
  const { requests, limits } = container.resources ?? {};
  return [
    ["Container ID", status?.containerID ?? ""],
    ["Image", container.image],
    ["Image ID", status?.imageID ?? ""],
    [
      "Port",
      ports.length > 0
        ? ports.map((p) => `${p.containerPort}/${p.protocol ?? "TCP"}${p.name ? ` (${p.name})` : ""}`).join(", ")
        : "<none>",
    ],
    [
      "Host Port",
      ports.length > 0 ? ports.map((p) => `${p.hostPort ?? 0}/${p.protocol ?? "TCP"}`).join(", ") : "<none>",
    ],
    ...block("Command", container.command),
    ...block("Args", container.args),
    ...(status ? stateEntries("State", status.state ?? {}) : []),
    ...(status?.lastState?.terminated ? stateEntries("Last State", status.lastState) : []),
    ...(status
      ? [["Ready", status.ready ? "True" : "False"], ["Restart Count", String(status.restartCount)]] as Entry[]
      : []),
    ...(container.restartPolicy ? [["Restart Policy", container.restartPolicy]] as Entry[] : []),
    ...amounts("Limits", limits),
    ...amounts("Requests", requests),
    ...probe("Liveness", container.livenessProbe),
    ...probe("Readiness", container.readinessProbe),
    ...probe("Startup", container.startupProbe),
    ...hook("Post Start", container.lifecycle?.postStart),
    ...hook("Pre Stop", container.lifecycle?.preStop),
    ...block("Environment Variables from", (container.envFrom ?? []).map(source)),
    [
      "Environment",
      container.env?.length ? { entries: container.env.map((each): Entry => [each.name, value(each)]) } : "<none>",
    ],
    container.volumeMounts?.length ? ["Mounts", { lines: container.volumeMounts.map(mount) }] : ["Mounts", "<none>"],
  ];
}

/** A state with what belongs to it. */
function stateEntries(label: string, { running, waiting, terminated }: ContainerState): Entry[] {
  const detail = (entries: [string, string | number | undefined][]): Entry[] =>
    entries.filter(([, value]) => value !== undefined && value !== "").map((
      [name, value],
    ) => [`  ${name}`, String(value)]);
  if (running) return [[label, "Running"], ...detail([["Started", running.startedAt]])];
  if (terminated) {
    const { reason, message, exitCode, signal, startedAt, finishedAt } = terminated;
    return [
      [label, "Terminated"],
      ...detail([
        ["Reason", reason],
        ["Message", message],
        ["Exit Code", exitCode],
        ["Signal", signal || undefined],
        ["Started", startedAt],
        ["Finished", finishedAt],
      ]),
    ];
  }
  return [[label, "Waiting"], ...detail([["Reason", waiting?.reason], ["Message", waiting?.message]])];
}

function probe(label: string, probe: Probe | undefined): Entry[] {
  if (!probe) return [];
  const {
    initialDelaySeconds = 0,
    timeoutSeconds = 1,
    periodSeconds = 10,
    successThreshold = 1,
    failureThreshold = 3,
  } = probe;
  return [[
    label,
    `${handler(probe)} delay=${initialDelaySeconds}s timeout=${timeoutSeconds}s period=${periodSeconds}s ` +
    `#success=${successThreshold} #failure=${failureThreshold}`,
  ]];
}

function hook(label: string, action: LifecycleHandler | undefined): Entry[] {
  return action ? [[label, handler(action)]] : [];
}

function handler({ exec, httpGet, tcpSocket, ...others }: Probe | LifecycleHandler): string {
  if (exec) return `exec [${exec.command?.join(" ") ?? ""}]`;
  if (httpGet) {
    const { scheme = "HTTP", host = "", port, path = "/" } = httpGet;
    return `http-get ${scheme.toLowerCase()}://${host}:${port}${path.startsWith("/") ? path : `/${path}`}`;
  }
  if (tcpSocket) return `tcp-socket ${tcpSocket.host ?? ""}:${tcpSocket.port}`;
  if ("grpc" in others && others.grpc) return `grpc <pod>:${others.grpc.port} ${others.grpc.service ?? ""}`.trimEnd();
  if ("sleep" in others && others.sleep) return `sleep ${others.sleep.seconds}s`;
  return "unknown";
}

function value({ value, valueFrom }: EnvVar): string {
  if (!valueFrom) return value ?? "";
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
  if (fieldRef) return `(${fieldRef.apiVersion ?? "v1"}:${fieldRef.fieldPath})`;
  if (resourceFieldRef) {
    return `${resourceFieldRef.resource}${
      resourceFieldRef.containerName ? ` of ${resourceFieldRef.containerName}` : ""
    }`;
  }
  const key = configMapKeyRef ?? secretKeyRef;
  if (key) {
    const kind = configMapKeyRef ? "config map" : "secret";
    return `<set to the key '${key.key}' of ${kind} '${key.name}'>  Optional: ${key.optional ?? false}`;
  }
  return fileKeyRef
    ? `<set to the key '${fileKeyRef.key}' of file ${fileKeyRef.path} in volume '${fileKeyRef.volumeName}'>`
    : "";
}

function source({ configMapRef, secretRef, prefix }: EnvFromSource): string {
  const { name = "", optional = false } = configMapRef ?? secretRef ?? {};
  const kind = configMapRef ? "ConfigMap" : "Secret";
  return `${name}  ${kind}${prefix ? ` with prefix ${JSON.stringify(prefix)}` : ""}  Optional: ${optional}`;
}

function mount({ mountPath, name, readOnly, subPath, subPathExpr }: VolumeMount): string {
  const words = [
    readOnly ? "ro" : "rw",
    ...(subPath ? [`path=${JSON.stringify(subPath)}`] : []),
    ...(subPathExpr ? [`pathExpr=${JSON.stringify(subPathExpr)}`] : []),
  ];
  return `${mountPath} from ${name} (${words.join(",")})`;
}

function amounts(label: string, map: Record<string, string> = {}): Entry[] {
  const entries = Object.entries(map);
  return entries.length > 0 ? [[label, { entries }]] : [];
}

function block(label: string, lines: readonly string[] = []): Entry[] {
  return lines.length > 0 ? [[label, { lines }]] : [];
}
