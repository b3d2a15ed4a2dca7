/**
 * The vocabulary of the pod workers: what a plan is made from ({@link PodState}) and what it asks for
 * ({@link PodAction}). Plain data on both sides; `plan/` decides, `execute/` acts.
 */
import type { ObservedPod } from "../observed/types.ts";
import type { Pod, ResourceRequirements } from "../objects/mod.ts";

/** What a container gets at least for its end, however little of its grace period is left [kubelet]. */
export const minimumGraceMs = 2000;

/** What is wanted of a pod. */
export type Intent =
  /** Keep it as its spec says. */
  | { type: "run" }
  /**
   * It has ended, or has to (deadline, rejection): nothing may run any more, but its records and logs stay until it is
   * deleted. `deadline` is monotonic ms: what runs then is killed. `forNow`: the machine shuts down, the pod will run
   * again after the next boot; `reason` is then told and decides nothing. `atOnce`: there is no time for signals and hooks.
   * `discard`: records go, too; logs stay. `disruption`: the node ends it for its own sake, and its condition
   * DisruptionTarget says so.
   */
  | {
    type: "finish";
    deadline: number;
    reason: string;
    message: string;
    forNow?: boolean;
    atOnce?: boolean;
    discard?: boolean;
    disruption?: string;
  }
  /** It is being deleted, or has no row in the store: in the end nothing may be left of it. */
  | { type: "delete"; deadline: number; message: string };

/** What a probe manager knows of one container. */
export interface ContainerProbes {
  containerId: string;
  startup: "success" | "failure" | "unknown";
  liveness: "success" | "failure" | "unknown";
  readiness: "success" | "failure" | "unknown";
  /** terminationGracePeriodSeconds of the startup or liveness probe that failed, where it has its own. */
  livenessGraceSeconds?: number;
}

/** An action under way. `key` is unique per pod: two operations of one key never run together. */
export interface Operation {
  key: string;
  type: PodAction["type"];
  container?: string;
  containerId?: string;
  /** For kills: the monotonic ms at which SIGKILL follows. */
  deadline?: number;
  /** Has been told to stop; it will end soon. */
  canceled: boolean;
}

/** The abort reason of an operation whose place another one of its key takes. */
export class Overtaken extends Error {
  constructor() {
    super("overtaken");
  }
}

/** Why something is not tried again yet. */
export interface Retry {
  /** Monotonic ms of the next try. */
  at: number;
  /** Tries so far. */
  count: number;
  /** As shown in the container's waiting state. */
  reason: string;
  message: string;
  /** The message that the log told last. */
  told?: string;
  /** How often the runtime said that the name, with the attempt in it, belongs to something that it does not show. */
  namesTaken?: number;
}

/**
 * How often a name that is taken is asked for again before another one is: a call that an earlier life of the agent made may
 * still be under way in the runtime, and comes to its end.
 */
export const nameTries = 6;

/** What a status written earlier remembers of a container that the runtime has no record of any more. */
export interface Remembered {
  restartCount: number;
  containerId: string;
  /** Set when it had terminated, or ran: then it ended unseen, and nobody knows how. */
  exitCode?: number;
}

/** The exit code of a container that ran when it was last seen, and is gone: kubelet's ContainerStatusUnknown. */
export const unknownExitCode = 137;

/** Which records of ended containers a pod may keep. */
export interface GarbageRules {
  /** Ended attempts of each container; negative: all. */
  perContainer: number;
  /** Younger ones stay, ms. */
  minAgeMs: number;
  /** Ended containers that the node has no room for. */
  excess: ReadonlySet<string>;
  /** Wall-clock ms, for containers' ages. */
  wall: number;
}

/** Why a resize is not granted. */
export interface ResizeRefusal {
  reason: "Deferred" | "Infeasible";
  message: string;
}

/** What a status says of resizes. */
export interface ResizeProgress {
  pending?: ResizeRefusal;
  inProgress?: { generation: number; error?: string };
}

