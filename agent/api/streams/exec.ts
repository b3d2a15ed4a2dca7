/**
 * exec and attach: towards the client SPDY, which is handed through to the runtime's streaming server as it is, or a
 * WebSocket in one of Kubernetes' channel protocols. What the request itself has wrong is refused before the upgrade.
 */
import type { Context } from "hono";
import { openProcessSpdy } from "../../../cri/spdy.ts";
import { openProcess, type RemoteProcess } from "../../../cri/streams.ts";
import { UpgradeRefusedError } from "../../../cri/upgrade.ts";
import { podContainers } from "../../objects/pod_containers.ts";
import type { Container, Pod } from "../../objects/mod.ts";
import type { AppEnv } from "../request.ts";
import { ApiError, badRequest, internalError, statusOf } from "../status.ts";
import { ChannelSocket } from "./channel_socket.ts";
import { chooseProtocol, offeredProtocols, processProtocols } from "./channels.ts";
import { NotRunningError, runningContainer } from "./container.ts";
import type { StreamDeps } from "./deps.ts";
import { defaultIdleMs } from "./idle.ts";
import { handThrough, wantsSpdy } from "./hand_through.ts";
import { joinProcess, refuseProcess, type Streams } from "./process.ts";
import { acceptWebSocket, checkHandshake, wantsWebSocket } from "./server_websocket.ts";

/** What a process is asked for, whichever path the request came by. */
export interface ProcessRequest {
  pod: Pod;
  container: Container;
  streams: Streams;
}

/** Runs a command in a container. */
export function serveExec(
  deps: StreamDeps,
  c: Context<AppEnv>,
  { pod, container, streams }: ProcessRequest,
  cmd: string[],
): Promise<Response> {
  return serveProcess(deps, c, `exec in container ${container.name}`, streams, () => {
    const containerId = runningContainer(deps, pod, container.name);
    return deps.cri.runtime.exec({ containerId, cmd, ...streams });
  });
}

/** Joins the streams of a container's first process. Whether that has a terminal is the container's to say. */
export function serveAttach(
  deps: StreamDeps,
  c: Context<AppEnv>,
  { pod, container, streams }: ProcessRequest,
): Promise<Response> {
  const tty = container.tty ?? false;
  const wanted = { ...streams, tty, stderr: streams.stderr && !tty };
  return serveProcess(deps, c, `attach to container ${container.name}`, wanted, () => {
    const containerId = runningContainer(deps, pod, container.name);
    return deps.cri.runtime.attach({ containerId, ...wanted });
  });
}

/** Throws the 400 of a request that wants none of the streams; a terminal has no stderr of its own. */
export function checkStreams({ stdin, stdout, stderr, tty }: Streams): Streams {
  if (!stdin && !stdout && !stderr) throw badRequest("you must specify at least 1 of stdin, stdout, stderr");
  return { stdin, stdout, stderr: stderr && !tty, tty };
}

/** A container of whichever kind, by name. */
export function namedContainer(pod: Pod, name: string): Container | undefined {
  return podContainers(pod).find(({ container }) => container.name === name)?.container;
}

async function serveProcess(
  deps: StreamDeps,
  c: Context<AppEnv>,
  what: string,
  streams: Streams,
  ask: () => Promise<{ url: string }>,
): Promise<Response> {
  const { clock, log, limit, config: { streamingConnectionIdleTimeoutMs: idleMs = defaultIdleMs } } = deps;
  const request = c.req.raw;
  if (!c.env.upgrade) throw badRequest("Upgrade request required");
  if (wantsSpdy(request)) return await handThrough(deps, c, what, ask);
  if (!wantsWebSocket(request)) throw badRequest("Upgrade request required");
  checkHandshake(request);
  const offered = offeredProtocols(request.headers);
  const protocol = chooseProtocol(offered, processProtocols);
  if (!protocol) {
    const known = processProtocols.map(({ name }) => name).filter((name) => name !== "").join(" ");
    throw new ApiError(
      403,
      "Forbidden",
      `unable to upgrade: requested protocol(s) are not supported: [${offered.join(" ")}]; supports [${known}]`,
    );
  }
  const leave = limit.enter();
  const signal = AbortSignal.any([deps.closing, request.signal]);
  let process: RemoteProcess | undefined;
  let failure: unknown;
  try {
    process = await open(ask, streams, signal);
  } catch (err) {
    failure = err;
  }
  const client = await acceptWebSocket(c, protocol.name, clock)
    .then((socket) => new ChannelSocket(socket, protocol))
    .catch((err) => {
      process?.close();
      leave();
      throw err;
    });
  const serving = process
    ? joinProcess(client, process, { streams, clock, idleMs })
    : refuseProcess(client, streams, statusOf(refusal(failure)));
  // a WebSocket's client cannot read a refusal's body: it is told on the error channel
  if (failure) log.debug("Cannot join a container's streams", { what, err: failure });
  serving.catch((err) => {
    log.debug("A stream broke", { what, err });
    client.socket.abort();
  }).finally(leave);
  return c.body(null);
}

/** As it reads where kube-apiserver has asked kubelet. */
function refusal(err: unknown): ApiError {
  if (err instanceof ApiError && !(err instanceof NotRunningError)) return err;
  const message = err instanceof Error ? err.message : String(err);
  return internalError(`Internal error occurred: unable to upgrade connection: ${message}`, err);
}

/** Over SPDY, in which input can end while output goes on; else over a WebSocket. Each try needs a URL of its own. */
async function open(
  ask: () => Promise<{ url: string }>,
  streams: Streams,
  signal: AbortSignal,
): Promise<RemoteProcess> {
  try {
    return await openProcessSpdy((await ask()).url, streams, { signal });
  } catch (err) {
    if (!(err instanceof UpgradeRefusedError)) throw err;
  }
  return await openProcess((await ask()).url, { signal });
}
