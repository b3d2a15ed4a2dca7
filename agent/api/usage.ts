/** `/islet/v1/usage`: CPU and memory of the node and its pods over the last hour, as the page at `/` shows them. */
import type { Handler } from "hono";
import type { Pod } from "../objects/mod.ts";
import type { Series } from "../stats/mod.ts";
import type { AppDeps } from "./deps.ts";

export function lastHour({ store, stats }: Pick<AppDeps, "store" | "stats">): Handler {
  return (c) => {
    const { end, periodMs, node, pods } = stats!.usage.history.read();
    const found: Record<string, unknown> = {};
    for (const { object: { metadata } } of store.list<Pod>("Pod")) {
      const series = pods.get(metadata.uid ?? "");
      if (series) found[`${metadata.namespace ?? "default"}/${metadata.name}`] = shown(series);
    }
    return c.json({ end: new Date(end).toISOString(), periodSeconds: periodMs / 1000, node: shown(node), pods: found });
  };
}

/** Cores with four digits behind the point and whole bytes; null where there is no value. */
function shown({ cpu, memory }: Series) {
  return {
    cpu: cpu.map((cores) => cores === undefined ? null : Math.round(cores * 1e4) / 1e4),
    memory: memory.map((bytes) => bytes === undefined ? null : Math.round(bytes)),
  };
}
