/** What streams of pods and their logs work with, as narrow as they need it. */
import type { CriClient } from "../../../cri/mod.ts";
import type { Clock } from "../../clock.ts";
import type { ObservedPod } from "../../observed/types.ts";
import type { Store } from "../../store/mod.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { StreamLimit } from "./limit.ts";

export interface StreamDeps {
  config: {
    podLogsDir: string;
    /** A stream on which nothing moves for so long is ended; 0: never. Default: four hours, as kubelet's. */
    streamingConnectionIdleTimeoutMs?: number;
  };
  store: Pick<Store, "get" | "watch">;
  observer: { get(uid: string): ObservedPod | undefined };
  cri: { runtime: Pick<CriClient["runtime"], "exec" | "attach" | "portForward"> };
  log: Logger;
  clock: Clock;
  /** Aborts when the API ends: streams end with it. */
  closing: AbortSignal;
  /** Shared by all doors. */
  limit: StreamLimit;
}
