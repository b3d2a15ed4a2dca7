/**
 * The pod plan: what has to be done for one pod now, from what is wanted and what is there. Pure: no clock, no I/O, no
 * waiting. Time comes in as `state.now` (monotonic ms), waits go out as `nextAt`.
 *
 *     intent run     prepare → sandbox → init containers and sidecars in order → containers, kept alive
 *     intent finish  containers end, sidecars last → sandbox stopped → volumes and cgroup released; records stay
 *     intent delete  the same, and then nothing is left
 *
 * Source of the rules: Kubernetes "Pod Lifecycle", KEP-753 (sidecar containers).
 */
import { type Container, isSidecar } from "../../objects/mod.ts";
import type { ObservedContainer, ObservedSandbox } from "../../observed/types.ts";
import { planDeletion, planFinish } from "./plan_end.ts";
import { planGarbage } from "./plan_garbage.ts";
import { resizeSteps } from "./plan_resize.ts";
import { restartPolicy } from "./restart_policy.ts";
import { backoffUntil, gracePeriodSeconds, isEdited, lastEnd, outcome, usableSandbox } from "./standing.ts";
import { nameTries, operationKey, type PodAction, type PodPlan, type PodState } from "../types.ts";

/** Plans one pod. With an unknown runtime nothing is planned: the world is looked at again first. */
export function planPod(state: PodState): PodPlan {
  if (!state.observed) return { actions: [] };
  switch (state.intent.type) {
    case "delete":
      return planDeletion(state, state.intent);
    case "finish": {
      const { deadline, message, forNow, atOnce, discard } = state.intent;
      const plan = planFinish(state, deadline, message, { keep: forNow, atOnce, discard });
      // nothing is left but records
      return state.released && !forNow && plan.actions.length === 0 ? planGarbage(state, undefined) : plan;
    }
    case "run":
      return new RunPlan(state).plan();
  }
}

class RunPlan {
  readonly actions: PodAction[] = [];
  nextAt: number | undefined;

  constructor(readonly state: PodState) {}

  get now(): number {
    return this.state.now;
  }

  plan(): PodPlan {
    const { state, now } = this;
    if (outcome(state) !== "open") {
      return planFinish(state, now + gracePeriodSeconds(state.pod) * 1000, "Pod has completed");
    }
    if (state.operations.some(({ type }) => type === "release")) return { actions: [] };
    if (!state.prepared) this.add({ type: "prepare" });
    // one that is being made takes the place of all others: nothing is started in those
    if (state.operations.some(({ type }) => type === "createSandbox")) return this.result();
    const sandbox = usableSandbox(state);
    if (!sandbox) {
      this.newSandbox();
      return this.result();
    }
    this.containers(sandbox);
    for (const container of state.pod.spec.ephemeralContainers ?? []) this.startOnce(container, sandbox);
    this.resize(sandbox);
    for (const other of state.observed!.sandboxes.slice(1)) {
      if (other.ready && !state.stoppedSandboxes.has(other.id)) {
        this.add({ type: "stopSandbox", sandboxId: other.id, reason: "a newer sandbox has taken its place" });
      }
    }
    this.include(planGarbage(state, sandbox));
    return this.result();
  }

  result(): PodPlan {
    return { actions: this.actions, nextAt: this.nextAt };
  }

  include({ actions, nextAt }: PodPlan): void {
    this.actions.push(...actions);
    if (nextAt !== undefined) this.wake(nextAt);
  }

  /** Ends what is left of earlier sandboxes, then asks for the next one. */
  newSandbox(): void {
    const { state, now } = this;
    const { sandboxes } = state.observed!;
    const grace = now + gracePeriodSeconds(state.pod) * 1000;
    const message = "Pod sandbox changed, it will be killed and re-created.";
    const { actions, nextAt } = planFinish(state, grace, message, { keep: true });
    const ends = actions.filter((action) => action.type !== "cancel" || action.key !== "prepare");
    this.include({ actions: ends, nextAt });
    const ending = state.operations.some(({ type }) =>
      type === "killContainer" || type === "stopSandbox" || type === "startContainer"
    );
    if (ends.length > 0 || ending || nextAt !== undefined) return;
    if (!state.prepared) return;
    const attempt = Math.max(-1, ...sandboxes.map((sandbox) => sandbox.attempt)) + 1 +
      (this.retried("createSandbox") ?? 0);
    this.add({ type: "createSandbox", attempt, reason: sandboxes.length === 0 ? "new pod" : "the sandbox is gone" });
  }

  /** Init containers and sidecars in order, then the regular ones. */
  containers(sandbox: ObservedSandbox): void {
    const { pod, observed, completedInits } = this.state;
    const newest = (container: Container) =>
      observed!.containers.find(({ name, sandboxId }) => name === container.name && sandboxId === sandbox.id);
    const inits = pod.spec.initContainers ?? [];
    const completed = ({ name }: Container) => completedInits.get(name) === sandbox.id;
    const initialized = pod.spec.containers.some(newest) ||
      inits.some((container) => !isSidecar(container)) &&
        inits.every((container) => isSidecar(container) || completed(container));
    for (const [i, container] of inits.entries()) {
      const present = newest(container);
      if (isSidecar(container)) {
        this.keepAlive(container, present);
        if (!initialized && !this.hasStarted(container, present)) return;
        continue;
      }
      const done = initialized || completed(container) || present?.state === "exited" && present.exitCode === 0 ||
        // its record is gone, but what comes after it has begun
        inits.slice(i + 1).some(newest);
      if (done) continue;
      this.keepAlive(container, present);
      return;
    }
    for (const container of pod.spec.containers) this.keepAlive(container, newest(container));
  }

