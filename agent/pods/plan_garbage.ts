/**
 * What a living pod leaves behind: of every container one ended attempt is kept (its log is `logs --previous`), older
 * ones go, and sandboxes go with their last container.
 */
import type { ObservedSandbox } from "../observed/types.ts";
import { due } from "./plan_end.ts";
import type { PodAction, PodPlan, PodState } from "./types.ts";

/** Removals for records that nothing needs any more. `current` is the sandbox in use. */
export function planGarbage(state: PodState, current: ObservedSandbox): PodPlan {
  const { containers, sandboxes } = state.observed!;
  const actions: PodAction[] = [];
  const kept = new Set<string>();
  const used = new Set<string>([current.id]);
  for (const { id, name, attempt, sandboxId, state } of containers) {
    const ended = state === "exited";
    if (ended && kept.has(name) || state === "created" && sandboxId !== current.id) {
      actions.push({ type: "removeContainer", name, containerId: id, attempt });
    } else {
      if (ended) kept.add(name);
      used.add(sandboxId);
    }
  }
  for (const { id, ready } of sandboxes) {
    if (!ready && !used.has(id)) actions.push({ type: "removeSandbox", sandboxId: id });
  }
  return due(state, actions);
}
