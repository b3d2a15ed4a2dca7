/**
 * Streams of pods: log, exec, attach and port-forward, for kube-apiserver's paths and for kubelet's.
 *
 *     podStreams(): subresources of pods ─┐
 *     kubelet/                            ─┴► exec.ts ─► hand_through.ts   SPDY: raw bytes to and from the runtime
 *                                                     └► process.ts        WebSocket channels ↔ cri/streams.ts
 *                                             port_forward.ts ─► the same, and SPDY tunnelled in a WebSocket
 *                                             log.ts ─► agent/logs
 *
 * Every connection is read only as fast as its other end takes: nothing is kept here, however much flows.
 */
import type { Context } from "hono";
import { type AppEnv, requestInfo } from "../request.ts";
import type { Subresource } from "../kube/types.ts";
import { invalid } from "../status.ts";
import { chooseContainer, requireNode, requirePod } from "./container.ts";
import type { StreamDeps } from "./deps.ts";
import { checkStreams, serveAttach, serveExec } from "./exec.ts";
import { serveLog } from "./log.ts";
import { logOptions } from "./log_options.ts";
import { portsOf, servePortForward } from "./port_forward.ts";
import { isTrue } from "./query.ts";

export type { StreamDeps } from "./deps.ts";
export { StreamLimit } from "./limit.ts";

/** As many streams as there may be at once. */
export const mostStreams = 200;

/** The subresources of pods that stream, by name. */
export function podStreams(deps: StreamDeps): Record<"log" | "exec" | "attach" | "portforward", Subresource> {
  const podOf = (c: Context<AppEnv>) => {
    const { namespace, name } = c.get("info") ?? requestInfo(c.req.method, c.req.path, new URLSearchParams());
    return requirePod(deps, namespace, name);
  };
  const processOf = (c: Context<AppEnv>) => {
    const pod = podOf(c);
    const container = chooseContainer(pod, c.req.query("container"));
    requireNode(pod);
    const is = (name: string) => isTrue(c.req.query(name));
    const streams = checkStreams({ stdin: is("stdin"), stdout: is("stdout"), stderr: is("stderr"), tty: is("tty") });
    return { pod, container, streams };
  };
  const connect = ["create", "get"] as const;
  return {
    log: {
      kind: { kind: "Pod" },
      verbs: ["get"],
      handle(c) {
        const pod = podOf(c);
        const options = logOptions(pod.metadata.name, (name) => c.req.query(name));
        const { name } = chooseContainer(pod, c.req.query("container"));
        if (!pod.spec.nodeName) return c.body(null, 204);
        return serveLog(deps, c, pod, name, options);
      },
    },
    exec: {
      kind: { kind: "PodExecOptions" },
      verbs: connect,
      handle(c) {
        const request = processOf(c);
        const command = c.req.queries("command") ?? [];
        if ((command[0] ?? "") === "") {
          throw invalid("PodExecOptions", request.pod.metadata.name, "command", command, "a command is required");
        }
        return serveExec(deps, c, request, command);
      },
    },
    attach: {
      kind: { kind: "PodAttachOptions" },
      verbs: connect,
      handle: (c) => serveAttach(deps, c, processOf(c)),
    },
    portforward: {
      kind: { kind: "PodPortForwardOptions" },
      verbs: connect,
      handle(c) {
        const pod = podOf(c);
        requireNode(pod);
        return servePortForward(deps, c, pod, () => portsOf("ports", c.req.queries("ports") ?? []));
      },
    },
  };
}
