/** A container's log as an answer: whole, its end, or followed until the container ends. */
import type { Context } from "hono";
import { containerLogPath, loggedAttempts, logStream, type ReadOptions } from "../../logs/mod.ts";
import type { Pod } from "../../objects/mod.ts";
import type { AppEnv } from "../request.ts";
import { ApiError, invalid } from "../status.ts";
import { runtimeId, statusOfContainer } from "./container.ts";
import type { StreamDeps } from "./deps.ts";
import { chooseLog } from "./log_choice.ts";

/** PodLogOptions. */
export interface LogOptions extends ReadOptions {
  previous: boolean;
}

/** The log; throws a 400 or 404 where there is none. */
export function serveLog(
  deps: StreamDeps,
  c: Context<AppEnv>,
  pod: Pod,
  container: string,
  { previous, ...options }: LogOptions,
): Response {
  const { signal } = c.req.raw;
  const { config, closing, clock, limit } = deps;
  const status = statusOfContainer(pod, container);
  const { id, running } = chooseLog({ pod: pod.metadata.name, container, previous }, status);
  const attempt = attemptOf(deps, pod, container, id, previous, status?.restartCount ?? 0);
  const path = containerLogPath(config.podLogsDir, logPod(pod), container, attempt);
  if (!running && !exists(path)) {
    throw new ApiError(404, "NotFound", `the log of container ${JSON.stringify(container)} is gone: ${path}`);
  }
  const follow = (options.follow ?? false) && running;
  const stops = [limit.enter()];
  let ended: AbortSignal | undefined;
  if (follow) {
    const watching = endOf(deps, pod, container, id);
    stops.push(watching.stop);
    ended = watching.ended;
  }
  const body = logStream(
    { path, ended },
    { ...options, follow },
    { signal: AbortSignal.any([closing, signal]), clock },
  );
  // people read logs page by page
  c.env?.patient?.();
  const stop = () => stops.splice(0).forEach((each) => each());
  return new Response(onceOver(body, stop), {
    headers: { "content-type": "text/plain", "cache-control": "no-cache, private" },
  });
}

/** What PodLogOptions' validation finds wrong; undefined when nothing is. */
export function checkLogOptions(
  pod: string,
  { tailLines, limitBytes, sinceSeconds, sinceTime, stream }: {
    tailLines?: number;
    limitBytes?: number;
    sinceSeconds?: number;
    sinceTime?: string;
    stream?: string;
  },
): ApiError | undefined {
  const wrong = (field: string, value: unknown, problem: string) =>
    invalid("PodLogOptions", pod, field, value, problem);
  if (tailLines !== undefined && tailLines < 0) {
    return wrong("tailLines", tailLines, "must be greater than or equal to 0");
  }
  if (limitBytes !== undefined && limitBytes < 1) return wrong("limitBytes", limitBytes, "must be greater than 0");
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    const message = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified";
    return new ApiError(422, "Invalid", `PodLogOptions ${JSON.stringify(pod)} is invalid: : ${message}`, {
      name: pod,
      kind: "PodLogOptions",
      causes: [{ reason: "FieldValueForbidden", message, field: "" }],
    });
  }
  if (sinceSeconds !== undefined && sinceSeconds < 1) {
    return wrong("sinceSeconds", sinceSeconds, "must be greater than 0");
  }
  if (stream !== undefined && !["All", "Stdout", "Stderr"].includes(stream)) {
    const message = `Unsupported value: ${JSON.stringify(stream)}: supported values: "All", "Stderr", "Stdout"`;
    return new ApiError(422, "Invalid", `PodLogOptions ${JSON.stringify(pod)} is invalid: stream: ${message}`, {
      name: pod,
      kind: "PodLogOptions",
      causes: [{ reason: "FieldValueNotSupported", message, field: "stream" }],
    });
  }
  return undefined;
}

/**
 * The attempt that a container was, which its log file is named for. The runtime's own where it still knows the container:
 * `restartCount` can lag behind. Else the latest log before the one that runs.
 */
function attemptOf(
  { observer, config }: StreamDeps,
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
function endOf({ store }: StreamDeps, pod: Pod, container: string, id: string): { ended: AbortSignal; stop(): void } {
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
    return Deno.lstatSync(path).isFile;
  } catch {
    return false;
  }
}
