/** Probes, lifecycle hooks and their handlers. */
import type { FieldErrors } from "../field_error.ts";
import type { FieldPath } from "../field_path.ts";
import type { GRPCAction, Lifecycle, LifecycleHandler, Probe } from "../probe.ts";
import { httpHeaderName, portName, portNumber } from "./names.ts";

type Handler = LifecycleHandler & { grpc?: GRPCAction };

const kinds = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const;

/** Exactly one handler, and what it says makes sense. */
export function validateHandler(handler: Handler, grace: number | undefined, path: FieldPath, errors: FieldErrors) {
  const present = kinds.filter((kind) => handler[kind]);
  if (!present.length) errors.required(path, "must specify a handler type");
  for (const extra of present.slice(1)) errors.forbidden(path.child(extra), "may not specify more than 1 handler type");
  const kind = present[0];
  const at = path.child(kind ?? "");
  if (kind === "exec" && !handler.exec?.command?.length) errors.required(at.child("command"));
  if (kind === "httpGet" && handler.httpGet) {
    if (!handler.httpGet.path) errors.required(at.child("path"));
    validatePort(handler.httpGet.port, at.child("port"), errors);
    for (const { name } of handler.httpGet.httpHeaders ?? []) {
      errors.invalidAll(at.child("httpHeaders"), name, httpHeaderName(name));
    }
  }
  if (kind === "tcpSocket" && handler.tcpSocket) validatePort(handler.tcpSocket.port, at.child("port"), errors);
  if (kind === "grpc" && handler.grpc) validatePort(handler.grpc.port, at.child("port"), errors);
  if (kind === "sleep" && handler.sleep && grace !== undefined) {
    const { seconds } = handler.sleep;
    if (seconds < 0 || seconds > grace) {
      errors.invalid(at, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`);
    }
  }
}

export function validatePort(port: number | string, path: FieldPath, errors: FieldErrors): void {
  errors.invalidAll(path, port, typeof port === "number" ? portNumber(port) : portName(port));
}

export type ProbeKind = "livenessProbe" | "readinessProbe" | "startupProbe";

const counts = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
] as const;

export function validateProbe(
  probe: Probe | undefined,
  kind: ProbeKind,
  grace: number | undefined,
  path: FieldPath,
  errors: FieldErrors,
) {
  if (!probe) return;
  validateHandler(probe, grace, path, errors);
  for (const field of counts) {
    if ((probe[field] ?? 0) < 0) errors.invalid(path.child(field), probe[field], "must be greater than or equal to 0");
  }
  const own = probe.terminationGracePeriodSeconds;
  if (own !== undefined && own <= 0) {
    errors.invalid(path.child("terminationGracePeriodSeconds"), own, "must be greater than 0");
  }
  if (kind === "readinessProbe") {
    if (own !== undefined) {
      errors.invalid(path.child("terminationGracePeriodSeconds"), own, "must not be set for readinessProbes");
    }
  } else if ((probe.successThreshold ?? 1) !== 1) {
    errors.invalid(path.child("successThreshold"), probe.successThreshold, "must be 1");
  }
}

/** Linux signals as `lifecycle.stopSignal` names them. */
export const linuxSignals: readonly string[] = [
  ..."ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ"
    .split(" "),
  "RTMIN",
  ...Array.from({ length: 15 }, (_, i) => `RTMIN+${i + 1}`),
  ...Array.from({ length: 14 }, (_, i) => `RTMAX-${14 - i}`),
  "RTMAX",
].map((name) => `SIG${name}`).sort();

export function validateLifecycle(
  lifecycle: Lifecycle | undefined,
  grace: number | undefined,
  os: string | undefined,
  path: FieldPath,
  errors: FieldErrors,
) {
  if (!lifecycle) return;
  if (lifecycle.postStart) validateHandler(lifecycle.postStart, grace, path.child("postStart"), errors);
  if (lifecycle.preStop) validateHandler(lifecycle.preStop, grace, path.child("preStop"), errors);
  if (lifecycle.stopSignal) {
    const at = path.child("stopSignal");
    if (os === undefined) errors.forbidden(at, "may not be set for containers with empty `spec.os.name`");
    else if (!linuxSignals.includes(lifecycle.stopSignal)) {
      errors.notSupported(at, lifecycle.stopSignal, linuxSignals);
    }
  }
}
