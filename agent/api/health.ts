/** `/healthz`, `/readyz`, `/livez` and their parts, as Kubernetes' health checks answer. */
import type { Context, Hono } from "hono";
import { httpError, pageNotFound } from "./kubelet/answers.ts";
import type { AppEnv } from "./request.ts";

export interface HealthCheck {
  name: string;
  /** What is wrong, if anything. */
  problem(): string | undefined;
}

/** Answers for all checks as one at `/NAME`, and for each at `/NAME/CHECK`. */
export function healthRoutes(app: Hono<AppEnv>, name: string, checks: readonly HealthCheck[]): void {
  app.get(`/${name}`, all(name, checks));
  app.get(`/${name}/:check`, one(checks));
}

/** `?verbose` shows each, `?exclude=CHECK` leaves some out. */
function all(endpoint: string, checks: readonly HealthCheck[]) {
  return (c: Context<AppEnv>): Response => {
    const excluded = new Set(c.req.queries("exclude") ?? []);
    const lines: string[] = [];
    let failed = false;
    for (const { name, problem } of checks) {
      if (excluded.delete(name)) lines.push(`[+]${name} excluded: ok`);
      else if (problem() === undefined) lines.push(`[+]${name} ok`);
      else {
        failed = true;
        // why is for those who may read the log
        lines.push(`[-]${name} failed: reason withheld`);
      }
    }
    if (excluded.size > 0) {
      const names = [...excluded].map((name) => JSON.stringify(name)).join(",");
      lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
    }
    if (failed) return httpError(`${lines.join("\n")}\n${endpoint} check failed`, 500);
    if (c.req.query("verbose") === undefined) return c.text("ok");
    return c.text(`${lines.join("\n")}\n${endpoint} check passed\n`);
  };
}

function one(checks: readonly HealthCheck[]) {
  return (c: Context<AppEnv>): Response => {
    const check = checks.find(({ name }) => name === c.req.param("check"));
    if (!check) return pageNotFound();
    const problem = check.problem();
    return problem === undefined ? c.text("ok") : httpError(`internal server error: ${problem}`, 500);
  };
}
