/**
 * Reaching the runtime: gRPC over HTTP/2 on a Unix socket, with nothing but `fetch`.
 *
 *     client ── connect-web's gRPC-Web transport ── fetch of ours ── Deno.HttpClient (unix, h2) ── containerd, CRI-O
 *
 * gRPC puts a call's status into HTTP trailers, which `fetch` hides. gRPC-Web is gRPC for exactly that case: the same
 * length-prefixed messages, and the trailers as one more frame. So the client speaks gRPC-Web, and `translate` turns its
 * requests into gRPC and the answers back, writing the missing last frame itself:
 *
 * - unary: an error comes as headers alone, so `grpc-status` is among them. Success is exactly one complete,
 *   uncompressed message; everything else (none, half of one, two) is `unavailable`, never a made-up success.
 * - server stream: its end says nothing, so every end is `unavailable`.
 *
 * A socket with a gRPC-Web bridge behind it is served by the same transport without translation (`grpc-web+unix://`).
 */
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

/** Where a runtime listens. */
export interface Endpoint {
  protocol: "grpc" | "grpc-web";
  /** The socket's path. */
  path: string;
}

/** Reads `unix:///path`, `/path` or `grpc-web+unix:///path`; throws a TypeError naming what it found. */
export function parseEndpoint(endpoint: string): Endpoint {
  const [, scheme, path] = /^(?:(unix|grpc-web\+unix):(?:\/\/)?)?(\/[^/].*)$/.exec(endpoint) ?? [];
  if (!path) {
    throw new TypeError(
      `Cannot use container runtime endpoint ${JSON.stringify(endpoint)}: ` +
        "expected unix:///path/to.sock or grpc-web+unix:///path/to.sock",
    );
  }
  return { protocol: scheme === "grpc-web+unix" ? "grpc-web" : "grpc", path };
}

/** A transport that owns a connection. */
export interface OwnedTransport {
  transport: Transport;
  /** Gives the connection back; calls in flight fail. */
  close(): void;
}

/**
 * Opens a transport for unary calls or for streams; it connects on first use and again whenever the connection is lost.
 * Two kinds, two connections: open streams count against a server's limit and would starve unary calls, and only the
 * kind tells what the end of an answer means.
 */
export function openTransport(endpoint: Endpoint, kind: "unary" | "stream"): OwnedTransport {
  const grpc = endpoint.protocol === "grpc";
  const client = Deno.createHttpClient({
    proxy: { transport: "unix", path: endpoint.path },
    http1: !grpc,
    http2: grpc,
  });
  const send: Send = (url, init) => fetch(url, { ...init, client } as RequestInit);
  return {
    transport: createGrpcWebTransport({
      baseUrl: "http://localhost",
      useBinaryFormat: true,
      // What a newer runtime says beyond our .proto files is passed over, not kept.
      binaryOptions: { readUnknownFields: false },
      fetch: (grpc ? translate(send, endpoint.path, kind) : reportUnreachable(send, endpoint.path)) as typeof fetch,
    }),
    close: () => client.close(),
  };
}

/** The part of `fetch` that connect-web uses. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

/** A gRPC-Web `fetch` over a gRPC server. */
export function translate(send: Send, peer: string, kind: "unary" | "stream"): Send {
  const reach = reportUnreachable(send, peer);
  return async (url, init) => {
    const headers = new Headers(init.headers);
    headers.delete("x-grpc-web");
    headers.delete("x-user-agent");
    headers.set("content-type", "application/grpc+proto");
    headers.set("te", "trailers");
    const response = await reach(url, { ...init, headers });

    const type = response.headers.get("content-type") ?? "";
    if (response.status !== 200 || !type.startsWith("application/grpc")) {
      await response.body?.cancel();
      throw new ConnectError(
        `no gRPC server at ${peer}: HTTP status ${response.status}, content-type ${JSON.stringify(type)}`,
        Code.Unavailable,
      );
    }
    const answer = new Headers({ "content-type": "application/grpc-web+proto" });
    const status = response.headers.get("grpc-status");
    if (status !== null && status !== "0") {
      await response.body?.cancel();
      for (const name of ["grpc-status", "grpc-message", "grpc-status-details-bin"]) {
        const value = response.headers.get(name);
        if (value !== null) answer.set(name, value);
      }
      return new Response(null, { headers: answer });
    }
    if (kind === "stream") return new Response(endAsBreak(response.body, peer), { headers: answer });
    const body = new Uint8Array(await response.arrayBuffer().catch((err) => broken(peer, init.signal, err)));
    requireOneMessage(body, peer);
    return new Response(streamOf(body, trailerFrame("grpc-status: 0\r\n")), { headers: answer });
  };
}

/** `fetch`, but a socket that nobody answers on is `unavailable` rather than a TypeError. */
function reportUnreachable(send: Send, peer: string): Send {
  return (url, init) => send(url, init).catch((err) => broken(peer, init.signal, err));
}

function broken(peer: string, signal: AbortSignal | null | undefined, err: unknown): never {
  if (signal?.aborted) throw err;
  throw new ConnectError(
    `runtime at ${peer} does not answer: ${innermost(err)}`,
    Code.Unavailable,
    undefined,
    undefined,
    err,
  );
}

/** What the system said, out of what Deno wraps around it: `Connection refused (os error 111)`. */
function innermost(err: unknown): string {
  let at = err;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  const text = at instanceof Error ? at.message : String(at);
  return /client error \(\w+\): (.+)$/.exec(text)?.[1] ?? text;
}

function requireOneMessage(body: Uint8Array, peer: string): void {
  if (body.length >= 5 && body[0] === 0) {
    const length = new DataView(body.buffer, body.byteOffset).getUint32(1);
    if (body.length === length + 5) return;
  }
  const found = body.length === 0 ? "no message" : `${body.length} bytes that are not one complete message`;
  throw new ConnectError(`runtime at ${peer} broke off its answer: ${found}`, Code.Unavailable);
}

type Bytes = Uint8Array<ArrayBuffer>;

function streamOf(...chunks: Bytes[]): ReadableStream<Bytes> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

/** The same bytes, followed by the trailers that make the end of a stream a break. */
function endAsBreak(body: ReadableStream<Bytes> | null, peer: string): ReadableStream<Bytes> {
  const end = trailerFrame(`grpc-status: ${Code.Unavailable}\r\ngrpc-message: stream ended\r\n`);
  const reader = body?.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader?.read().catch((err) => broken(peer, null, err)) ?? { done: true };
      if (!done) return controller.enqueue(value!);
      controller.enqueue(end);
      controller.close();
    },
    cancel: (reason) => reader?.cancel(reason),
  });
}

/** gRPC-Web's last frame. */
export function trailerFrame(text: string): Bytes {
  const payload = new TextEncoder().encode(text);
  const frame = new Uint8Array(5 + payload.length);
  frame[0] = 0x80;
  new DataView(frame.buffer).setUint32(1, payload.length);
  frame.set(payload, 5);
  return frame;
}