  /**
   * An ephemeral container (KEP-277): started once, initialized or not, and never again, not even in another sandbox. One
   * that was made and never started has not run yet.
   */
  startOnce(container: Container, sandbox: ObservedSandbox): void {
    if (this.busy(container)) return;
    const newest = this.state.observed!.containers.find(({ name }) => name === container.name);
    if (newest?.state === "created" && newest.sandboxId === sandbox.id) this.removeUnstarted(newest);
    if (!newest && !this.state.remembered.has(container.name)) this.start(container);
  }

  /** Brings the pod to the amounts that it was granted. */
  resize(sandbox: ObservedSandbox): void {
    const { restarts, action } = resizeSteps(this.state, sandbox);
    for (const { container, present } of restarts) {
      const killed = this.actions.some((action) =>
        action.type === "killContainer" && action.containerId === present.id
      );
      if (!killed && !this.busy(container)) this.kill(container, present, "resize requires restart", undefined, true);
    }
    if (action) this.add(action);
  }

  /** Whether containers after this sidecar may start: it runs, its postStart is over and its startup probe has passed. */
  hasStarted(container: Container, present: ObservedContainer | undefined): boolean {
    if (present?.state !== "running" || this.busy(container)) return false;
    if (!container.startupProbe) return true;
    const probes = this.state.probes.get(container.name);
    return probes?.containerId === present.id && probes.startup === "success";
  }

  /** One container: started, replaced, killed for a failed probe, or left alone. `present` is its newest attempt in the sandbox. */
  keepAlive(container: Container, present: ObservedContainer | undefined): void {
    if (this.busy(container)) return;
    switch (present?.state) {
      case undefined:
      case "exited":
        return this.start(container);
      case "created":
        return this.removeUnstarted(present);
      case "unknown": {
        const again = restartPolicy(this.state.pod, container) !== "Never";
        return this.kill(container, present, "is in unknown state, try killing it before restart", undefined, again);
      }
      case "running":
        return this.checkRunning(container, present);
    }
  }

  removeUnstarted({ id, name, attempt }: ObservedContainer): void {
    this.add({ type: "removeContainer", name, containerId: id, attempt, unstarted: true });
  }

  checkRunning(container: Container, present: ObservedContainer): void {
    const probes = this.state.probes.get(container.name);
    const probed = probes?.containerId === present.id ? probes : undefined;
    const again = restartPolicy(this.state.pod, container) !== "Never";
    const then = again ? ", will be restarted" : "";
    if (isEdited(container, present)) {
      this.kill(container, present, "definition changed, will be restarted", undefined, true);
    } else if (probed?.startup === "failure") {
      this.kill(container, present, `failed startup probe${then}`, probed.livenessGraceSeconds, again);
    } else if (probed?.liveness === "failure") {
      this.kill(container, present, `failed liveness probe${then}`, probed.livenessGraceSeconds, again);
    }
  }

  /** Starts the next attempt unless the container's end was final or its back-off runs. */
  start(container: Container): void {
    const { state } = this;
    const attempts = state.observed!.containers.filter(({ name }) => name === container.name);
    // an init container that ended well in another sandbox runs again; one that failed for good has ended the pod
    if (this.runsOnce(container)) {
      const end = lastEnd(state, container);
      if (end && !end.restart) return;
    }
    // what it is granted has to fit into the pod's cgroup
    if (!state.prepared || !state.grown) return;
    const wait = backoffUntil(state, container, attempts[0]);
    if (wait !== undefined) return this.wake(wait);
    const known = attempts.map(({ attempt }) => attempt);
    const remembered = state.remembered.get(container.name);
    if (remembered) known.push(remembered.restartCount);
    const attempt = Math.max(-1, ...known) + 1 + this.passedOver(`start/${container.name}`);
    const reason = attempts.length > 0 ? "it ended" : "it is not there";
    this.add({ type: "startContainer", name: container.name, attempt, reason });
  }

  /** Attempts whose names stay taken by what the runtime does not show. */
  passedOver(key: string): number {
    return Math.max(0, (this.state.retries.get(key)?.namesTaken ?? 0) - nameTries);
  }

  /** Whether the container's end in one sandbox counts in the next one too. */
  runsOnce({ name }: Container): boolean {
    return !(this.state.pod.spec.initContainers ?? []).some((init) => init.name === name);
  }

  kill(
    container: Container,
    present: ObservedContainer,
    what: string,
    seconds: number | undefined,
    restart: boolean,
  ): void {
    this.add({
      type: "killContainer",
      name: container.name,
      containerId: present.id,
      deadline: this.now + (seconds ?? gracePeriodSeconds(this.state.pod)) * 1000,
      restart,
      message: `Container ${container.name} ${what}`,
    });
  }

  /** Adds an action unless it is under way or waits for its next try. */
  add(action: PodAction): void {
    const key = operationKey(action);
    if (this.state.operations.some((operation) => operation.key === key)) return;
    const retry = this.state.retries.get(key);
    if (retry && retry.at > this.now) return this.wake(retry.at);
    this.actions.push(action);
  }

  wake(at: number): void {
    this.nextAt = Math.min(this.nextAt ?? Infinity, at);
  }

  retried(key: string): number | undefined {
    return this.state.retries.get(key)?.count;
  }

  /** An operation on the container is under way. */
  busy(container: Container): boolean {
    return this.state.operations.some((operation) => operation.container === container.name);
  }
}