/** Everything that a plan looks at. */
export interface PodState {
  /** With the amounts that it was granted, which may not be those that it asks for. */
  pod: Pod;
  /** Monotonic ms. */
  now: number;
  intent: Intent;
  /** undefined: the runtime does not answer. That is never the same as "nothing is there". */
  observed: ObservedPod | undefined;
  operations: readonly Operation[];
  /** cgroup, directories and volumes stand. */
  prepared: boolean;
  /** Volumes are unmounted and the cgroup is gone. */
  released: boolean;
  /** By operation key. */
  retries: ReadonlyMap<string, Retry>;
  /** ID of an exited container → monotonic ms before which it is not restarted. */
  backoff: ReadonlyMap<string, number>;
  /** By container name. */
  probes: ReadonlyMap<string, ContainerProbes>;
  /** Exited containers (by ID) that were killed to be started again. */
  restartWanted: ReadonlySet<string>;
  /** Sandboxes whose StopPodSandbox was answered in this life of the agent. */
  stoppedSandboxes: ReadonlySet<string>;
  /** Init containers that are known to have completed, and the sandbox in which they did. */
  completedInits: ReadonlyMap<string, string>;
  /** By container name. */
  remembered: ReadonlyMap<string, Remembered>;
  /** ID of a container → the amounts that it was made with, or was brought to since. */
  actuated: ReadonlyMap<string, ResourceRequirements>;
  /** The pod's cgroup has room for what the pod was granted. */
  grown: boolean;
  /** The pod's cgroup is as what the pod was granted says. */
  settled: boolean;
  resize: ResizeProgress;
  garbage: GarbageRules;
}

/** One thing to do. Every action carries the reason that the log and the events give. */
export type PodAction =
  /** Make the cgroup, the directories and the volumes. */
  | { type: "prepare" }
  | { type: "createSandbox"; attempt: number; reason: string }
  /** Releases the network and kills what is left inside; records stay. */
  | { type: "stopSandbox"; sandboxId: string; reason: string }
  /** Stops the sandbox and removes it with its containers. */
  | { type: "removeSandbox"; sandboxId: string }
  | { type: "startContainer"; name: string; attempt: number; reason: string }
  /** preStop, then SIGTERM, then SIGKILL at `deadline` (monotonic ms). Overtakes a slower kill of the same container. */
  | {
    type: "killContainer";
    name: string;
    containerId: string;
    deadline: number;
    /** SIGKILL without more ado. */
    atOnce?: boolean;
    /** Start it again afterwards whatever its exit code. */
    restart: boolean;
    message: string;
  }
  /** Gives the pod's cgroup room for amounts that were granted. */
  | { type: "grow" }
  /** Brings these running containers to the amounts that were granted, then the pod's cgroup. */
  | { type: "resize"; containers: { name: string; containerId: string }[] }
  /**
   * With its log. `unstarted`: it never ran, and no other attempt of it runs. `older`: logs of earlier attempts go, too, which
   * the runtime may have forgotten.
   */
  | {
    type: "removeContainer";
    name: string;
    containerId: string;
    attempt: number;
    unstarted?: boolean;
    older?: boolean;
  }
  /** Tells an operation under way to stop. */
  | { type: "cancel"; key: string; reason: string }
  /** Unmounts volumes, removes the cgroup and the directories, with `logs` those of the logs too; nothing runs any more. */
  | { type: "release"; logs: boolean }
  /** Removes the row: the pod is gone. */
  | { type: "forget" };

/** A plan: what to do now, and the monotonic ms at which to think again even if nothing happens. */
export interface PodPlan {
  actions: PodAction[];
  nextAt?: number;
}

/** The key under which an action runs as an operation. */
export function operationKey(action: PodAction): string {
  switch (action.type) {
    case "startContainer":
      return `start/${action.name}`;
    case "killContainer":
      return `kill/${action.containerId}`;
    case "removeContainer":
      return `remove/${action.containerId}`;
    case "stopSandbox":
      return `stop/${action.sandboxId}`;
    case "removeSandbox":
      return `remove/${action.sandboxId}`;
    default:
      return action.type;
  }
}
