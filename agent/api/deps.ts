/** What the API's routes work with. The parts are as narrow as the routes need them, so that tests can give stand-ins. */
import type { CriClient } from "../../cri/mod.ts";
import type { Clock } from "../clock.ts";
import type { ImageCommands } from "../images/mod.ts";
import type { ServiceAddresses } from "../network/addresses/mod.ts";
import type { ObservedPod } from "../observed/types.ts";
import type { Problem } from "../sources/mod.ts";
import type { KubeletMetrics, NodeUsage, Scrapes } from "../stats/mod.ts";
import type { ObjectStore } from "../store/mod.ts";
import type { EventRing } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";
import type { AuthDeps, KubeletAuthOptions } from "./auth/mod.ts";
import type { KubeletDeps } from "./kubelet/deps.ts";
import type { StreamLimit } from "./streams/mod.ts";

export interface ApiDeps {
  config: {
    api: { socket: string };
    podLogsDir: string;
    nodeName: string;
    serviceCIDRs?: readonly string[];
    streamingConnectionIdleTimeoutMs?: number;
  };
  store: ObjectStore & { nextVersion(): string };
  /** What is kept in memory alone: Leases, and endpoints that follow from selectors. */
  memory?: ObjectStore;
  /** Who gives Services their addresses; by itself the API gives those of its configuration. */
  serviceAddresses?: Pick<ServiceAddresses, "assign">;
  events: Pick<EventRing, "get" | "list" | "watch" | "put" | "remove" | "resourceVersion">;
  observer: { get(uid: string): ObservedPod | undefined };
  cri: { runtime: Pick<CriClient["runtime"], "exec" | "attach" | "portForward"> & Partial<CriClient["runtime"]> };
  log: Logger;
  clock: Clock;
  /** What is wrong with the manifests. */
  problems(): Problem[];
  /** What is used and counted. Without it there are no metrics. */
  stats?: { usage: NodeUsage; scrapes: Scrapes; kubelet: KubeletMetrics };
  /** Where archives of images can be put to be imported, if the node imports any. */
  imagesDir?: string;
  /** What people do with images. Without it there are no routes for that. */
  images?: Pick<ImageCommands, "list" | "prune" | "pull" | "import">;
  /** Who may what. Without it the socket alone is open, to root. */
  auth?: AuthDeps;
  /** What kubelet's own API needs besides; without it there is none. */
  kubelet?:
    & Pick<
      KubeletDeps,
      "pods" | "observed" | "configuration" | "unhealthy" | "debuggingHandlers" | "systemLogHandler"
    >
    & {
      access: Omit<KubeletAuthOptions, "nodeName">;
    };
  /** Whether the node does its work: the runtime answers. */
  healthy(): boolean;
}

/** Besides, every route knows when the server ends: long answers end with it; and all share one count of streams. */
export interface AppDeps extends ApiDeps {
  limit: StreamLimit;
  closing: AbortSignal;
}
