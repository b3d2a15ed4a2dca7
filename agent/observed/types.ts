/**
 * What the runtime shows of one pod, as plain data: the input of every plan.
 * All stamps are wall-clock milliseconds as the runtime gave them.
 */
export interface ObservedPod {
  uid: string;
  namespace: string;
  name: string;
  /** Highest attempt first. */
  sandboxes: ObservedSandbox[];
  /** Highest attempt first, all attempts that the runtime still knows. */
  containers: ObservedContainer[];
  /** Monotonic ms at which the query began: everything that ended before it is in here. */
  observedAt: number;
}

export interface ObservedSandbox {
  id: string;
  podUid: string;
  namespace: string;
  name: string;
  attempt: number;
  ready: boolean;
  createdAt: number;
  /** Primary address first; empty for hostNetwork pods. */
  ips: string[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface ObservedContainer {
  id: string;
  sandboxId: string;
  podUid: string;
  name: string;
  /** CRI attempt = restart count. */
  attempt: number;
  state: "created" | "running" | "exited" | "unknown";
  /** As the manifest named it. */
  image: string;
  /** The runtime's image id/digest reference: `imageID` of the status. */
  imageId: string;
  createdAt: number;
  /** 0 while not started. */
  startedAt: number;
  /** 0 while not finished. */
  finishedAt: number;
  exitCode: number;
  /** The runtime's word: Completed, Error, OOMKilled, ContainerCannotRun, StartError … */
  reason: string;
  message: string;
  logPath: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
