/** What the fake runtime holds: sandboxes, containers and what their processes do. */
import {
  type ContainerConfig,
  ContainerState,
  type LinuxContainerResources,
  type PodSandboxConfig,
} from "./gen/runtime_pb.ts";

/** The agent's clock fits. */
export interface FakeClock {
  now(): number;
  mono(): number;
  after(ms: number, fn: () => void): () => void;
}

/** What a container's process does. */
export interface Program {
  /** Ends by itself after this long on the clock. Default: never. */
  exitAfterMs?: number;
  /** Its exit code then. Default 0. */
  exitCode?: number;
  /** Does not end on SIGTERM, only on SIGKILL. */
  ignoresTerm?: boolean;
  /** How long it takes to end on SIGTERM. Default 0. */
  termAfterMs?: number;
  /** Its exit code then. Default 143. */
  termExitCode?: number;
  /** It cannot be started at all: the runtime's words. */
  startError?: string;
}

export interface ExecResult {
  exitCode?: number;
  stdout?: string | Uint8Array;
  stderr?: string | Uint8Array;
}

export interface FakeSandbox {
  id: string;
  config: PodSandboxConfig;
  runtimeHandler: string;
  ready: boolean;
  ips: string[];
  createdAt: bigint;
}

/** A container; `exit` ends its process. */
export class FakeContainer {
  state = ContainerState.CONTAINER_CREATED;
  startedAt = 0n;
  finishedAt = 0n;
  exitCode = 0;
  reason = "";
  message = "";
  resources: LinuxContainerResources | undefined;
  /** Its task is there and nobody in containerd keeps it: nothing of it can be removed until the task service deletes it. */
  taskLost = false;
  /** How often its log was reopened. */
  logReopened = 0;
  program: Program = {};
  /** What ContainerStats says. */
  usage = { cpuNanoSeconds: 0n, workingSetBytes: 0n, writableLayerBytes: 0n };
  readonly #ended = Promise.withResolvers<void>();

  constructor(
    readonly id: string,
    readonly sandbox: FakeSandbox,
    readonly config: ContainerConfig,
    readonly imageId: string,
    readonly createdAt: bigint,
    private onExit: (container: FakeContainer) => void,
  ) {
    this.resources = config.linux?.resources;
  }

  get name(): string {
    return this.config.metadata?.name ?? "";
  }
  get attempt(): number {
    return this.config.metadata?.attempt ?? 0;
  }
  get running(): boolean {
    return this.state === ContainerState.CONTAINER_RUNNING;
  }
  /** Resolves when its process has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Ends the process; does nothing when none runs. */
  exit(exitCode = 0, reason = exitCode === 0 ? "Completed" : "Error", message = ""): void {
    if (!this.running) return;
    this.state = ContainerState.CONTAINER_EXITED;
    this.exitCode = exitCode;
    this.reason = reason;
    this.message = message;
    this.#ended.resolve();
    this.onExit(this);
  }
}
