/**
 * Metrics and statistics under kubelet's paths. Everything is collected for the request; scrapers that take OpenMetrics
 * or gzip get it.
 *
 *     metricsRoutes(app, stats)   on the API's own doors
 *     metricsRoutes(new Hono(), stats)   as `usage` of kubelet's app
 */
import type { Context, Hono } from "hono";
import type { NodeUsage, ScrapePage, Scrapes } from "../../stats/mod.ts";
import { Exposition, expositionFormat, expositionTypes } from "../../telemetry/exposition.ts";
import type { AppEnv } from "../request.ts";
import { summary } from "./stats.ts";

export interface MetricsRouteDeps {
  scrapes: Scrapes;
  usage: Pick<NodeUsage, "summary">;
}

/** `/metrics…` and `/stats/summary`, on an app that exists or one of their own. Who may ask is decided before. */
export function metricsRoutes(app: Hono<AppEnv>, { scrapes, usage }: MetricsRouteDeps): Hono<AppEnv> {
  app.get("/metrics", page(scrapes.kubelet));
  app.get("/metrics/cadvisor", page(scrapes.cadvisor));
  app.get("/metrics/resource", page(scrapes.resource));
  app.get("/metrics/probes", page(scrapes.probes));
  app.get("/metrics/objects", page(scrapes.objects));
  app.on(["GET", "POST"], ["/stats/summary", "/stats/summary/"], summary(usage));
  return app;
}

/** Of what metrics repeat this level finds nearly as much as the usual one, in a third of the time. */
const gzipLevel = 2;

function page(write: ScrapePage) {
  let last = 0;
  return async (c: Context<AppEnv>): Promise<Response> => {
    const format = expositionFormat(c.req.header("accept"));
    // it will be about as long as the last time
    const out = new Exposition(format, last + (last >> 4));
    await write(out);
    const headers = { "content-type": expositionTypes[format] };
    const bytes = out.bytes();
    last = bytes.length;
    if (!takesGzip(c.req.header("accept-encoding")) || bytes.length < 1024) return c.body(bytes, { headers });
    const { gzipSync } = await import("node:zlib");
    const body = gzipSync(bytes, { level: gzipLevel }) as Uint8Array<ArrayBuffer>;
    return c.body(body, { headers: { ...headers, "content-encoding": "gzip", vary: "accept-encoding" } });
  };
}

/** Whether `gzip` is among what the client takes, and not at `q=0`. */
export function takesGzip(accepted: string | undefined): boolean {
  return (accepted ?? "").split(",").some((part) => {
    const [coding, ...parameters] = part.split(";").map((each) => each.trim().toLowerCase());
    return (coding === "gzip" || coding === "*") && !parameters.some((each) => /^q=0(\.0*)?$/.test(each));
  });
}
