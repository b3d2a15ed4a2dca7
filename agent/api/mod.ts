/** The control API: Kubernetes paths over HTTP on the node's Unix socket, for root on the machine. */
import { Hono } from "hono";
import type { CriClient } from "../../cri/mod.ts";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import type { Pod } from "../objects/mod.ts";
import type { PodObserver } from "../observed/observer.ts";
import type { Problem } from "../sources/mod.ts";
import type { Store } from "../store/mod.ts";
import type { EventRing } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";

export interface ApiDeps {
  config: NodeConfig;
  store: Store;
  events: EventRing;
  observer: PodObserver;
  cri: CriClient;
  log: Logger;
  clock: Clock;
  /** What is wrong with the manifests. */
  problems(): Problem[];
  /** Whether the node does its work: the runtime answers. */
  healthy(): boolean;
}

export interface Api {
  stop(): Promise<void>;
}

export async function startApi(deps: ApiDeps): Promise<Api> {
  const app = new Hono();
  app.get("/healthz", (c) => deps.healthy() ? c.text("ok") : c.text("the container runtime does not answer", 503));
  app.get("/api/v1/pods", (c) =>
    c.json({ kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: deps.store.resourceVersion }, items: deps.store.list<Pod>("Pod").map(({ object }) => object) }));
  const path = deps.config.api.socket;
  try { Deno.removeSync(path); } catch { /* none */ }
  const server = Deno.serve({ path, onListen: () => {} }, app.fetch);
  return { stop: () => server.shutdown() };
}
