/**
 * The control API: Kubernetes' paths over plain HTTP on the node's Unix socket, for root on the machine. Read-only: what
 * runs is said by the manifest directory.
 *
 *     startApi() ─► socket.ts ─► app.ts: all routes ─► pods, events (list.ts: selectors, tables, watches)
 *                                                   ├► log ─► agent/logs
 *                                                   └► exec, attach: streams.ts ─ bridge.ts ─► cri/streams.ts
 */
import { createApp } from "./app.ts";
import type { ApiDeps } from "./deps.ts";
import { claimSocket, privately } from "./socket.ts";

export { createApp } from "./app.ts";
export type { ApiDeps, AppDeps } from "./deps.ts";

export interface Api {
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
    }, app.fetch)
  );
  const inode = Deno.statSync(socket).ino;
  return {
    async stop() {
      closing.abort();
      const force = setTimeout(() => ended.abort(), graceMs);
      await server.shutdown();
      await server.finished;
      clearTimeout(force);
      try {
        if (Deno.lstatSync(socket).ino === inode) Deno.removeSync(socket);
      } catch { /* gone already */ }
    },
  };
}
