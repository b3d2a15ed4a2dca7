/**
 * Counts requests: to the API under kube-apiserver's names (`apiserver_…`), at kubelet's door under kubelet's
 * (`kubelet_http_…`).
 *
 *     app.use(countRequests(metrics, registry))      countKubelet(metrics, fetch)
 */
import type { MiddlewareHandler } from "hono";
import { type Clock, systemClock } from "../clock.ts";
import { type Counter, defaultBounds, type Histogram, type Metrics } from "../telemetry/metrics.ts";
import { type AppEnv, type RequestEnv, type RequestInfo, requestInfo } from "./request.ts";

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

/** The table of resources: what clients make up becomes no label. */
interface Registry {
  find(group: string, version: string, plural: string): unknown;
}

/** Counts requests to the API; once for all doors of it. */
export function countRequests(
  metrics: Metrics,
  registry: Registry,
  clock: Clock = systemClock,
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
      const { method, path, raw } = c.req;
      const query = new URLSearchParams(raw.url.split("?")[1] ?? "");
      const { status } = c.res;
      const labels = labelsOf(c.get("info") ?? requestInfo(method, path, query), query, status, registry);
      total.add([String(status), ...labels]);
      // how long a watch or a stream was open says nothing
      if (!["WATCH", "CONNECT"].includes(labels[5])) seconds.observe((clock.mono() - began) / 1000, labels);
    }
  };
}

type Answer = (request: Request, env: RequestEnv) => Response | Promise<Response>;

const kubeletNames = ["long_running", "method", "path", "server_type"];
const kubeletInstruments = new WeakMap<Metrics, { total: Counter; seconds: Histogram }>();

/** Made once, however often kubelet's port is opened. */
function instrumentsOf(metrics: Metrics): { total: Counter; seconds: Histogram } {
  let made = kubeletInstruments.get(metrics);
  if (!made) {
    const total = metrics.counter(
      "kubelet_http_requests_total",
      "[ALPHA] Number of the http requests received since the server started",
      kubeletNames,
    );
    const seconds = metrics.histogram(
      "kubelet_http_requests_duration_seconds",
      "[ALPHA] Duration in seconds to serve http requests",
      kubeletNames,
      defaultBounds,
    );
    kubeletInstruments.set(metrics, made = { total, seconds });
  }
  return made;
}

/** Counts requests that kubelet's own API answers. */
export function countKubelet(metrics: Metrics, answer: Answer, clock: Clock = systemClock): Answer {
  const { total, seconds } = instrumentsOf(metrics);
  return async (request, env) => {
    const began = clock.mono();
    const path = kubeletPath(new URL(request.url).pathname);
    const isLong = longRunning.has(path);
    const labels = [String(isLong), oneOf(methods, request.method), path, "readwrite"];
    total.add(labels);
    try {
      return await answer(request, env);
    } finally {
      if (!isLong) seconds.observe((clock.mono() - began) / 1000, labels);
    }
  };
}

/** Paths that are told apart below their first part. */
const wholePaths = new Set([
  "metrics/cadvisor",
  "metrics/resource",
  "metrics/probes",
  "metrics/objects",
  "stats/summary",
]);

function kubeletPath(path: string): string {
  const whole = path.replace(/^\/|\/$/g, "");
  const [first] = whole.split("/");
  return wholePaths.has(whole) ? whole : kubeletPaths.has(first) ? first : "other";
}

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const verbs = new Set([...methods, "LIST", "WATCH", "DELETECOLLECTION"]);

function oneOf(known: ReadonlySet<string>, text: string): string {
  return known.has(text) ? text : "other";
}

const connects = new Set(["exec", "attach", "portforward", "proxy"]);
const verbNames: Record<string, string> = { create: "POST", update: "PUT" };

/** Values of `apiLabels`, all of them from small sets. */
function labelsOf(info: RequestInfo, query: URLSearchParams, status: number, registry: Registry): string[] {
  const dryRun = query.has("dryRun") ? "All" : "";
  const { isResource, group, resource, namespace, name, version } = info;
  if (!isResource || registry.find(group, version, resource) === undefined) {
    const verb = isResource ? "other" : oneOf(methods, info.verb.toUpperCase());
    return [dryRun, "", "", "", "", verb, ""];
  }
  const scope = name !== "" ? "resource" : namespace !== "" ? "namespace" : "cluster";
  // a subresource that there is not is a client's own word
  const subresource = status === 404 || status === 405 ? "" : info.subresource;
  const verb = connects.has(subresource) ? "CONNECT" : oneOf(verbs, verbNames[info.verb] ?? info.verb.toUpperCase());
  return [dryRun, group, resource, scope, subresource, verb, version];
}
