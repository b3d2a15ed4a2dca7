/** The verbs' way to the node: HTTP and WebSockets over the API's socket. */
import { dirname, join, resolve } from "node:path";
import { defaultRootDir, runDirOf } from "../runtime/containerd/paths.ts";
import type { WebSocketConnection } from "../../cri/websocket.ts";
import type { Status } from "../api/status.ts";
import type { Arguments, Flag } from "./arguments.ts";

/** Flags of every verb that asks a node. */
export const clientFlags: readonly Flag[] = [
  { name: "socket", value: "PATH", help: "socket of the node's API; default: islet.sock in its run directory" },
  { name: "run-dir", value: "DIR", help: "the run directory that the node was started with" },
  { name: "root-dir", value: "DIR", help: `the root directory that the node was started with (${defaultRootDir})` },
];

export const namespaceFlag: Flag = { name: "namespace", short: "n", value: "NAME", help: "namespace (default)" };

/** Where the node's API listens, by the same rule as the node itself. */
export function socketPath(args: Pick<Arguments, "get">): string {
  const socket = args.get("socket");
  if (socket) return resolve(socket.replace(/^unix:(\/\/)?/, ""));
  const runDir = args.get("run-dir") ?? runDirOf(args.get("root-dir") ?? defaultRootDir);
  return join(resolve(runDir), "islet.sock");
}

/** The node refused, in its own words. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  /** `body` is the answer as it came, for verbs whose answers tell more than a Status. */
  constructor(readonly status: Partial<Status> & { code: number }, readonly body = "") {
    const said = status.message || `HTTP status ${status.code}`;
    super(`Error from server${status.reason ? ` (${status.reason})` : ""}: ${said}`);
  }
}

export class Client {
  readonly #http: Deno.HttpClient;

  constructor(readonly socket: string) {
    this.#http = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  }

  async json<T>(path: string, headers?: Record<string, string>): Promise<T> {
    return await (await this.get(path, headers)).json();
  }

  /** An answer whose body is yet to be read. Throws a ServerError for a Status. */
  async get(path: string, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response> {
    return await this.#ask(path, { headers, signal });
  }

  /** As `get`, with a method and a body. */
  async send(
    method: string,
    path: string,
    body?: string | ReadableStream<Uint8Array>,
    contentType = "application/json",
  ): Promise<Response> {
    return await this.#ask(path, { method, body, headers: body === undefined ? {} : { "content-type": contentType } });
  }

  async #ask(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`http://localhost${path}`, { client: this.#http, ...init });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      throw this.#unreachable(cause);
    }
    if (response.ok) return response;
    const text = await response.text();
    throw new ServerError(readStatus(text, response.status), text);
  }

  /**
   * A WebSocket that is open; `prepare` gets it before, so that no message comes too early. Throws a ServerError where
   * the node refuses it.
   */
  async webSocket(path: string, protocols: string[], prepare: (socket: WebSocket) => void): Promise<WebSocket> {
    const socket = new WebSocket(`ws://localhost${path}`, { protocols, client: this.#http } as unknown as string[]);
    socket.binaryType = "arraybuffer";
    const opened = Promise.withResolvers<boolean>();
    socket.onopen = () => opened.resolve(true);
    socket.onerror = () => opened.resolve(false);
    prepare(socket);
    if (await opened.promise) return socket;
    // A WebSocket does not tell why it was refused; the same request without the upgrade does.
    await (await this.get(path)).body?.cancel();
    throw new Error("Cannot open a stream: the node refused it");
  }

  /** A stream that keeps nothing: who sends waits until the system has taken it, and nothing is read before it is asked for. */
  async stream(path: string, protocols: readonly string[]): Promise<WebSocketConnection> {
    const { WebSocketConnection } = await import("../../cri/websocket.ts");
    const connect = () =>
      Deno.connect({ transport: "unix", path: this.socket }).catch((cause) => {
        throw this.#unreachable(cause);
      });
    return await WebSocketConnection.open(`http://localhost${path}`, protocols, { connect });
  }

  #unreachable(cause: unknown): Error {
    const { socket } = this;
    let found: string;
    try {
      const { isSocket } = Deno.statSync(socket);
      found = isSocket ? "nobody answers there; is the node running (islet run)?" : "that is no socket";
    } catch (err) {
      if (err instanceof Deno.errors.NotFound) {
        found = `there is no such socket; is the node running (islet run)? --socket or --root-dir name another`;
      } else if (err instanceof Deno.errors.PermissionDenied || err instanceof Deno.errors.NotCapable) {
        found = `no access to ${dirname(socket)}; run as root`;
      } else throw cause;
    }
    return new Error(`Cannot reach the node at ${socket}: ${found}`);
  }
}

function readStatus(text: string, code: number): Partial<Status> & { code: number } {
  try {
    const status = JSON.parse(text);
    if (status?.kind === "Status") return { ...status, code };
  } catch { /* no Status */ }
  return { code, message: text.trim() };
}

/** The client for a verb's arguments. */
export function clientFor(args: Pick<Arguments, "get">): Client {
  return new Client(socketPath(args));
}

/** A path of the API with its query; parameters without a value are left out. */
export function apiPath(
  path: string,
  query: Record<string, string | number | boolean | readonly string[] | undefined> = {},
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false || value === "") continue;
    for (const each of Array.isArray(value) ? value : [value]) search.append(name, String(each));
  }
  return search.size > 0 ? `${path}?${search}` : path;
}

/** The path of a pod. */
export function podPath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
}
