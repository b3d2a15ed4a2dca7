/**
 * Port-forward, in three ways: SPDY, handed through; SPDY in a WebSocket's messages (`SPDY/3.1+portforward.k8s.io`), as
 * kubectl has it from 1.30 on; and WebSocket channels, two a port, whose ports are in the query. To the runtime it is
 * one connection each time, which dials the ports inside the pod's network.
 */
import type { Context } from "hono";
import { WebSocketConnection } from "../../../cri/websocket.ts";
import type { Pod } from "../../objects/mod.ts";
import type { AppEnv } from "../request.ts";
import { ApiError, badRequest } from "../status.ts";
import { ChannelSocket } from "./channel_socket.ts";
import { v4Protocol } from "../channels.ts";
import { chooseProtocol, offeredProtocols, portProtocols } from "./channels.ts";
import { readySandbox } from "./container.ts";
import type { StreamDeps } from "./deps.ts";
import { handThrough, openSpdy, refusalOf, streamVersion, wantsSpdy } from "./hand_through.ts";
import { defaultIdleMs, IdleTimer } from "./idle.ts";
import { duplexOfRuntime, duplexOfWebSocket, join } from "./join.ts";
import { acceptWebSocket, checkHandshake, wantsWebSocket } from "./server_websocket.ts";

const tunnel = "SPDY/3.1+";
/** Two channels each, numbered by a byte, of which the last is reserved. */
const mostPorts = 127;

/** `ports` are those that the query names, for WebSocket channels alone. */
export async function servePortForward(
  deps: StreamDeps,
  c: Context<AppEnv>,
  pod: Pod,
  ports: () => number[],
): Promise<Response> {
  const ask = (port: number[]) => async () =>
    await deps.cri.runtime.portForward({ podSandboxId: readySandbox(deps, pod), port });
  const request = c.req.raw;
  if (!c.env.upgrade) throw badRequest("Upgrade request required");
  const what = `forward ports of pod ${pod.metadata.name}`;
  if (wantsSpdy(request)) return await handThrough(deps, c, what, ask([]));
  if (!wantsWebSocket(request)) throw badRequest("Upgrade request required");
  checkHandshake(request);
  const offered = offeredProtocols(request.headers);
  const tunnels = offered.filter((name) => name.startsWith(tunnel)).map((name) => name.slice(tunnel.length));
  if (tunnels.length > 0) return await serveTunnel(deps, c, what, tunnels, ask([]));
  return await serveChannels(deps, c, what, offered, ask(ports()));
}

/** Reads the ports in a query: several parameters, or several in one behind commas. Throws a 400. */
export function portsOf(name: string, values: readonly string[]): number[] {
  if (values.length === 0) throw badRequest(`query parameter ${JSON.stringify(name)} is required`);
  const ports = values.flatMap((value) => {
    if (value === "") throw badRequest(`query parameter ${JSON.stringify(name)} cannot be empty`);
    return value.split(",").map((text) => {
      const port = Number(text);
      if (!/^\d+$/.test(text) || port > 65535) throw badRequest(`unable to parse ${JSON.stringify(value)} as a port`);
      if (port < 1) throw badRequest(`port ${JSON.stringify(value)} must be > 0`);
      return port;
    });
  });
  if (ports.length > mostPorts) throw badRequest(`at most ${mostPorts} ports can be forwarded in one connection`);
  return ports;
}

/**
 * Serves a stream within the limit of streams: `serve` resolves when the client was answered, and what it gives back settles when
 * the stream is over. What the runtime refuses is told to the client.
 */
async function streamed(
  { limit, log }: StreamDeps,
  c: Context<AppEnv>,
  what: string,
  serve: () => Promise<{ over: Promise<unknown> }>,
): Promise<Response> {
  const leave = limit.enter();
  try {
    const { over } = await serve();
    over.finally(leave);
    return c.body(null);
  } catch (err) {
    leave();
    const answer = refusalOf(err);
    if (!answer) throw err;
    log.debug("Cannot forward ports", { what, err });
    return answer;
  }
}

function serveTunnel(
  deps: StreamDeps,
  c: Context<AppEnv>,
  what: string,
  versions: string[],
  ask: () => Promise<{ url: string }>,
): Promise<Response> {
  const { clock, closing, config: { streamingConnectionIdleTimeoutMs: idleMs = defaultIdleMs } } = deps;
  return streamed(deps, c, what, async () => {
    const runtime = await openSpdy((await ask()).url, versions, AbortSignal.any([closing, c.req.raw.signal]));
    const chosen = runtime.headers.get(streamVersion) ?? versions[0];
    const client = await acceptWebSocket(c, tunnel + chosen, clock);
    return { over: join(duplexOfWebSocket(client), duplexOfRuntime(runtime), { clock, idleMs }) };
  });
}

async function serveChannels(
  deps: StreamDeps,
  c: Context<AppEnv>,
  what: string,
  offered: string[],
  ask: () => Promise<{ url: string }>,
): Promise<Response> {
  const { clock, closing, config: { streamingConnectionIdleTimeoutMs: idleMs = defaultIdleMs } } = deps;
  const protocol = chooseProtocol(offered, portProtocols);
  if (!protocol) {
    throw new ApiError(
      403,
      "Forbidden",
      `unable to upgrade: requested protocol(s) are not supported: [${offered.join(" ")}]`,
    );
  }
  return await streamed(deps, c, what, async () => {
    const signal = AbortSignal.any([closing, c.req.raw.signal]);
    const runtime = await WebSocketConnection.open((await ask()).url, [v4Protocol], { signal });
    const client = new ChannelSocket(await acceptWebSocket(c, protocol.name, clock), protocol);
    return { over: relay(client, runtime, () => new IdleTimer(idleMs, clock, () => client.socket.abort())) };
  });
}

/** The runtime's channels are the client's; only how they are written differs. */
async function relay(client: ChannelSocket, runtime: WebSocketConnection, timer: () => IdleTimer): Promise<void> {
  const idle = timer();
  const up = async () => {
    let taken = true;
    for (let piece; (piece = await client.receive());) {
      idle.touch();
      if (!taken || piece.data.length === 0) continue;
      await runtime.send(new Uint8Array([piece.channel]), piece.data).catch(() => taken = false);
    }
    runtime.close();
  };
  const down = async () => {
    try {
      for (let message; (message = await runtime.receive().catch(() => undefined));) {
        idle.touch();
        if (message.length > 0) await client.send(message[0], message.subarray(1));
      }
      runtime.close();
      await client.socket.close();
    } catch {
      client.socket.abort();
    }
  };
  await Promise.all([up(), down()]);
  idle.stop();
}
