/**
 * A door: one listener, plain on a Unix socket or TLS on a port, whose requests go to the app.
 *
 *     connection ─► limits ─► Request + RequestEnv ─► app.fetch ─► Response, or the raw connection to `env.upgrade`
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { Logger } from "../../telemetry/log.ts";
import type { RequestEnv } from "../request.ts";
import { ApiError, statusOf } from "../status.ts";
import { clientCertificate } from "./client_certificate.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { toRequest } from "./request.ts";
import { sendResponse } from "./response.ts";
import { pendingUpgrade, refuseUpgrade } from "./upgrade.ts";

export type Fetch = (request: Request, env: RequestEnv) => Response | Promise<Response>;

/** What a TLS door shows, and by whom its clients' certificates must be signed. All PEM. */
export interface TlsMaterial {
  certificate: string;
  key: string;
  clientCA?: string;
}

export interface DoorOptions {
  door: RequestEnv["door"];
  fetch: Fetch;
  listen: { path: string } | { host: string; port: number };
  tls?: TlsMaterial;
  limits?: Partial<Limits>;
  log: Logger;
}

export interface Door {
  /** The port that is listened on, 0 on a Unix socket. */
  readonly port: number;
  /** Shows another certificate to connections that come from now on. */
  renew(tls: TlsMaterial): Promise<void>;
  /** Takes no more connections; those with a request under way have `graceMs` to end. */
  close(graceMs: number): Promise<void>;
}

/** Listens; rejects where that is impossible. */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const handlers = new Handlers(options);
  let server = await listen(options, handlers, options.listen);
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    port,
    async renew(tls) {
      if ("setSecureContext" in server) {
        (server as TlsServer).setSecureContext({ key: tls.key, cert: tls.certificate, ca: tls.clientCA });
        return;
      }
      // Deno 2.7: another listener in the old one's place; connections that are open stay
      const old = server as Server;
      await new Promise<void>((resolve) => {
        old.close();
        resolve();
      });
      server = await listen({ ...options, tls }, handlers, { ...options.listen, port });
    },
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      handlers.closing = true;
      for (const socket of handlers.idle()) socket.destroy();
      const timer = setTimeout(() => handlers.destroyAll(), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function listen(options: DoorOptions, handlers: Handlers, at: DoorOptions["listen"]): Promise<Server> {
  const { tls } = options;
  const limits = handlers.limits;
  const shared = {
    maxHeaderSize: limits.head,
    headersTimeout: limits.headMs,
    requestTimeout: limits.headMs + limits.bodyMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: 5000,
    noDelay: true,
  };
  let server: Server;
  if (tls) {
    const https = await import("node:https");
    server = https.createServer({
      ...shared,
      key: tls.key,
      cert: tls.certificate,
      ca: tls.clientCA,
      requestCert: tls.clientCA !== undefined,
      // who it is, and whether it may, is for auth/ to say
      rejectUnauthorized: false,
      minVersion: "TLSv1.2",
      handshakeTimeout: limits.headMs,
      ALPNProtocols: ["http/1.1"],
    }) as unknown as Server;
  } else {
    const http = await import("node:http");
    server = http.createServer(shared);
  }
  server.maxHeadersCount = limits.headers;
  server.maxConnections = limits.connections;
  server.on("request", (incoming, outgoing) => void handlers.request(incoming, outgoing));
  server.on("upgrade", (incoming, socket, head) => void handlers.upgrade(incoming, socket, head));
  server.on("connection", (socket) => handlers.connection(socket));
  server.on("secureConnection", (socket: Duplex) => handlers.connection(socket));
  server.on("clientError", (err: NodeJS.ErrnoException, socket) => handlers.clientError(err, socket));
  server.on("tlsClientError", (_err: Error, socket: Duplex) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const done = () => {
      server.off("error", reject);
      server.on("error", (err) => options.log.warn("A listener of the API failed", { err }));
      resolve();
    };
    if ("path" in at) server.listen(at.path, done);
    else server.listen(at.port, at.host, done);
  });
  return server;
}

