/**
 * Kubelet's own API, on 10250: kubelet's paths, answers and words. Who may do what is decided before (auth/kubelet.ts).
 *
 *     /healthz /pods /runningpods/ /configz            what the node is and has
 *     /containerLogs /exec /attach /portForward /run   streams/, by kubelet's paths
 *     /logs/                                           files of the machine's log directory
 *     /metrics… /stats/…                               stats, given as routes
 */
import { Hono } from "hono";
import type { AppEnv } from "../request.ts";
import { healthRoutes } from "../health.ts";
import { disabled, failureText, methodNotAllowed, pageNotFound } from "./answers.ts";
import { readContainerLog } from "./container_logs.ts";
import type { KubeletDeps } from "./deps.ts";
import { listPods, listRunningPods } from "./pods.ts";
import { attachToContainer, execInContainer, forwardPorts, runInContainer } from "./processes.ts";
import { showSystemLogs } from "./system_logs.ts";

export { kubeletConfiguration } from "./configuration.ts";
export type { KubeletDeps } from "./deps.ts";

/** What is closed where enableDebuggingHandlers is false. */
const debugging = ["run", "exec", "attach", "portForward", "containerLogs", "runningpods", "debug/pprof", "logs"];

export function createKubeletApp(deps: KubeletDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>({ strict: true });
  const { debuggingHandlers = true, systemLogHandler = true } = deps;
  const getOnly = methodNotAllowed("GET");
  const streaming = methodNotAllowed("GET", "POST");

  if (deps.guard) app.use(deps.guard);
  app.use(async (c, next) => {
    await next();
    // HEAD is answered by what answers GET: its body is nobody's, and would keep a file or a log's place
    if (c.req.method === "HEAD") await c.res.body?.cancel();
  });

  healthRoutes(app, "healthz", [
    { name: "ping", problem: () => undefined },
    { name: "log", problem: () => undefined },
    { name: "syncloop", problem: deps.unhealthy },
  ]);
  for (const path of ["/pods", "/pods/"]) app.get(path, listPods(deps)).all(path, getOnly);
  if (deps.usage) app.route("/", deps.usage);

  if (!debuggingHandlers) {
    for (const path of debugging) app.all(`/${path}/*`, disabled("Debug endpoints are disabled."));
  } else {
    app.get("/configz", (c) => c.json({ kubeletconfig: deps.configuration() }));
    for (const path of ["/runningpods", "/runningpods/"]) app.get(path, listRunningPods(deps)).all(path, getOnly);
    const pod = ":namespace/:pod";
    app.get(`/containerLogs/${pod}/:container`, readContainerLog(deps)).all(getOnly);
    for (const path of [`${pod}/:container`, `${pod}/:uid/:container`]) {
      app.on(["GET", "POST"], `/exec/${path}`, execInContainer(deps)).all(`/exec/${path}`, streaming);
      app.on(["GET", "POST"], `/attach/${path}`, attachToContainer(deps)).all(`/attach/${path}`, streaming);
      app.post(`/run/${path}`, runInContainer(deps)).all(`/run/${path}`, methodNotAllowed("POST"));
    }
    for (const path of [`/portForward/${pod}`, `/portForward/${pod}/:uid`]) {
      app.on(["GET", "POST"], path, forwardPorts(deps)).all(path, streaming);
    }
    if (systemLogHandler) app.get("/logs/*", showSystemLogs(deps)).all("/logs/*", getOnly);
    else app.all("/logs/*", disabled("logs endpoint is disabled."));
    app.all("/debug/pprof/*", disabled("profiling endpoint is disabled."));
    app.all("/debug/flags/v", disabled("flags endpoint is disabled."));
  }
  app.notFound(pageNotFound);
  app.onError((err, c) => {
    const answer = failureText(err);
    if (answer.status >= 500) deps.log.debug("Cannot answer a request", { path: c.req.path, err });
    return answer;
  });
  return app;
}
