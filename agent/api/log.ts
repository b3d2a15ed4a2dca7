/** `…/pods/NAME/log`: a container's log, whole, its end, or followed until the container ends. */
import type { Handler } from "hono";
import { containerLogPath, loggedAttempts, logStream, type ReadOptions } from "../logs/mod.ts";
import type { Pod } from "../objects/mod.ts";
import { chooseContainer, runtimeId, statusOfContainer } from "./container.ts";
import type { AppDeps } from "./deps.ts";
import { isTrue } from "./streams/query.ts";
import { chooseLog } from "./log_choice.ts";
import { findPod } from "./pods.ts";
import { ApiError, badRequest, invalid } from "./status.ts";

export function readPodLog(deps: AppDeps): Handler {
  return (c) => {
    const pod = findPod(deps, c.req.param("namespace")!, c.req.param("name")!);
    const query = (name: string) => c.req.query(name);
    const options = logOptions(pod.metadata.name, query);
    const container = chooseContainer(pod, query("container")).name;
    const previous = isTrue(query("previous"));
    const status = statusOfContainer(pod, container);
    const { id, running } = chooseLog({ pod: pod.metadata.name, container, previous }, status);
    const attempt = attemptOf(deps, pod, container, id, previous, status?.restartCount ?? 0);
    const path = containerLogPath(deps.config.podLogsDir, logPod(pod), container, attempt);
    if (!running && !exists(path)) {
      throw new ApiError(404, "NotFound", `the log of container ${JSON.stringify(container)} is gone: ${path}`);
    }
    const follow = options.follow && running;
    const watching = follow ? endOf(deps, pod, container, id) : undefined;
    const body = logStream(
      { path, ended: watching?.ended },
      { ...options, follow },
      { signal: watching ? AbortSignal.any([deps.closing, c.req.raw.signal]) : deps.closing, clock: deps.clock },
    );
    return new Response(watching ? onceOver(body, watching.stop) : body, { headers: { "content-type": "text/plain" } });
  };
}

/** PodLogOptions from a query; throws a 400 or 422 that names the option. */
export function logOptions(pod: string, query: (name: string) => string | undefined): ReadOptions {
  const number = (name: string, least: number): number | undefined => {
    const text = query(name);
    if (text === undefined || text === "") return undefined;
    if (!/^[-+]?\d+$/.test(text)) throw badRequest(`${name} must be an integer: ${JSON.stringify(text)}`);
    const value = Number(text);
    if (value >= least) return value;
    const problem = least === 0 ? "must be greater than or equal to 0" : "must be greater than 0";
    throw invalid("PodLogOptions", pod, name, value, problem);
  };
  const sinceSeconds = number("sinceSeconds", 1);
  const time = query("sinceTime");
  const sinceTime = time ? Date.parse(time) : undefined;
  if (Number.isNaN(sinceTime)) throw badRequest(`sinceTime must be a time as RFC 3339 has it: ${JSON.stringify(time)}`);
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    throw invalid(
      "PodLogOptions",
      pod,
      "sinceTime",
      time,
      "at most one of `sinceTime` or `sinceSeconds` may be specified",
    );
  }
  const stream = query("stream") || "All";
  if (!["All", "Stdout", "Stderr"].includes(stream)) {
    throw invalid("PodLogOptions", pod, "stream", stream, 'must be one of "All", "Stdout", "Stderr"');
  }
  const tailLines = number("tailLines", 0), limitBytes = number("limitBytes", 1);
  return {
    follow: isTrue(query("follow")),
    timestamps: isTrue(query("timestamps")),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
    ...(stream === "All" ? {} : { stream: stream === "Stdout" ? "stdout" : "stderr" }),
  };
}

/** The attempt that a container id stands for: as the runtime knows it, else by the restart count and the files. */
function attemptOf(
  { observer, config }: AppDeps,
  pod: Pod,
  container: string,
  id: string,
  previous: boolean,
  restartCount: number,
): number {
  const known = observer.get(pod.metadata.uid!)?.containers.find((each) => each.id === id);
  if (known) return known.attempt;
  if (!previous) return restartCount;
  return loggedAttempts(config.podLogsDir, logPod(pod), container).findLast((each) => each < restartCount) ??
    Math.max(0, restartCount - 1);
}

/** Aborts when that container runs no longer; as long as the runtime is silent it counts as running. */
function endOf({ store }: AppDeps, pod: Pod, container: string, id: string): { ended: AbortSignal; stop(): void } {
  const ended = new AbortController();
  const runs = (now: Pod | undefined) => {
    const status = now && now.metadata.uid === pod.metadata.uid ? statusOfContainer(now, container) : undefined;
    return status?.state?.running !== undefined && runtimeId(status.containerID) === id;
  };
  const { namespace, name } = pod.metadata;
  const stop = store.watch(({ type, object }) => {
    if (object.metadata.name !== name || object.metadata.namespace !== namespace) return;
    if (object.metadata.uid !== pod.metadata.uid) return;
    if (type === "DELETED" || !runs(object as unknown as Pod)) ended.abort();
  }, { kind: "Pod" });
  return { ended: ended.signal, stop };
}

/** The same stream; `stop` is called when it is over, either way. */
function onceOver(body: ReadableStream<Uint8Array>, stop: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        stop();
        controller.close();
      } catch (err) {
        stop();
        controller.error(err);
      }
    },
    async cancel(reason) {
      stop();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

function logPod({ metadata: { namespace, name, uid } }: Pod) {
  return { namespace: namespace!, name, uid: uid! };
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
