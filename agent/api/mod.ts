/**
 * The control API: Kubernetes' paths on the node's Unix socket, for root on the machine, and with TLS on ports.
 *
 *     startApi() ─► socket.ts, server/: doors ─► app.ts: all routes ─► auth/, then
 *                                        ├► pods, events (list.ts: selectors, tables, watches)
 *                                        ├► log ─► agent/logs
 *                                        └► exec, attach: streams.ts ─ bridge.ts ─► cri/streams.ts
 */
import { createApp } from "./app.ts";
import type { ApiDeps } from "./deps.ts";
import type { Door, TlsMaterial } from "./server/mod.ts";
import { claimSocket, privately } from "./socket.ts";

export { createApp } from "./app.ts";
export type { ApiDeps, AppDeps } from "./deps.ts";
export type { Door, TlsMaterial } from "./server/mod.ts";

export interface Api {
  /** Serves the API with TLS as well; rejects where it cannot listen there. */
  listen(at: { host: string; port: number }, tls: TlsMaterial): Promise<Door>;
  stop(): Promise<void>;
}

/** How long answers under way may take when the server ends. */
const graceMs = 300;

/** Serves the API on `config.api.socket`; resolves when it can be reached. */
export async function startApi(deps: ApiDeps): Promise<Api> {
  const { config: { api: { socket } }, log } = deps;
  await claimSocket(socket);
  const closing = new AbortController();
  const app = createApp({ ...deps, closing: closing.signal });
  const ended = new AbortController();
  const server = privately(() =>
    Deno.serve({
      path: socket,
      signal: ended.signal,
      onListen: () => {},
      onError: (err) => {
        log.warn("The API failed", { err });
        return new Response(null, { status: 500 });
      },
    }, (request) => app.fetch(request, { door: "socket" }))
  );
  const inode = Deno.statSync(socket).ino;
  const doors: Door[] = [];
  return {
    async listen(at, tls) {
      // node's servers and TLS are loaded when the first port is opened, not at start
      const { openDoor } = await import("./server/mod.ts");
      const door = await openDoor({
        door: "tls",
        fetch: (request, env) => app.fetch(request, env),
        listen: at,
        tls,
        log,
      });
      doors.push(door);
      return door;
    },
    async stop() {
      closing.abort();
      const force = setTimeout(() => ended.abort(), graceMs);
      await Promise.all([server.shutdown(), ...doors.map((door) => door.close(graceMs))]);
      await server.finished;
      clearTimeout(force);
      try {
        if (Deno.lstatSync(socket).ino === inode) Deno.removeSync(socket);
      } catch { /* gone already */ }
    },
  };
}
