/**
 * What a living pod leaves behind: of every container one ended attempt is kept (its log is `logs --previous`), older
 * ones go, and sandboxes go with their last container.
 */
import { operationKey, type PodAction, type PodState } from "./types.ts";

/** Removals for records that nothing needs any more. `current` is the sandbox in use. */
export function planGarbage(state: PodState, current: string | undefined): PodAction[] {
  const { containers, sandboxes } = state.observed!;
  const actions: PodAction[] = [];
  const kept = new Set<string>();
  const used = new Set<string>(current === undefined ? [] : [current]);
  for (const container of containers) {
    const ended = container.state === "exited";
    if (ended && kept.has(container.name)) {
      actions.push({ type: "removeContainer", name: container.name, containerId: container.id });
    } else {
      if (ended) kept.add(container.name);
      used.add(container.sandboxId);
    }
  }
  for (const { id, ready } of sandboxes) {
    if (!ready && !used.has(id)) actions.push({ type: "removeSandbox", sandboxId: id });
  }
  return actions.filter((action) => {
    const key = operationKey(action);
    return !state.operations.some((operation) => operation.key === key) && !state.retries.has(key);
  });
}
