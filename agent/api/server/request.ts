/** From node's IncomingMessage to a Request: the body is read as its reader asks for it, and not beyond the limit. */
import type { IncomingMessage } from "node:http";
import { ApiError } from "../status.ts";

export interface ReadOptions {
  /** `https://127.0.0.1:6550`, for a request without a usable Host. */
  origin: string;
  maxBody: number;
  signal: AbortSignal;
}

/** apimachinery's NewRequestEntityTooLargeError. */
export function tooLarge(limit: number): ApiError {
  return new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${limit}`);
}

/** @throws {ApiError} for a request that no route could understand. */
export function toRequest(incoming: IncomingMessage, { origin, maxBody, signal }: ReadOptions): Request {
  const { method = "GET" } = incoming;
  const headers = new Headers();
  const { rawHeaders } = incoming;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    try {
      headers.append(rawHeaders[i], rawHeaders[i + 1]);
    } catch {
      throw new ApiError(400, "BadRequest", `the header ${JSON.stringify(rawHeaders[i])} is malformed`);
    }
  }
  const length = headers.get("content-length");
  if (length !== null && Number(length) > maxBody) throw tooLarge(maxBody);
  const hasBody = headers.has("transfer-encoding") || Number(length) > 0;
  const url = urlOf(incoming.url ?? "/", origin);
  try {
    if (!hasBody || method === "GET" || method === "HEAD") return new Request(url, { method, headers, signal });
    return new Request(url, {
      method,
      headers,
      signal,
      body: bodyOf(incoming, maxBody),
      duplex: "half",
    } as RequestInit);
  } catch {
    throw new ApiError(400, "BadRequest", `the method ${JSON.stringify(method)} is not one of HTTP's`);
  }
}

/** The target of a request line: a path, or (from clients that take us for a proxy) a whole URL. */
function urlOf(target: string, origin: string): URL {
  try {
    if (target.startsWith("/")) return new URL(origin + target);
    return new URL(target === "*" ? "/" : target, origin);
  } catch {
    throw new ApiError(400, "BadRequest", "the request's path is malformed");
  }
}

function bodyOf(incoming: IncomingMessage, maxBody: number): ReadableStream<Uint8Array> {
  let size = 0;
  let over = false;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const end = (finish: () => void) => {
        if (over) return;
        over = true;
        finish();
      };
      incoming.on("data", (chunk: Uint8Array) => {
        if (over) return;
        size += chunk.length;
        if (size > maxBody) {
          incoming.pause();
          return end(() => controller.error(tooLarge(maxBody)));
        }
        controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
      });
      incoming.on("end", () => end(() => controller.close()));
      const broken = () => end(() => controller.error(new ApiError(400, "BadRequest", "the request's body broke off")));
      incoming.on("error", broken);
      incoming.on("close", broken);
      incoming.pause();
    },
    pull() {
      incoming.resume();
    },
    cancel() {
      over = true;
      incoming.pause();
    },
  }, { highWaterMark: 0 });
}
