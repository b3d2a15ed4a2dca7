/**
 * A door: one listener, plain on a Unix socket or TLS on a port, whose requests go to the app.
 *
 *     listener.ts: connections ─► connection.ts: Request + RequestEnv ─► app.fetch ─► Response, or the raw connection
 */
import type { Logger } from "../../telemetry/log.ts";
import type { RequestEnv } from "../request.ts";
import { Connection, type Fetch } from "./connection.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import type { Incoming, Listener, TlsMaterial } from "./incoming.ts";
import { listenTls, listenUnix } from "./listener.ts";

export interface DoorOptions {
  door: RequestEnv["door"];
  fetch: Fetch;
  listen: { path: string } | { host: string; port: number };
  /** Needed on a port, where nothing is served without it. */
  tls?: TlsMaterial;
  limits?: Partial<Limits>;
  log: Logger;
}

export interface Door {
  /** The port that is listened on, 0 on a Unix socket. */
  readonly port: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Shows another certificate to connections that come from now on. */
  renew(tls: TlsMaterial): Promise<void>;
  /** Takes no more connections; those with a request under way have `graceMs` to end. */
  close(graceMs: number): Promise<void>;
}

/** Listens; rejects where that is impossible. */
export async function openDoor({ door, fetch, listen, tls, limits: given, log }: DoorOptions): Promise<Door> {
  const limits = { ...defaultLimits, ...given };
  const open = new Set<Connection>();
  let shaking = 0;
  let idle = () => {};
  /** Closes the oldest connection that asks for nothing: whoever keeps many open locks nobody out. */
  const makeRoom = () => {
    for (const connection of open) {
      if (!connection.isIdle) continue;
      connection.destroy();
      return true;
    }
    return false;
  };
  const scheme = tls ? "https" as const : "http" as const;
  const options = {
    handshakeMs: limits.headMs,
    hasRoom: () => open.size + shaking < limits.connections || makeRoom(),
    onHandshake: (change: 1 | -1) => void (shaking += change),
    onError: (err: unknown) => log.warn("A listener of the API failed", { door, err }),
    onConnection({ link, env }: Incoming) {
      const connection = new Connection(link, {
        fetch,
        env: { door, ...env },
        limits,
        scheme,
        log,
        onClose: () => {
          open.delete(connection);
          if (open.size === 0) idle();
        },
      });
      open.add(connection);
      void connection.run();
    },
  };
  let listener: Listener;
  if ("path" in listen) listener = listenUnix(listen.path, options);
  else if (tls) listener = await listenTls(listen, tls, options);
  else throw new Error("Cannot open a port of the API without TLS");
  return {
    port: listener.port,
    get connections() {
      return open.size;
    },
    renew: (next) => listener.renew(next),
    async close(graceMs) {
      listener.close();
      const ended = new Promise<void>((resolve) => idle = resolve);
      for (const connection of [...open]) connection.finish();
      if (open.size === 0) return;
      const timer = setTimeout(() => {
        for (const connection of [...open]) connection.destroy();
      }, graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}
