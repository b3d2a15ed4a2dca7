/**
 * The words that the room shares: what a probe may ask of a container, and what an attempt may find.
 *
 * The shapes are the parts of the Kubernetes API's Probe, LifecycleHandler and Container that matter here, so that a
 * whole Pod fits without conversion.
 */

/** An IntOrString: a number, or the name of one of the container's ports. */
export type PortReference = number | string;

export interface HttpGetAction {
  path?: string;
  port: PortReference;
  host?: string;
  scheme?: string;
  httpHeaders?: readonly { name: string; value?: string }[];
}

export interface TcpSocketAction {
  port: PortReference;
  host?: string;
}

export interface ExecAction {
  command?: readonly string[];
}

export interface GrpcAction {
  port: number;
  service?: string | null;
}

export interface SleepAction {
  seconds: number;
}

/** One of the four that a probe may name; exactly one is set. */
export interface ProbeHandler {
  httpGet?: HttpGetAction;
  tcpSocket?: TcpSocketAction;
  exec?: ExecAction;
  grpc?: GrpcAction;
}

/** One of the four that a postStart or preStop hook may name. */
export interface HookHandler {
  httpGet?: HttpGetAction;
  tcpSocket?: TcpSocketAction;
  exec?: ExecAction;
  sleep?: SleepAction;
}

/** A v1.Probe; absent numbers have the API's defaults. */
export interface ProbeSpec extends ProbeHandler {
  initialDelaySeconds?: number;
  periodSeconds?: number;
  timeoutSeconds?: number;
  successThreshold?: number;
  failureThreshold?: number;
  terminationGracePeriodSeconds?: number | null;
}

export interface ProbedContainer {
  name: string;
  ports?: readonly { name?: string; containerPort: number }[];
  restartPolicy?: string;
  startupProbe?: ProbeSpec;
  livenessProbe?: ProbeSpec;
  readinessProbe?: ProbeSpec;
}

export interface ProbedPod {
  metadata: { name: string; namespace?: string; uid?: string; deletionTimestamp?: string | null };
  spec: {
    hostNetwork?: boolean;
    containers: readonly ProbedContainer[];
    initContainers?: readonly ProbedContainer[];
  };
}

export type ProbeType = "startup" | "liveness" | "readiness";

/** What is known of a container by one probe. */
export type ProbeValue = "success" | "failure" | "unknown";

/**
 * What one attempt found. A `warning` counts as a success that is worth an event; an `error` (the probe itself could
 * not be carried out) says nothing of the container and changes nothing.
 */
export interface ProbeOutcome {
  result: "success" | "warning" | "failure" | "error";
  message: string;
}

/**
 * Runs a command inside a container and waits for its end. Rejects when the command could not be run; a command that
 * outlives `timeoutMs` rejects with an error whose `code` is "deadline_exceeded" (or 4, gRPC's number).
 */
export type ExecSync = (
  containerId: string,
  command: string[],
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<{ exitCode: number; stdout: Uint8Array | string; stderr: Uint8Array | string }>;

/** Where an attempt is aimed. */
export interface ProbeTarget {
  containerId: string;
  /** The pod's primary address; "" when it has none. */
  podIP: string;
  hostNetwork?: boolean;
  container: Pick<ProbedContainer, "name" | "ports">;
}
