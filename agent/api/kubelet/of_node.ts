/** Kubelet's routes over what the whole API works with: for kubelet's port, and for `nodes/proxy`. Loaded when needed. */
import { Hono, type MiddlewareHandler } from "hono";
import type { AppDeps } from "../deps.ts";
import type { AppEnv } from "../request.ts";
import { metricsRoutes } from "./metrics.ts";
import { createKubeletApp, type KubeletDeps } from "./mod.ts";

/** `guard` is asked before every route. */
export function kubeletOfNode(deps: AppDeps, guard?: MiddlewareHandler<AppEnv>): Hono<AppEnv> {
  const { kubelet, stats } = deps;
  if (!kubelet) throw new Error("Cannot serve kubelet's API: it is not set up");
  const { access: _, ...rest } = kubelet;
  return createKubeletApp({
    ...deps,
    cri: deps.cri as KubeletDeps["cri"],
    ...rest,
    ...(guard ? { guard } : {}),
    ...(stats ? { usage: metricsRoutes(new Hono(), stats) } : {}),
  });
}
