/** `/healthz` and its parts, as Kubernetes' health checks answer. */
import type { Context } from "hono";
import type { AppEnv } from "../request.ts";
import { httpError, pageNotFound } from "./answers.ts";

export interface HealthCheck {
  name: string;
  /** What is wrong, if anything. */
  problem(): string | undefined;
}

/** All checks as one; `?verbose` shows each, `?exclude=NAME` leaves some out. */
export function health(checks: readonly HealthCheck[]) {
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
    if (failed) return httpError(`${lines.join("\n")}\nhealthz check failed`, 500);
    if (c.req.query("verbose") === undefined) return c.text("ok");
    return c.text(`${lines.join("\n")}\nhealthz check passed\n`);
  };
}

/** One check alone. */
export function healthOf(checks: readonly HealthCheck[]) {
  return (c: Context<AppEnv>): Response => {
    const check = checks.find(({ name }) => name === c.req.param("name"));
    if (!check) return pageNotFound();
    const problem = check.problem();
    return problem === undefined ? c.text("ok") : httpError(`internal server error: ${problem}`, 500);
  };
}
