/**
 * Every route of the API on one screen; a file a resource. Failures are thrown (status.ts) and become a Kubernetes
 * `Status` in `onError` alone.
 */
import { type Context, Hono } from "hono";
import { applyManifest } from "./apply.ts";
import { auth, issuerRoutes } from "./auth/mod.ts";
import type { AppDeps } from "./deps.ts";
import { type HealthCheck, healthRoutes } from "./health.ts";
import { imageRoutes } from "./images.ts";
import { customResourcesPath, noCustomResources } from "./kube/custom_resources.ts";
import { kubeApi } from "./kube/mod.ts";
import { metricsRoutes } from "./kubelet/metrics.ts";
import { kubeconfigRoutes } from "./kubeconfigs.ts";
import { manifestProblems } from "./manifests.ts";
import { openApi } from "./openapi/mod.ts";
import { showPage } from "./page/mod.ts";
import type { AppEnv } from "./request.ts";
import { limitWatches } from "./server/watch_limit.ts";
import { countRequests } from "./request_metrics.ts";
import { ApiError, methodNotAllowed, statusOf } from "./status.ts";
import { lastHour } from "./usage.ts";
import { isletVersion, versionInfo } from "./version.ts";
import { whyPod } from "./why.ts";

export function createApp(deps: AppDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>({ strict: false });
  const kube = kubeApi(deps);
  const documents = openApi({
    versions: () => kube.registry.groups().flatMap(({ versions }) => versions),
    version: isletVersion,
    clock: deps.clock,
    closing: deps.closing,
  });
  const readOnly = (c: Context) => {
    throw methodNotAllowed(c.req.method, c.req.path);
  };

  if (deps.stats) app.use(countRequests(deps.stats.kubelet.metrics, kube.registry));
  app.use(auth(deps.auth), limitWatches());

  const ping: HealthCheck = { name: "ping", problem: () => undefined };
  const problem = () => deps.healthy() ? undefined : "the container runtime does not answer";
  healthRoutes(app, "livez", [ping]);
  for (const name of ["healthz", "readyz"]) healthRoutes(app, name, [ping, { name: "runtime", problem }]);
  app.get("/version", (c) => c.json(versionInfo()));
  app.get("/openapi/v2", documents.version2);
  app.get("/openapi/v3", documents.index);
  app.get("/openapi/v3/*", documents.document);
  if (deps.stats) metricsRoutes(app, deps.stats);

  app.get("/api", kube.coreVersions);
  app.get("/apis", kube.groupList);
  app.get("/apis/:group", kube.group);
  app.get("/api/:version", kube.resourceList);
  app.get("/apis/:group/:version", kube.resourceList);
  app.get(customResourcesPath, noCustomResources(() => deps.store.resourceVersion));
  app.all("/api/:version/*", kube.resource);
  app.all("/apis/:group/:version/*", kube.resource);

  app.get("/", showPage());
  app.post("/islet/v1/apply", applyManifest(kube.registry, (request, env) => app.fetch(request, env)));
  app.get("/islet/v1/namespaces/:namespace/pods/:name/why", whyPod(deps)).all(readOnly);
  if (deps.images) imageRoutes(app, deps.images);
  if (deps.auth) {
    kubeconfigRoutes(app, deps.auth);
    issuerRoutes(app, deps.auth);
  }
  app.get("/islet/v1/manifests/problems", manifestProblems(deps)).all(readOnly);
  if (deps.stats) app.get("/islet/v1/usage", lastHour(deps)).all(readOnly);

  app.notFound((c) => {
    throw new ApiError(404, "NotFound", `the server could not find the requested resource: ${c.req.path}`, {});
  });
  app.onError((err, c) => {
    const status = statusOf(err);
    // what is not there yet is no failure of ours
    if (status.code >= 500 && status.reason !== "ServiceUnavailable") {
      deps.log.warn("Cannot answer a request", { path: c.req.path, err });
    }
    const retryAfter = status.details?.retryAfterSeconds;
    return c.json(status, status.code as 500, retryAfter ? { "retry-after": String(retryAfter) } : {});
  });
  return app;
}
