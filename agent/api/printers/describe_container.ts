/** A container of a pod, as `describe` shows it. Values of Secrets are named, never shown. */
import type { Container, ContainerState, ContainerStatus, EnvVar, LifecycleHandler, Probe } from "../../objects/mod.ts";
import type { Entry } from "./outline.ts";

export function describeContainer(container: Container, status: ContainerStatus | undefined): Entry[] {
  const ports = container.ports ?? [];
  const { requests, limits } = container.resources ?? {};
  const amounts = (map: Record<string, string> | undefined): Entry[] =>
    map && Object.keys(map).length > 0
      ? [["", { entries: Object.entries(map).map(([name, amount]): Entry => [name, amount]) }]]
      : [];
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
    ...words("Command", container.command),
    ...words("Args", container.args),
    ...(status ? stateEntries("State", status.state ?? {}) : []),
    ...(status?.lastState?.terminated ? stateEntries("Last State", status.lastState) : []),
    ...(status
      ? [["Ready", status.ready ? "True" : "False"], ["Restart Count", String(status.restartCount)]] as Entry[]
      : []),
    ...(container.restartPolicy ? [["Restart Policy", container.restartPolicy]] as Entry[] : []),
    ...amounts(limits).map(([, block]): Entry => ["Limits", block]),
    ...amounts(requests).map(([, block]): Entry => ["Requests", block]),
    ...probe("Liveness", container.livenessProbe),
    ...probe("Readiness", container.readinessProbe),
    ...probe("Startup", container.startupProbe),
    ...hook("Post Start", container.lifecycle?.postStart),
    ...hook("Pre Stop", container.lifecycle?.preStop),
    ...(container.envFrom?.length
      ? [[
        "Environment Variables from",
        container.envFrom.map(({ configMapRef, secretRef, prefix }) => {
          const ref = configMapRef ?? secretRef;
          return `${ref?.name}  ${configMapRef ? "ConfigMap" : "Secret"}${
            prefix ? ` with prefix ${JSON.stringify(prefix)}` : ""
          }  Optional: ${ref?.optional ?? false}`;
        }),
      ]] as Entry[]
      : []),
    [
      "Environment",
      container.env?.length ? { entries: container.env.map((each): Entry => [each.name, value(each)]) } : "<none>",
    ],
    [
      "Mounts",
      container.volumeMounts?.length
        ? (container.volumeMounts.map(({ mountPath, name, readOnly, subPath, subPathExpr }) =>
          `${mountPath} from ${name} (${readOnly ? "ro" : "rw"}${subPath ? `,path=${JSON.stringify(subPath)}` : ""}${
            subPathExpr ? `,pathExpr=${JSON.stringify(subPathExpr)}` : ""
          })`
        ))
        : "<none>",
    ],
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

function words(label: string, list: readonly string[] | undefined): Entry[] {
  return list?.length ? [[label, list]] : [];
}
