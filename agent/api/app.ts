/**
 * Every route of the API on one screen; a file a resource. Failures are thrown (status.ts) and become a Kubernetes
 * `Status` in `onError` alone.
 */
import { type Context, Hono } from "hono";
import type { AppDeps } from "./deps.ts";
import { listEvents } from "./events.ts";
import { health, version } from "./health.ts";
import { readPodLog } from "./log.ts";
import { manifestProblems } from "./manifests.ts";
import { showPage } from "./page/mod.ts";
import { getPod, listPods } from "./pods.ts";
import { ApiError, methodNotAllowed, statusOf } from "./status.ts";
import { whyPod } from "./why.ts";
import { attachToPod, execInPod } from "./streams.ts";

const pods = "/api/v1/namespaces/:namespace/pods";

export function createApp(deps: AppDeps): Hono {
  const app = new Hono();
  const readOnly = (c: Context) => {
    throw methodNotAllowed(c.req.method, c.req.path);
  };

  app.get("/healthz", health(deps));
  app.get("/readyz", health(deps));
  app.get("/livez", (c) => c.text("ok"));
  app.get("/version", version());

  app.get("/api/v1/pods", listPods(deps)).all(readOnly);
  app.get(pods, listPods(deps)).all(readOnly);
  app.get(`${pods}/:name`, getPod(deps));
  app.get(`${pods}/:name/status`, getPod(deps));
  app.get(`${pods}/:name/log`, readPodLog(deps));
  app.on(["GET", "POST"], `${pods}/:name/exec`, execInPod(deps));
  app.on(["GET", "POST"], `${pods}/:name/attach`, attachToPod(deps));
  app.all(`${pods}/:name{.+}`, readOnly);

  app.get("/api/v1/events", listEvents(deps)).all(readOnly);
  app.get("/api/v1/namespaces/:namespace/events", listEvents(deps)).all(readOnly);

  app.get("/", showPage());
  app.get("/islet/v1/namespaces/:namespace/pods/:name/why", whyPod(deps)).all(readOnly);
  app.get("/islet/v1/manifests/problems", manifestProblems(deps)).all(readOnly);

  app.notFound((c) => {
    throw new ApiError(404, "NotFound", `the server could not find the requested resource: ${c.req.path}`);
  });
  app.onError((err, c) => {
    const status = statusOf(err);
    if (status.code >= 500) deps.log.warn("Cannot answer a request", { path: c.req.path, err });
    return c.json(status, status.code as 500);
  });
  return app;
}