class Handlers {
  readonly limits: Limits;
  closing = false;
  readonly #origin: string;
  readonly #sockets = new Map<Duplex, number>();

  constructor(private readonly options: DoorOptions) {
    this.limits = { ...defaultLimits, ...options.limits };
    this.#origin = options.tls ? "https://localhost" : "http://localhost";
  }

  connection(socket: Duplex): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.set(socket, 0);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {}); // a client that went: its requests are told by "close"
  }

  /** Connections without a request under way. */
  idle(): Duplex[] {
    return [...this.#sockets].filter(([, requests]) => requests === 0).map(([socket]) => socket);
  }

  destroyAll(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  async request(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { socket } = incoming;
    this.#count(socket, 1);
    const gone = new AbortController();
    outgoing.on("close", () => gone.abort());
    outgoing.on("error", () => {});
    incoming.on("error", () => {});
    try {
      const response = await this.#answer(incoming, gone.signal);
      // what is left of a body is not read just to be thrown away
      if (!incoming.complete || this.closing) outgoing.setHeader("connection", "close");
      await sendResponse(response, outgoing, {
        head: incoming.method === "HEAD",
        stalledMs: this.limits.stalledMs,
      });
    } catch (err) {
      this.options.log.warn("Cannot send an answer", { path: pathOf(incoming), err });
      outgoing.destroy();
    } finally {
      this.#count(socket, -1);
      if (this.closing && !socket.destroyed && outgoing.writableEnded) socket.end();
    }
  }

  async upgrade(incoming: IncomingMessage, socket: Duplex, head: Uint8Array): Promise<void> {
    this.connection(socket);
    this.#count(socket, 1);
    socket.on("error", () => {});
    const gone = new AbortController();
    socket.on("close", () => gone.abort());
    const upgrade = pendingUpgrade(socket, head);
    const response = await this.#answer(incoming, gone.signal, upgrade);
    if (upgrade.accepted) void response.body?.cancel().catch(() => {});
    else await refuseUpgrade(socket, response, incoming.method ?? "GET").catch(() => socket.destroy());
  }

  /** The app's answer; never rejects. */
  async #answer(
    incoming: IncomingMessage,
    signal: AbortSignal,
    upgrade?: RequestEnv["upgrade"],
  ): Promise<Response> {
    const { door, fetch, log } = this.options;
    try {
      const host = incoming.headers.host;
      const origin = host && /^[\w.:[\]-]+$/.test(host) ? `${this.#origin.split("//")[0]}//${host}` : this.#origin;
      const request = toRequest(incoming, { origin, maxBody: this.limits.body, signal });
      return await fetch(request, { door, ...peer(incoming, door), ...(upgrade ? { upgrade } : {}) });
    } catch (err) {
      if (!(err instanceof ApiError)) log.warn("The API failed", { path: pathOf(incoming), err });
      const status = statusOf(err);
      return Response.json(status, { status: status.code });
    }
  }

  /** Bytes that are no HTTP, or too many or too slow of them. */
  clientError(err: NodeJS.ErrnoException, socket: Duplex): void {
    if (socket.destroyed || !socket.writable) return void socket.destroy();
    const [code, reason] = err.code === "HPE_HEADER_OVERFLOW"
      ? [431, "Request Header Fields Too Large"]
      : err.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? [408, "Request Timeout"]
      : [400, "Bad Request"];
    socket.end(`HTTP/1.1 ${code} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }

  #count(socket: Duplex, change: number): void {
    const before = this.#sockets.get(socket);
    if (before !== undefined) this.#sockets.set(socket, before + change);
  }
}

function peer({ socket }: IncomingMessage, door: RequestEnv["door"]): Partial<RequestEnv> {
  if (door === "socket") return {};
  const { remoteAddress, remotePort } = socket;
  const remote = remoteAddress?.includes(":") ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
  return { remote, ...clientCertificate(socket) };
}

/** A path for the log, without its query: that may hold what is secret. */
function pathOf({ url = "" }: IncomingMessage): string {
  return url.split("?")[0].slice(0, 200);
}
