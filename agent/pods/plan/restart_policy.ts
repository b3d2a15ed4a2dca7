/**
 * Whether a container that ended is started again.
 * Source: Kubernetes "Pod Lifecycle: container restarts", KEP-753 (sidecars), KEP-5307 (container restart rules).
 */
import { type Container, isSidecar, type Pod } from "../../objects/mod.ts";

type Policy = "Always" | "OnFailure" | "Never";

/** The policy in force: the container's own, a sidecar's Always, else the pod's; an ephemeral container runs once. */
export function restartPolicy(pod: Pod, container: Container): Policy {
  if (isEphemeral(pod, container)) return "Never";
  return (container.restartPolicy ?? pod.spec.restartPolicy ?? "Always") as Policy;
}

/** Whether `container`, having ended with `exitCode`, is to run again in a pod that goes on. */
export function shouldRestart(pod: Pod, container: Container, exitCode: number): boolean {
  if (isEphemeral(pod, container)) return false;
  if (isSidecar(container)) return true;
  // an init container that has completed lets the next one run, whatever the rules
  if (exitCode === 0 && isInit(pod, container)) return false;
  for (const rule of container.restartPolicyRules ?? []) {
    const codes = rule.exitCodes?.values ?? [];
    const matches = rule.exitCodes?.operator === "NotIn" ? !codes.includes(exitCode) : codes.includes(exitCode);
    if (matches && rule.action === "Restart") return true;
  }
  switch (restartPolicy(pod, container)) {
    case "Never":
      return false;
    case "OnFailure":
      return exitCode !== 0;
    case "Always":
      return true;
  }
}

/** Whether it was added to the living pod to debug it (KEP-277). */
export function isEphemeral(pod: Pod, { name }: Pick<Container, "name">): boolean {
  return (pod.spec.ephemeralContainers ?? []).some((ephemeral) => ephemeral.name === name);
}

function isInit(pod: Pod, { name }: Container): boolean {
  return (pod.spec.initContainers ?? []).some((init) => init.name === name);
}
