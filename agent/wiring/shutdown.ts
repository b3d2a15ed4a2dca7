/**
 * The machine's shutdown: pods end by priority and grace before it goes on, the node says that it goes down and takes in
 * nothing new. systemd-logind tells of it where systemd runs and shutdownGracePeriod is set; elsewhere `--shutdown-pods`.
 */
import type { NodeConfig } from "../config/mod.ts";
import { planShutdown, shutdownMessage, shutdownReason, shutdownSeconds } from "../node/mod.ts";
import { underSystemd } from "../runtime/containerd/mod.ts";
import type { PodManager } from "../pods/manager.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";

export interface NodeShutdownOptions {
  config: Pick<NodeConfig, "shutdown" | "nodeName">;
  manager: Pick<PodManager, "pods" | "shutdown" | "resume">;
  /** Shows and withdraws that the node goes down. */
  mark(shuttingDown: boolean): void;
  /** Puts what became of the pods on the disk. */
  flush(): Promise<void>;
  events: EventRecorder;
  log: Logger;
}

export class NodeShutdown {
  readonly #options: NodeShutdownOptions;
  #ending: Promise<void> | undefined;
  #called = 0;
  #stop = () => {};

  constructor(options: NodeShutdownOptions) {
    this.#options = options;
  }

  /** Lets the machine's shutdown wait for the pods, where that is configured and systemd runs the machine. */
  async watch(): Promise<void> {
    const { config, log } = this.#options;
    const seconds = shutdownSeconds(config.shutdown);
    if (!seconds || !underSystemd()) return;
    const { ShutdownWatch } = await import("../systemd/logind.ts");
    const watch = new ShutdownWatch({
      seconds,
      log,
      onShutdown: () => this.end(),
      onCanceled: () => this.cancel(),
    });
    this.#stop = () => watch.stop();
    await watch.start();
  }

  /** Whether the pods end although nobody says so: systemd takes the machine down by a way past logind. */
  async isDue(): Promise<boolean> {
    if (!shutdownSeconds(this.#options.config.shutdown) || !underSystemd()) return false;
    return await (await import("../systemd/logind.ts")).machineIsStopping();
  }

  /** Ends all pods, group after group; resolves when they are gone or their time is over. */
  end(): Promise<void> {
    return this.#ending ??= this.#end(++this.#called);
  }

  /** The machine goes on: so do the pods. */
  cancel(): void {
    const { manager, mark, log } = this.#options;
    if (!this.#ending) return;
    this.#ending = undefined;
    this.#called++;
    log.info("The machine does not go down after all");
    mark(false);
    manager.resume();
  }

  stop(): void {
    this.#stop();
  }

  async #end(call: number): Promise<void> {
    const { config, manager, mark, flush, events, log } = this.#options;
    const { nodeName } = config;
    mark(true);
    log.info("The machine goes down: ending the pods", { pods: manager.pods().length });
    const about = { kind: "Node", name: nodeName, uid: nodeName };
    events.event(about, "Normal", "NodeShutdown", "Shutdown manager detected shutdown event");
    const verdict = { reason: shutdownReason, message: shutdownMessage, disruption: shutdownMessage };
    for (const { priority, pods, waitSeconds } of planShutdown(manager.pods(), config.shutdown)) {
      if (call !== this.#called) return;
      const ending = pods.map(({ pod, graceSeconds }) => ({ uid: pod.metadata.uid!, graceSeconds }));
      log.info("Ending pods", { priority, pods: pods.map(({ pod }) => pod.metadata.name), waitSeconds });
      await manager.shutdown(ending, waitSeconds * 1000, verdict);
    }
    await flush();
    log.info("The pods have ended");
  }
}
