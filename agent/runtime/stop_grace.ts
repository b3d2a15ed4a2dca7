/**
 * How to end a container whose pod object is lost, and how to recognise it: read back from the annotations that
 * `containerAnnotations` wrote. Whatever cannot be read is left out; ending a container never fails over it.
 */
import type { ContainerPort, LifecycleHandler, ResourceRequirements } from "../objects/mod.ts";
import {
  containerTypeAnnotation,
  deletionGracePeriodAnnotation,
  hashAnnotation,
  hashVersionAnnotation,
  imageAnnotation,
  portsAnnotation,
  preStopHandlerAnnotation,
  resourcesAnnotation,
  restartCountAnnotation,
  roleAnnotation,
  stopSignalAnnotation,
  terminationGracePeriodAnnotation,
  terminationMessagePathAnnotation,
  terminationMessagePolicyAnnotation,
} from "./labels.ts";

/** Kubernetes' default of `terminationGracePeriodSeconds`. */
export const defaultGracePeriodSeconds = 30;

export interface StopRules {
  /** The pod's `terminationGracePeriodSeconds`. */
  gracePeriodSeconds: number;
  /** The grace of a deletion that was under way when the container was made; it overtakes the pod's own. */
  deletionGracePeriodSeconds?: number;
  preStop?: LifecycleHandler;
  /** In place of the image's. */
  stopSignal?: string;
  /** For the named ports of preStop. */
  ports: ContainerPort[];
  role: "init" | "sidecar" | "regular" | "ephemeral";
}

/** What was recorded of a container's own spec. */
export interface RecordedContainer {
  hash: string;
  hashVersion: number;
  image: string;
  restartCount: number;
  terminationMessagePath: string;
  terminationMessagePolicy: "File" | "FallbackToLogsOnError";
}

type Annotated = { annotations: Readonly<Record<string, string>> };

/** How to end the container. */
export function stopRules({ annotations }: Annotated): StopRules {
  const deletion = integer(annotations[deletionGracePeriodAnnotation]);
  const preStop = json(annotations[preStopHandlerAnnotation]);
  const ports = json(annotations[portsAnnotation]);
  const stopSignal = annotations[stopSignalAnnotation];
  return {
    gracePeriodSeconds: integer(annotations[terminationGracePeriodAnnotation]) ?? defaultGracePeriodSeconds,
    ...(deletion === undefined ? {} : { deletionGracePeriodSeconds: deletion }),
    ...(isObject(preStop) ? { preStop: preStop as LifecycleHandler } : {}),
    ...(stopSignal ? { stopSignal } : {}),
    ports: Array.isArray(ports) ? ports.filter(isPort) : [],
    role: role(annotations),
  };
}

/** The container's part of what decides about restarts and messages. */
export function recordedContainer({ annotations }: Annotated): RecordedContainer {
  return {
    hash: annotations[hashAnnotation] ?? "",
    // Version 0 is nobody's: a container without a version was not made by islet.
    hashVersion: integer(annotations[hashVersionAnnotation]) ?? 0,
    image: annotations[imageAnnotation] ?? "",
    restartCount: integer(annotations[restartCountAnnotation]) ?? 0,
    terminationMessagePath: annotations[terminationMessagePathAnnotation] ?? "",
    terminationMessagePolicy: annotations[terminationMessagePolicyAnnotation] === "FallbackToLogsOnError"
      ? "FallbackToLogsOnError"
      : "File",
  };
}

/** The requests and limits that the container was made with; undefined where that was not recorded. */
export function madeWith({ annotations }: Annotated): ResourceRequirements | undefined {
  const recorded = json(annotations[resourcesAnnotation]);
  if (!isObject(recorded)) return undefined;
  const amounts = (list: unknown) => isObject(list) ? list as Record<string, string> : undefined;
  const limits = amounts(recorded.limits), requests = amounts(recorded.requests);
  return { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) };
}

function role(annotations: Readonly<Record<string, string>>): StopRules["role"] {
  if (annotations[roleAnnotation] === "sidecar") return "sidecar";
  const type = annotations[containerTypeAnnotation];
  return type === "init" || type === "ephemeral" ? type : "regular";
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function json(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPort(value: unknown): value is ContainerPort {
  return isObject(value) && typeof value.containerPort === "number";
}
