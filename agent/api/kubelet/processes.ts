/**
 * `/exec`, `/attach` and `/portForward`, with or without the pod's uid in the path, as kube-apiserver asks kubelet; and
 * `/run`, which runs a command and answers with its output.
 */
import type { Context } from "hono";
import type { Pod } from "../../objects/mod.ts";
import type { AppEnv } from "../request.ts";
import { ApiError, badRequest } from "../status.ts";
import { findPod, NotRunningError, runningContainer } from "../streams/container.ts";
import { checkStreams, namedContainer, type ProcessRequest, serveAttach, serveExec } from "../streams/exec.ts";
import { portsOf, servePortForward } from "../streams/port_forward.ts";
import type { KubeletDeps } from "./deps.ts";

/** How long `/run` waits for its command. */
const runTimeoutMs = 4 * 60 * 60 * 1000;

export function execInContainer(deps: KubeletDeps) {
  return (c: Context<AppEnv>): Promise<Response> => {
    const request = processRequest(deps, c);
    const command = c.req.queries("command") ?? [];
    if ((command[0] ?? "") === "") throw badRequest("a command is required");
    return serveExec(deps, c, request, command);
  };
}

export function attachToContainer(deps: KubeletDeps) {
  return (c: Context<AppEnv>): Promise<Response> => serveAttach(deps, c, processRequest(deps, c));
}

export function forwardPorts(deps: KubeletDeps) {
  return (c: Context<AppEnv>): Promise<Response> => {
    const pod = podOf(deps, c);
    if (!isMeant(pod, c)) throw new ApiError(404, "NotFound", "pod not found");
    return servePortForward(deps, c, pod, () => portsOf("port", c.req.queries("port") ?? []));
  };
}

export function runInContainer(deps: KubeletDeps) {
  return async (c: Context<AppEnv>): Promise<Response> => {
    const pod = podOf(deps, c);
    const name = c.req.param("container")!;
    if (!isMeant(pod, c)) throw new NotRunningError("container", name);
    const containerId = runningContainer(deps, pod, name);
    const cmd = (c.req.query("cmd") ?? "").split(" ");
    const { exitCode, stdout, stderr } = await deps.cri.runtime.execSync(
      { containerId, cmd, timeout: 0n },
      { signal: AbortSignal.any([deps.closing, c.req.raw.signal]), timeoutMs: runTimeoutMs },
    );
    const output = new Blob([stdout as BlobPart, stderr as BlobPart]);
    if (exitCode === 0) return new Response(output, { headers: { "content-type": "application/json" } });
    const said = await output.text();
    throw new ApiError(500, "InternalError", `command '${cmd.join(" ")}' exited with ${exitCode}: ${said}`);
  };
}

/** The streams are asked for by kubelet's own names, with "1" for yes. */
function processRequest(deps: KubeletDeps, c: Context<AppEnv>): ProcessRequest {
  const is = (name: string) => c.req.query(name) === "1";
  const streams = checkStreams({ stdin: is("input"), stdout: is("output"), stderr: is("error"), tty: is("tty") });
  const pod = podOf(deps, c);
  const name = c.req.param("container")!;
  const container = isMeant(pod, c) ? namedContainer(pod, name) : undefined;
  if (!container) throw new NotRunningError("container", name);
  return { pod, container, streams };
}

function podOf(deps: KubeletDeps, c: Context<AppEnv>): Pod {
  const pod = findPod(deps, c.req.param("namespace")!, c.req.param("pod")!);
  if (!pod) throw new ApiError(404, "NotFound", "pod does not exist");
  return pod;
}

/** Whether the path's uid, if there is one, is the pod's. */
function isMeant({ metadata: { uid } }: Pod, c: Context<AppEnv>): boolean {
  const wanted = c.req.param("uid");
  return wanted === undefined || wanted === uid;
}
