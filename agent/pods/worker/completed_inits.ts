/** Init containers that completed in the present sandbox do not run again there, even if their records vanish. */
import { isSidecar } from "../../objects/mod.ts";
import { usableSandbox } from "../plan/standing.ts";
import type { PodState } from "../types.ts";

/** Notes in `completed` (init container → sandbox) what the observation shows; says whether that is news. */
export function noteCompletedInits(state: PodState, completed: Map<string, string>): boolean {
  const { pod: { spec }, observed } = state;
  const sandbox = usableSandbox(state);
  const inits = (spec.initContainers ?? []).filter((container) => !isSidecar(container));
  if (!sandbox || inits.length === 0) return false;
  const here = observed!.containers.filter(({ sandboxId }) => sandboxId === sandbox.id);
  const begun = spec.containers.some(({ name }) => here.some((container) => container.name === name));
  let news = false;
  for (const { name } of inits) {
    const newest = here.find((container) => container.name === name);
    if (!begun && !(newest?.state === "exited" && newest.exitCode === 0)) continue;
    news ||= completed.get(name) !== sandbox.id;
    completed.set(name, sandbox.id);
  }
  return news;
}
