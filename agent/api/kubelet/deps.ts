/** What kubelet's API works with, besides the streams of pods. */
import type { Hono, MiddlewareHandler } from "hono";
import type { CriClient } from "../../../cri/mod.ts";
import type { Pod } from "../../objects/mod.ts";
import type { ObservedPod } from "../../observed/types.ts";
import type { AppEnv } from "../request.ts";
import type { StreamDeps } from "../streams/mod.ts";

export interface KubeletDeps extends Omit<StreamDeps, "cri"> {
  cri: { runtime: Pick<CriClient["runtime"], "exec" | "attach" | "portForward" | "execSync"> };
  /** Pods that are bound to this node. */
  pods(): Pod[];
  /** What the runtime has. */
  observed(): ObservedPod[];
  /** KubeletConfiguration as it is in force. */
  configuration(): Record<string, unknown>;
  /** Why the node does not do its work; undefined when it does. */
  unhealthy(): string | undefined;
  /** What `/logs/` shows. Default: /var/log. */
  systemLogDir?: string;
  /** enableDebuggingHandlers: whether there are exec, logs and their like. Default: yes. */
  debuggingHandlers?: boolean;
  /** enableSystemLogHandler: whether there is `/logs/`. Default: yes. */
  systemLogHandler?: boolean;
  /** Asked before every route: who asks, and may they? */
  guard?: MiddlewareHandler<AppEnv>;
  /** `/metrics…` and `/stats/…`. */
  usage?: Hono<AppEnv>;
}
