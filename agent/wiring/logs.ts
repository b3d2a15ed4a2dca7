/** Logs of running containers are rotated before they fill the disk. */
import type { CriClient } from "../../cri/mod.ts";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import { LogRotator } from "../logs/mod.ts";
import type { PodObserver } from "../observed/observer.ts";
import type { Logger } from "../telemetry/log.ts";
import { logFile } from "./pods.ts";

export function logRotator(
  { config, observer, cri, clock, log }: {
    config: Pick<
      NodeConfig,
      | "podLogsDir"
      | "containerLogMaxSize"
      | "containerLogMaxFiles"
      | "containerLogMaxWorkers"
      | "containerLogMonitorIntervalMs"
    >;
    observer: Pick<PodObserver, "uids" | "get">;
    cri: CriClient;
    clock: Clock;
    log: Logger;
  },
): LogRotator {
  return new LogRotator({
    maxSize: config.containerLogMaxSize,
    maxFiles: config.containerLogMaxFiles,
    workers: config.containerLogMaxWorkers,
    intervalMs: config.containerLogMonitorIntervalMs,
    running: () =>
      observer.uids().flatMap((uid) => observer.get(uid)?.containers ?? []).filter(({ state }) => state === "running")
        .map((container) => ({ containerId: container.id, path: logFile(container, config.podLogsDir) })),
    reopen: async (containerId) => void await cri.runtime.reopenContainerLog({ containerId }),
    clock,
    log,
  });
}
