/**
 * Passes a request on to a pod, and its answer back, both as they flow. Who asked and by what right stays here; links of pages
 * are left as they are, but a page from a pod is kept from acting as the user that looks at it.
 */
import type { IncomingMessage, RequestOptions } from "node:http";
import type { Context } from "hono";
import { openUpgrade, UpgradeRefusedError } from "../../../cri/upgrade.ts";
import type { AppEnv } from "../request.ts";
import { ClientConnection } from "../streams/client_connection.ts";
import type { StreamDeps } from "../streams/deps.ts";
import { defaultIdleMs } from "../streams/idle.ts";
import { duplexOfClient, duplexOfRuntime, join } from "../streams/join.ts";
import { type Target, unavailable } from "./target.ts";

/** Headers of one connection alone (RFC 9110, 7.6.1), and those that say who asks. */
const kept = new Set([
  ...["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "host"],
  ...["authorization", "proxy-authorization", "x-remote-user", "x-remote-group"],
]);

/** `path` is what the pod is asked for, `prefix` the path here that stands before it. */
export async function passOn(
  deps: StreamDeps,
  c: Context<AppEnv>,
  target: Target,
  prefix: string,
  path: string,
): Promise<Response> {
  const { raw } = c.req;
  const host = `${target.address.includes(":") ? `[${target.address}]` : target.address}:${target.port}`;
  const headers = [...raw.headers].filter(([name]) => !kept.has(name) && !name.startsWith("impersonate-"));
  headers.push(["x-forwarded-uri", prefix + path], ["x-forwarded-proto", c.env.door === "socket" ? "http" : "https"]);
  const asked = raw.headers.get("host");
  if (asked !== null) headers.push(["x-forwarded-host", asked]);
  const url = `${target.scheme}://${host}${path}`;
  const protocol = raw.headers.get("upgrade");
  if (protocol !== null && c.env.upgrade) return await upgraded(deps, c, url, protocol, headers);
  c.env.patient?.();
  const answer = await ask(url, raw, { ...Object.fromEntries(headers), host });
  return response(answer, url, prefix);
}

/** The answer's head; its body is read as the client takes it. @throws a 503 when nobody answers */
async function ask(url: string, { method, body, signal }: Request, headers: Record<string, string>) {
  const secure = url.startsWith("https:");
  const { request } = secure ? await import("node:https") : await import("node:http");
  const { Readable } = await import("node:stream");
  // a pod's certificate is for its own names, if for any
  const options: RequestOptions & { rejectUnauthorized?: boolean } = { method, headers, signal, agent: false };
  if (secure) options.rejectUnauthorized = false;
  const answered = Promise.withResolvers<IncomingMessage>();
  const outgoing = request(url, options, answered.resolve);
  outgoing.on("error", (err) => answered.reject(unavailable(`error trying to reach service: ${err.message}`, err)));
  if (body) Readable.fromWeb(body as never).on("error", () => outgoing.destroy()).pipe(outgoing);
  else outgoing.end();
  return await answered.promise;
}

async function response(answer: IncomingMessage, url: string, prefix: string): Promise<Response> {
  const headers = new Headers();
  for (let at = 0; at < answer.rawHeaders.length; at += 2) {
    const [name, value] = answer.rawHeaders.slice(at, at + 2);
    if (!kept.has(name.toLowerCase())) headers.append(name, value);
  }
  const location = headers.get("location");
  if (location !== null) headers.set("location", locationHere(location, url, prefix));
  headers.append(
    "content-security-policy",
    "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts",
  );
  const status = answer.statusCode ?? 502;
  const bodyless = answer.method === "HEAD" || [204, 205, 304].includes(status);
  if (bodyless) answer.resume();
  const { Readable } = await import("node:stream");
  return new Response(bodyless ? null : Readable.toWeb(answer) as unknown as ReadableStream<Uint8Array>, {
    status,
    headers,
  });
}

/** Where a redirect leads by way of this API; elsewhere if it leads away from the pod. */
export function locationHere(location: string, url: string, prefix: string): string {
  if (!URL.canParse(location, url)) return location;
  const to = new URL(location, url);
  return to.origin === new URL(url).origin ? `${prefix}${to.pathname}${to.search}${to.hash}` : location;
}

/** Another protocol, a WebSocket mostly: from its handshake on the connections are joined. */
async function upgraded(
  { clock, limit, closing, config: { streamingConnectionIdleTimeoutMs: idleMs = defaultIdleMs } }: StreamDeps,
  c: Context<AppEnv>,
  url: string,
  protocol: string,
  headers: [string, string][],
): Promise<Response> {
  const { signal } = c.req.raw;
  const leave = limit.enter();
  try {
    const pod = await openUpgrade(url, {
      headers: [["Upgrade", protocol], ...headers],
      signal: AbortSignal.any([closing, signal]),
    });
    const { connection: _, ...told } = Object.fromEntries(pod.headers);
    const client = duplexOfClient(
      new ClientConnection(c.env.upgrade!.accept({ Connection: "Upgrade", ...told }), signal, clock),
    );
    join(client, duplexOfRuntime(pod), { clock, idleMs }).finally(leave);
    return c.body(null);
  } catch (err) {
    leave();
    if (err instanceof UpgradeRefusedError) return new Response(err.said, { status: err.status });
    throw unavailable(`error trying to reach service: ${(err as Error).message}`, err);
  }
}
