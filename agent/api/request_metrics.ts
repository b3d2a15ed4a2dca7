/**
 * Counts requests: on kubelet's door under kubelet's names (`kubelet_http_…`), on the others under kube-apiserver's
 * (`apiserver_…`).
 *
 *     app.use(countRequests(metrics, registry))
 */
import type { MiddlewareHandler } from "hono";
import { type Clock, systemClock } from "../clock.ts";
import { defaultBounds, type Metrics } from "../telemetry/metrics.ts";
import { type AppEnv, type RequestInfo, requestInfo } from "./request.ts";

export interface RequestMetricsOptions {
  /** Whether there is such a resource: what clients make up becomes no label. */
  isKnown(info: RequestInfo): boolean;
  clock?: Clock;
}

const apiLabels = ["dry_run", "group", "resource", "scope", "subresource", "verb", "version"];
const secondsBounds = [
  0.005,
  0.025,
  0.05,
  0.1,
  0.2,
  0.4,
  0.6,
  0.8,
  1,
  1.25,
  1.5,
  2,
  3,
  4,
  5,
  6,
  8,
  10,
  15,
  20,
  30,
  45,
  60,
];

/** Kubelet's paths by their first parts; everything else is "other". */
const kubeletPaths = new Set(
  "healthz pods runningpods metrics stats configz containerLogs logs exec attach portForward run checkpoint".split(" "),
);
const longRunning = new Set(["exec", "attach", "portForward", "containerLogs", "run", "logs"]);

/** Counts requests for the resources of this table. */
export function countRequests(
  metrics: Metrics,
  registry: { find(group: string, version: string, plural: string): unknown },
): MiddlewareHandler<AppEnv> {
  return requestMetrics(metrics, {
    isKnown: ({ group, version, resource }) => registry.find(group, version, resource) !== undefined,
  });
}

export function requestMetrics(
  metrics: Metrics,
  { isKnown, clock = systemClock }: RequestMetricsOptions,
): MiddlewareHandler<AppEnv> {
  const total = metrics.counter(
    "apiserver_request_total",
    "[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
    ["code", ...apiLabels],
  );
  const seconds = metrics.histogram(
    "apiserver_request_duration_seconds",
    "[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
    apiLabels,
    secondsBounds,
  );
  const kubeletTotal = metrics.counter(
    "kubelet_http_requests_total",
    "[ALPHA] Number of the http requests received since the server started",
    ["long_running", "method", "path", "server_type"],
  );
  const kubeletSeconds = metrics.histogram(
    "kubelet_http_requests_duration_seconds",
    "[ALPHA] Duration in seconds to serve http requests",
    ["long_running", "method", "path", "server_type"],
    defaultBounds,
  );
  let inflight = 0;
  metrics.collect((out) => {
    out.family(
      "apiserver_current_inflight_requests",
      "gauge",
      "[STABLE] Number of currently used inflight request limit of this apiserver.",
    );
    out.sample("", inflight);
  });

  return async (c, next) => {
    const began = clock.mono();
    inflight++;
    try {
      await next();
    } finally {
      inflight--;
      const took = (clock.mono() - began) / 1000;
      const { method, path } = c.req;
      if (c.env?.door === "kubelet") {
        const name = kubeletPath(path);
        const labels = [String(longRunning.has(name)), known(method), name, "readwrite"];
        kubeletTotal.add(labels);
        if (!longRunning.has(name)) kubeletSeconds.observe(took, labels);
      } else {
        const query = new URLSearchParams(c.req.raw.url.split("?")[1] ?? "");
        const labels = labelsOf(c.get("info") ?? requestInfo(method, path, query), query, isKnown);
        total.add([String(c.res.status), ...labels]);
        // how long a watch or a stream was open says nothing
        if (!["WATCH", "CONNECT"].includes(labels[5])) seconds.observe(took, labels);
      }
    }
  };
}

/** Paths that are told apart below their first part. */
const wholePaths = new Set(["metrics/cadvisor", "metrics/resource", "metrics/probes", "stats/summary"]);

function kubeletPath(path: string): string {
  const whole = path.replace(/^\/|\/$/g, "");
  const [first] = whole.split("/");
  return wholePaths.has(whole) ? whole : kubeletPaths.has(first) ? first : "other";
}

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

function known(method: string): string {
  return methods.has(method) ? method : "other";
}

const connects = new Set(["exec", "attach", "portforward", "proxy"]);

/** Values of `apiLabels`. */
function labelsOf(info: RequestInfo, query: URLSearchParams, isKnown: (info: RequestInfo) => boolean): string[] {
  const dryRun = query.has("dryRun") ? "All" : "";
  if (!info.isResource || !isKnown(info)) {
    const verb = info.isResource ? "other" : known(info.verb.toUpperCase());
    return [dryRun, "", "", "", "", verb, ""];
  }
  const { group, resource, namespace, name, subresource, version } = info;
  const scope = name !== "" ? "resource" : namespace !== "" ? "namespace" : "cluster";
  const verb = connects.has(subresource) ? "CONNECT" : verbs[info.verb] ?? info.verb.toUpperCase();
  return [dryRun, group, resource, scope, subresource, verb, version];
}

const verbs: Record<string, string> = { create: "POST", update: "PUT" };
