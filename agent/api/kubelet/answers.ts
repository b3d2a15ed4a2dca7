/** How kubelet tells of failures: plain text, not a Status. */
import type { Context } from "hono";
import { ApiError } from "../status.ts";

const plain = { "content-type": "text/plain; charset=utf-8" };

/** The answer to a request that failed. */
export function failureText(err: unknown): Response {
  const [code, message] = err instanceof ApiError ? [err.code, err.message] : [500, messageOf(err)];
  const retryAfter = err instanceof ApiError ? err.details?.retryAfterSeconds : undefined;
  return new Response(message, {
    status: code,
    headers: retryAfter === undefined ? plain : { ...plain, "retry-after": String(retryAfter) },
  });
}

/** As Go's `http.Error` writes it. */
export function httpError(message: string, status: number): Response {
  return new Response(`${message}\n`, { status, headers: { ...plain, "x-content-type-options": "nosniff" } });
}

export function pageNotFound(): Response {
  return new Response("404: Page Not Found", { status: 404, headers: plain });
}

/** The path is there, the method is not. */
export function methodNotAllowed(...allowed: string[]): (c: Context) => Response {
  return () =>
    new Response("405: Method Not Allowed", { status: 405, headers: { ...plain, allow: allowed.join(", ") } });
}

/** An answer for a path that the configuration has closed. */
export function disabled(message: string): () => Response {
  return () => httpError(message, 405);
}

function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
