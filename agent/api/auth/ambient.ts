/**
 * Pages of other sites: a browser lets them ask with what it brings along by itself, a client certificate or a local port
 * that leads to the socket. Whoever shows a token has it, and may ask from where they like.
 */
import { ApiError } from "../status.ts";
import type { RequestEnv } from "../request.ts";

/** @throws {ApiError} 403 */
export function refuseForeignPages(request: Pick<Request, "headers" | "method">, env: RequestEnv): void {
  if (env.door === "socket" && !isLocalName(request.headers.get("host") ?? "")) {
    throw new ApiError(403, "Forbidden", "forbidden: the socket is not known by this name, ask for localhost");
  }
  if (!isForeignPage(request, env)) return;
  throw new ApiError(403, "Forbidden", "forbidden: pages of other sites may not ask");
}

/** Browsers say where a page is from; older ones, and WebSockets, by its origin alone. */
function isForeignPage({ headers, method }: Pick<Request, "headers" | "method">, env: RequestEnv): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) {
    if (site === "same-origin" || site === "none") return false;
    return headers.get("sec-fetch-mode") !== "navigate" || method !== "GET";
  }
  const origin = headers.get("origin");
  if (origin === null || env.door !== "socket" && !env.certificate) return false;
  const { protocol, host } = URL.parse(origin) ?? {};
  return !host || host !== URL.parse(`${protocol}//${headers.get("host")}`)?.host;
}

/**
 * Whether a name can only mean this machine or an address. A whole domain name may be anybody's, who lets it stand for
 * 127.0.0.1 when a browser asks again: the page there would be of the same origin as the socket.
 */
function isLocalName(host: string): boolean {
  const name = host.replace(/:\d*$/, "");
  return !name.includes(".") || /^\d+(\.\d+){3}$/.test(name) || name.endsWith(".localhost") || name.startsWith("[");
}
