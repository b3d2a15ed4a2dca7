/**
 * `…/pods/NAME/exec` and `…/attach`: a WebSocket in Kubernetes' channel protocols towards the client, the runtime's
 * streaming server behind it. What the request itself has wrong is refused before the upgrade, as a Status.
 */
import type { Context, Handler } from "hono";
import { openProcessSpdy } from "../../cri/spdy.ts";
import { openProcess, type RemoteProcess } from "../../cri/streams.ts";
import { UpgradeRefusedError } from "../../cri/upgrade.ts";
import type { Container, Pod } from "../objects/mod.ts";
import { bridge } from "./bridge.ts";
import { channel, type ChannelProtocol, chooseProtocol, jsonFrame } from "./channels.ts";
import { chooseContainer, runtimeId, statusOfContainer } from "./container.ts";
import type { AppDeps } from "./deps.ts";
import { isTrue } from "./streams/query.ts";
import { findPod } from "./pods.ts";
import { ApiError, badRequest, internalError, invalid, type Status, statusOf } from "./status.ts";

interface Streams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

export function execInPod(deps: AppDeps): Handler {
  return async (c) => {
    const { pod, container, containerId, streams } = target(deps, c, "exec");
    const cmd = c.req.queries("command") ?? [];
    if (cmd.length === 0 || cmd[0] === "") {
      throw invalid("PodExecOptions", pod.metadata.name, "command", cmd, "a command is required");
    }
    const protocol = protocolOf(c);
    const what = `exec in container ${container.name}`;
    return await connect(
      deps,
      c,
      protocol,
      what,
      streams,
      () => deps.cri.runtime.exec({ containerId, cmd, ...streams }),
    );
  };
}

export function attachToPod(deps: AppDeps): Handler {
  return async (c) => {
    const { container, containerId, streams } = target(deps, c, "attach");
    const tty = container.tty ?? false;
    const wanted = {
      ...streams,
      tty,
      stderr: streams.stderr && !tty,
      stdin: streams.stdin && (container.stdin ?? false),
    };
    const protocol = protocolOf(c);
    const what = `attach to container ${container.name}`;
    return await connect(deps, c, protocol, what, wanted, () => deps.cri.runtime.attach({ containerId, ...wanted }));
  };
}

/** The running container that a request is about, and the streams that it wants. */
function target(deps: AppDeps, c: Context, verb: string) {
  const pod = findPod(deps, c.req.param("namespace")!, c.req.param("name")!);
  const query = (name: string) => isTrue(c.req.query(name));
  const tty = query("tty");
  const streams: Streams = { stdin: query("stdin"), stdout: query("stdout"), stderr: query("stderr") && !tty, tty };
  if (!streams.stdin && !streams.stdout && !streams.stderr) {
    throw badRequest("you must specify at least 1 of stdin, stdout, stderr");
  }
  const container = chooseContainer(pod, c.req.query("container"));
  return { pod, container, containerId: runningId(pod, container, verb), streams };
}

function runningId(pod: Pod, { name }: Container, verb: string): string {
  const { phase } = pod.status ?? {};
  if (phase === "Succeeded" || phase === "Failed") {
    throw badRequest(`cannot ${verb} into a container in a completed pod; current phase is ${phase}`);
  }
  const status = statusOfContainer(pod, name);
  if (status?.state?.running && status.containerID) return runtimeId(status.containerID);
  const why = status?.state?.waiting?.reason ?? status?.state?.terminated?.reason ?? "it was not started yet";
  throw badRequest(
    `cannot ${verb}: container ${JSON.stringify(name)} of pod ${
      JSON.stringify(pod.metadata.name)
    } does not run: ${why}`,
  );
}

function protocolOf(c: Context): ChannelProtocol {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
    throw badRequest("Upgrade request required: this is a WebSocket");
  }
  const offered = c.req.header("sec-websocket-protocol") ?? "";
  const protocol = chooseProtocol(offered);
  if (protocol) return protocol;
  throw new ApiError(
    403,
    "Forbidden",
    `unable to upgrade: none of the protocols ${JSON.stringify(offered)} is spoken here`,
  );
}

async function connect(
  { closing, log }: AppDeps,
  c: Context,
  protocol: ChannelProtocol,
  what: string,
  streams: Streams,
  ask: () => Promise<{ url: string }>,
): Promise<Response> {
  let process: RemoteProcess | undefined;
  let failure: Status | undefined;
  try {
    process = await open(ask, streams, closing);
  } catch (err) {
    log.debug("Cannot join a container's streams", { what, err });
    failure = statusOf(internalError(`Cannot ${what}: ${(err as Error).message}`, err));
  }
  let upgraded: Deno.WebSocketUpgrade;
  try {
    upgraded = Deno.upgradeWebSocket(c.req.raw, { protocol });
  } catch (err) {
    process?.close();
    throw badRequest(`Cannot open a WebSocket: ${(err as Error).message}`);
  }
  const { socket, response } = upgraded;
  if (process) {
    bridge({ socket, process, protocol, streams }).catch((err) => log.debug("A stream broke", { what, err }));
  } else tell(socket, failure!);
  return response;
}

/** A WebSocket's client cannot read the body of a refusal: the error channel can be read. */
function tell(socket: WebSocket, failure: Status): void {
  socket.onopen = () => {
    socket.send(jsonFrame(channel.error, failure));
    socket.close(1000);
  };
}

/**
 * Joins the runtime's streaming server: over SPDY where input has to end while output goes on, which a runtime's
 * WebSocket may not be able to say; else over a WebSocket. Each try needs a URL of its own.
 */
async function open(
  ask: () => Promise<{ url: string }>,
  streams: Streams,
  signal: AbortSignal,
): Promise<RemoteProcess> {
  if (streams.stdin && !streams.tty) {
    try {
      return await openProcessSpdy((await ask()).url, streams, { signal });
    } catch (err) {
      if (!(err instanceof UpgradeRefusedError)) throw err;
    }
  }
  return await openProcess((await ask()).url, { signal });
}
