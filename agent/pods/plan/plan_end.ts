/**
 * How pods end: regular containers together, then sidecars one by one in reverse order (KEP-753), then the sandbox,
 * then volumes and cgroup; a pod that is deleted leaves nothing.
 */
import { isSidecar } from "../../objects/mod.ts";
import type { ObservedContainer } from "../../observed/types.ts";
import { type Intent, operationKey, type PodAction, type PodPlan, type PodState } from "../types.ts";

/** A kill is overtaken only by one that ends at least this much earlier. */
const overtakeMs = 250;

/** Ends everything that runs and keeps the records; with `keep` also what `prepare` made, because the pod comes back. */
export function planFinish(
  state: PodState,
  deadline: number,
  message: string,
  { keep = false, atOnce, discard = false }: { keep?: boolean; atOnce?: boolean; discard?: boolean } = {},
): PodPlan {
  const ending = planEnds(state, deadline, message, atOnce);
  if (ending) return ending;
  // two calls about one sandbox at once are in each other's way
  if (discard && state.operations.some(({ type }) => type === "stopSandbox")) return { actions: [] };
  const actions: PodAction[] = discard ? removals(state) : [];
  for (const { id } of discard ? [] : state.observed!.sandboxes) {
    if (!state.stoppedSandboxes.has(id)) actions.push({ type: "stopSandbox", sandboxId: id, reason: message });
  }
  if (actions.length === 0 && !keep && !state.released && state.operations.length === 0) {
    actions.push({ type: "release", logs: false });
  }
  return due(state, actions);
}

/** Ends everything that runs, then removes everything that is left. */
export function planDeletion(state: PodState, intent: Extract<Intent, { type: "delete" }>): PodPlan {
  const ending = planEnds(state, intent.deadline, intent.message);
  if (ending) return ending;
  const actions = removals(state);
  if (actions.length === 0 && state.operations.length === 0) {
    actions.push(state.released ? { type: "forget" } : { type: "release", logs: true });
  }
  return due(state, actions);
}

/** Takes away what the runtime still has of a pod of which nothing runs. */
function removals({ observed }: PodState): PodAction[] {
  const actions: PodAction[] = [];
  for (const { id } of observed!.sandboxes) actions.push({ type: "removeSandbox", sandboxId: id });
  for (const { id, name, sandboxId, attempt } of observed!.containers) {
    if (!observed!.sandboxes.some((sandbox) => sandbox.id === sandboxId)) {
      actions.push({ type: "removeContainer", name, containerId: id, attempt });
    }
  }
  return actions;
}

/** Cancellations and kills, while something runs or is on its way; undefined once nothing does. */
function planEnds(state: PodState, deadline: number, message: string, atOnce?: boolean): PodPlan | undefined {
  const canceled = cancelStarts(state, message);
  const kills = planKills(state, deadline, atOnce);
  if (canceled.length === 0 && kills.length === 0 && !somethingRuns(state)) return undefined;
  const plan = due(state, kills, true);
  return { ...plan, actions: [...canceled, ...plan.actions] };
}

/** Operations that would bring something up are told to stop. */
function cancelStarts(state: PodState, reason: string): PodAction[] {
  return state.operations
    .filter(({ type, canceled }) =>
      !canceled && (type === "prepare" || type === "createSandbox" || type === "startContainer")
    )
    .map(({ key }) => ({ type: "cancel", key, reason }));
}

/** Kills for what runs and whose turn has come. */
function planKills(state: PodState, deadline: number, atOnce?: boolean): PodAction[] {
  const sidecars = (state.pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name);
  const running = state.observed!.containers.filter((container) => isAlive(state, container));
  const regular = running.filter(({ name }) => !sidecars.includes(name));
  const last = running.filter(({ name }) => sidecars.includes(name))
    .sort((a, b) => sidecars.indexOf(b.name) - sidecars.indexOf(a.name));
  const turn = regular.length > 0 ? regular : last.filter(({ name }) => name === last[0].name);
  const actions: PodAction[] = [];
  for (const { id, name } of turn) {
    const under = state.operations.find(({ key }) => key === `kill/${id}`);
    if (under && (under.deadline ?? 0) <= deadline + overtakeMs) continue;
    if (state.operations.some(({ key }) => key === `start/${name}`)) continue;
    actions.push({
      type: "killContainer",
      name,
      containerId: id,
      deadline,
      ...(atOnce ? { atOnce } : {}),
      restart: false,
      message: `Stopping container ${name}`,
    });
  }
  return actions;
}

/** A container in unknown state that has been killed in vain does not hold up what follows. */
function isAlive({ retries }: PodState, { id, state }: ObservedContainer): boolean {
  return state === "running" || state === "unknown" && !retries.has(`kill/${id}`);
}

/** Something runs or is on its way up or down. */
function somethingRuns(state: PodState): boolean {
  return state.observed!.containers.some((container) => isAlive(state, container)) ||
    state.operations.some(({ type }) =>
      type === "prepare" || type === "createSandbox" || type === "startContainer" || type === "killContainer"
    );
}

/** Leaves out what is under way, unless it is to be overtaken, and what waits for its next try. */
export function due(state: PodState, actions: PodAction[], overtake = false): PodPlan {
  const ready: PodAction[] = [];
  let nextAt: number | undefined;
  for (const action of actions) {
    const key = operationKey(action);
    const under = state.operations.some((operation) => operation.key === key);
    if (under && !overtake) continue;
    const retry = state.retries.get(key);
    if (!under && retry && retry.at > state.now) nextAt = Math.min(nextAt ?? Infinity, retry.at);
    else ready.push(action);
  }
  return { actions: ready, nextAt };
}
