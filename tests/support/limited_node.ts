/** Test nodes that have little of something: a cgroup of their own with limits, a small disk. */
import { detect } from "../../cgroups/mod.ts";
import type { TestNode } from "./node.ts";

export interface NodeLimits {
  memoryBytes?: number;
  pids?: number;
}

/** For `prepare`: gives the node's own cgroup limits, which are then the node's capacity. */
export function limited({ memoryBytes, pids }: NodeLimits): (node: TestNode) => Promise<void> {
  return async ({ cgroup }) => {
    await detect().create(`/${cgroup}`, {
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      ...(pids === undefined ? {} : { pidsMax: pids }),
    });
  };
}

/** Names of pods in the order in which they were evicted. */
export async function evicted(node: TestNode): Promise<string[]> {
  const all = (await node.events()).filter(({ reason, message, involvedObject }) =>
    // who was not let in is told so with the same reason
    reason === "Evicted" && involvedObject.kind === "Pod" && !message.startsWith("The node had condition")
  );
  all.sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
  return all.map(({ involvedObject }) => involvedObject.name);
}
