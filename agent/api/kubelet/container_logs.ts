/** `/containerLogs/NAMESPACE/POD/CONTAINER`. */
import type { Context } from "hono";
import type { AppEnv } from "../request.ts";
import { ApiError } from "../status.ts";
import { findPod } from "../streams/container.ts";
import { namedContainer } from "../streams/exec.ts";
import { serveLog } from "../streams/log.ts";
import { logOptions } from "../streams/log_options.ts";
import type { KubeletDeps } from "./deps.ts";

export function readContainerLog(deps: KubeletDeps) {
  return (c: Context<AppEnv>): Response => {
    const { namespace = "", pod: name = "", container = "" } = c.req.param() as Record<string, string>;
    // an older name of tailLines
    const tail = c.req.query("tail");
    const query = (option: string) =>
      option === "tailLines" && tail ? tail === "all" ? undefined : tail : c.req.query(option);
    const options = readOptions(name, query);
    const pod = findPod(deps, namespace, name);
    if (!pod) throw new ApiError(404, "NotFound", `pod ${JSON.stringify(name)} does not exist`);
    if (!namedContainer(pod, container)) {
      const message = `container ${JSON.stringify(container)} not found in pod ${JSON.stringify(name)}`;
      throw new ApiError(404, "NotFound", message);
    }
    return serveLog(deps, c, pod, container, options);
  };
}

function readOptions(pod: string, query: (name: string) => string | undefined) {
  try {
    return logOptions(pod, query);
  } catch (err) {
    if (!(err instanceof ApiError)) throw err;
    const message = err.code === 422 ? "Invalid request." : "Unable to decode query.";
    throw new ApiError(err.code, err.reason, JSON.stringify({ message }), undefined, { cause: err });
  }
}
