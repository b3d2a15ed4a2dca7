/** `/pods`: what shall run on this node, and `/runningpods/`: what the runtime has. */
import type { Context } from "hono";
import type { AppEnv } from "../request.ts";
import type { KubeletDeps } from "./deps.ts";

const list = (items: unknown[]) => ({ kind: "PodList", apiVersion: "v1", metadata: {}, items });

export function listPods({ pods }: Pick<KubeletDeps, "pods">) {
  return (c: Context<AppEnv>): Response => c.json(list(pods()));
}

export function listRunningPods({ observed }: Pick<KubeletDeps, "observed">) {
  return (c: Context<AppEnv>): Response => {
    const running = observed().map((pod) => ({
      ...pod,
      containers: pod.containers.filter(({ state }) => state === "running"),
    })).filter(({ containers, sandboxes }) => containers.length > 0 || sandboxes.some(({ ready }) => ready));
    return c.json(list(running.map(({ namespace, name, uid, containers }) => ({
      metadata: { name, namespace, uid, creationTimestamp: null },
      spec: { containers: containers.map(({ name, image }) => ({ name, image, resources: {} })) },
      status: {},
    }))));
  };
}
