/** `/stats/summary`: use of the node, its pods and containers, as kubelet's `stats/v1alpha1`. */
import type { Context } from "hono";
import type { NodeUsage } from "../../stats/mod.ts";
import type { AppEnv } from "../request.ts";
import { badRequest } from "../status.ts";

/** Go's words for a boolean. */
const booleans: Record<string, boolean> = Object.fromEntries([
  ...["1", "t", "T", "TRUE", "true", "True"].map((text) => [text, true]),
  ...["0", "f", "F", "FALSE", "false", "False"].map((text) => [text, false]),
]);

export function summary(usage: Pick<NodeUsage, "summary">) {
  return async (c: Context<AppEnv>): Promise<Response> => {
    // kubelet takes the parameter as a form, too
    const form = c.req.method === "POST" ? await c.req.parseBody().catch(() => ({})) as Record<string, unknown> : {};
    const text = String(form.only_cpu_and_memory ?? c.req.query("only_cpu_and_memory") ?? "");
    const onlyCpuAndMemory = text === "" ? false : Object.hasOwn(booleans, text) ? booleans[text] : undefined;
    if (onlyCpuAndMemory === undefined) {
      throw badRequest(`Error while parsing boolean "${text}" of only_cpu_and_memory`);
    }
    return c.json(await usage.summary({ onlyCpuAndMemory }));
  };
}
