/** Lifecycle hooks of containers, postStart and preStop. */
import type { Clock } from "../../clock.ts";
import type { Container, Pod } from "../../objects/mod.ts";
import { type ExecSync, runHook } from "../../probes/mod.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { ActionNotes } from "./action_notes.ts";

export interface HookDeps {
  exec: ExecSync;
  clock: Clock;
  log: Logger;
}

type Handler = NonNullable<NonNullable<Container["lifecycle"]>["postStart"]>;

/** Runs a hook in, or against, a running container; rejects where it fails. */
export function runPodHook(
  { exec, clock }: HookDeps,
  { metadata: { name, namespace, uid } }: Pod,
  container: Container,
  containerId: string,
  handler: Handler,
  podIPs: readonly string[],
  options: { timeoutMs?: number; signal: AbortSignal },
): Promise<void> {
  const pod = { name, namespace: namespace!, uid: uid! };
  return runHook(handler, { containerId, podIP: podIPs[0] ?? "", container, pod }, { ...options, exec, clock });
}

/** What a hook's program or server said may hold secrets: it goes into the log, never into an event. */
export function tellHookFailure(
  { log }: HookDeps,
  which: "PostStart" | "PreStop",
  { metadata: { namespace, name } }: Pod,
  container: string,
  err: unknown,
  notes: Pick<ActionNotes, "event">,
): void {
  log.warn(`A container's ${which} hook failed`, { pod: `${namespace}/${name}`, container, err });
  notes.event(container, "Warning", `Failed${which}Hook`, `${which}Hook failed`);
}
