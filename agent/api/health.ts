/** Whether the node works, and which version it is. */
import type { Handler } from "hono";
import type { AppDeps } from "./deps.ts";
import { versionInfo } from "./version.ts";

export function health({ healthy }: AppDeps): Handler {
  return (c) => healthy() ? c.text("ok") : c.text("the container runtime does not answer", 503);
}

export function version(): Handler {
  return (c) => c.json(versionInfo());
}
