/** Pods and nodes for the tests of workers. */
import type { Pod } from "../objects/mod.ts";
import { SimulatedNode } from "../wiring/testing.ts";
import { pod } from "./testing.ts";

/** A pod without the identity that the store gives. */
export function web(spec: Partial<Pod["spec"]> = {}, metadata: Partial<Pod["metadata"]> = {}): Pod {
  const { uid: _uid, generation: _generation, ...rest } = pod(spec, metadata).metadata;
  return { ...pod(spec), metadata: rest };
}

/** The same pod with another spec, as a source writes an edit. */
export function edited(of: Pod, spec: Partial<Pod["spec"]>): Pod {
  const { status: _status, ...rest } = of;
  return { ...rest, spec: { ...of.spec, ...spec } };
}

/** A node that runs, with these pods. */
export async function nodeWith(...pods: Pod[]): Promise<SimulatedNode> {
  const node = new SimulatedNode();
  await node.start();
  await node.apply(...pods);
  return node;
}

/** Calls that change something, by method. */
export function changes(node: SimulatedNode): string[] {
  return node.runtime.calls.map(({ method }) => method as string)
    .filter((method) => !/^(list|containerStatus|podSandboxStatus|image|version|status)/.test(method));
}

export const probe = { exec: { command: ["probe"] }, periodSeconds: 10, failureThreshold: 1 };
