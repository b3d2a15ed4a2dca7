/**
 * The control API: Kubernetes' paths on the node's Unix socket, for root on the machine, and with TLS on ports.
 *
 *     startApi() ─► socket.ts, server/: doors ─► app.ts: all routes ─► auth/, then
 *                                        │       ├► kube/: resources
 *                                        │       └► streams/: log, exec, attach, port-forward
 *                                        └► kubelet/: kubelet's own paths
 */
import { createApp } from "./app.ts";
import { kubeletAuth } from "./auth/mod.ts";
import type { ApiDeps, AppDeps } from "./deps.ts";
import { type Door, type Fetch, openDoor, type TlsMaterial } from "./server/mod.ts";
import { claimSocket, privately } from "./socket.ts";
import { mostStreams, StreamLimit } from "./streams/mod.ts";

export { createApp } from "./app.ts";
export type { ApiDeps, AppDeps } from "./deps.ts";
export type { Door, TlsMaterial } from "./server/mod.ts";

export interface Api {
  /**
   * Serves the API, or kubelet's own, with TLS as well; rejects where it cannot listen there. What only a port needs is
   * loaded with the first one.
   */
  listen(at: { host: string; port: number }, tls: TlsMaterial, which?: "tls" | "kubelet"): Promise<Door>;
  stop(): Promise<void>;
}

/** How long answers under way may take when the server ends. */
const graceMs = 300;

/** Serves the API on `config.api.socket`; resolves when it can be reached. */
export async function startApi(deps: ApiDeps): Promise<Api> {
  const { config: { api: { socket } }, log } = deps;
  await claimSocket(socket);
  const closing = new AbortController();
  const appDeps = { ...deps, closing: closing.signal, limit: new StreamLimit(mostStreams) };
  const app = createApp(appDeps);
  const fetch: Fetch = (request, env) => app.fetch(request, env);
  const doors: Door[] = [];
  await privately(socket, async (path) => {
    doors.push(await openDoor({ door: "socket", fetch, listen: { path }, log }));
  });
  const inode = Deno.statSync(socket).ino;
  return {
    async listen(at, tls, which = "tls") {
      const toApp = which === "kubelet" ? await kubeletFetch(appDeps) : fetch;
      const door = await openDoor({ door: which, fetch: toApp, listen: at, tls, log });
      doors.push(door);
      return door;
    },
    async stop() {
      closing.abort(new Error("islet is shutting down"));
      await Promise.all(doors.map((door) => door.close(graceMs)));
      try {
        if (Deno.lstatSync(socket).ino === inode) Deno.removeSync(socket);
      } catch { /* gone already */ }
    },
  };
}

/** Kubelet's own API, made when its port is opened. */
async function kubeletFetch(deps: AppDeps): Promise<Fetch> {
  const { auth, kubelet, stats, config: { nodeName } } = deps;
  if (!auth || !kubelet) throw new Error("Cannot serve kubelet's API: it is not set up");
  const [{ kubeletOfNode }, { countKubelet }] = await Promise.all([
    import("./kubelet/of_node.ts"),
    import("./request_metrics.ts"),
  ]);
  const app = kubeletOfNode(deps, kubeletAuth(auth, { nodeName, ...kubelet.access }));
  const fetch: Fetch = (request, env) => app.fetch(request, env);
  return stats ? countKubelet(stats.kubelet.metrics, fetch) : fetch;
}
