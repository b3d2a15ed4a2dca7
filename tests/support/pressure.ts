/** What tests of a node under pressure ask, and whom they set upon it. */
import { equal } from "node:assert/strict";
import type { TestNode } from "./node.ts";
import { container, finished, idle, pod } from "./pods.ts";

export const important = {
  apiVersion: "scheduling.k8s.io/v1",
  kind: "PriorityClass",
  metadata: { name: "important" },
  value: 1000,
};

export interface NodeObject {
  spec: { taints?: { key: string; effect: string }[] };
  status: { conditions: { type: string; status: string; reason: string; lastTransitionTime: string }[] };
}

export async function nodeObject(node: TestNode): Promise<NodeObject> {
  return await (await node.api(`/api/v1/nodes/${node.name}`)).json();
}

export async function hasCondition(node: TestNode, type: string, status: string): Promise<NodeObject> {
  return await node.until(`the node's ${type} is ${status}`, async () => {
    const object = await nodeObject(node);
    return object.status.conditions.find((each) => each.type === type)?.status === status ? object : undefined;
  }, { timeoutMs: 60_000 });
}

export async function isEvicted(node: TestNode, name: string) {
  return await node.podUntil(name, "is evicted", (pod) => pod.status?.reason === "Evicted" && finished(pod), {
    timeoutMs: 60_000,
  });
}

/** Makes a pod by the API, which has no manifest that would bring it back. */
export async function applyPods(node: TestNode, ...pods: Record<string, unknown>[]): Promise<void> {
  for (const each of pods) {
    const answer = await node.api("/islet/v1/apply", { method: "POST", body: JSON.stringify(each) });
    equal(answer.status, 200, await answer.text());
  }
}

export async function removePods(node: TestNode, ...names: string[]): Promise<void> {
  for (const name of names) {
    const answer = await node.api(`/api/v1/namespaces/default/pods/${name}`, { method: "DELETE" });
    await answer.body?.cancel();
  }
  for (const name of names) await node.gone(name);
}

export interface EaterWishes {
  priority?: string;
  /** Of memory. */
  request?: string;
  script?: string;
  terminationGracePeriodSeconds?: number;
}

/** A pod with a memory-backed volume at /mem, whose files are counted to the byte as memory that it uses. */
export function eater(name: string, { priority, request, script = idle, ...spec }: EaterWishes = {}) {
  const main = container("main", script, {
    volumeMounts: [{ name: "mem", mountPath: "/mem" }],
    ...(request ? { resources: { requests: { memory: request } } } : {}),
  });
  return pod(name, main, {
    priorityClassName: priority,
    volumes: [{ name: "mem", emptyDir: { medium: "Memory" } }],
    ...spec,
  });
}

let files = 0;
/** An eater takes so much. Whoever is evicted over it is killed with its `dd`. */
export async function eat(node: TestNode, name: string, mebibytes: number): Promise<void> {
  await node.exec(name, `dd if=/dev/zero of=/mem/${files++} bs=1M count=${mebibytes} 2>/dev/null`);
}
