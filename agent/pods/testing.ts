/** Builders for the tests of this room: a pod, what is observed of it, and the state of a plan. */
import { type Container, findContainer, type Pod } from "../objects/mod.ts";
import type { ObservedContainer, ObservedPod, ObservedSandbox } from "../observed/types.ts";
import { containerAnnotations } from "../runtime/labels.ts";
import { resourcesOf } from "./plan/amounts.ts";
import { SimulatedNode } from "../wiring/testing.ts";
import { operationKey, type PodAction, type PodState } from "./types.ts";

/** A pod of one container `web`; `spec` replaces parts. */
export function pod(spec: Partial<Pod["spec"]> = {}, metadata: Partial<Pod["metadata"]> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default", uid: "u1", generation: 1, ...metadata },
    spec: {
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      containers: [container("web")],
      ...spec,
    },
  } as Pod;
}

export function container(name: string, more: Partial<Container> = {}): Container {
  return { name, image: `${name}:1`, ...more } as Container;
}

export function sandbox(more: Partial<ObservedSandbox> = {}): ObservedSandbox {
  return {
    id: "s0",
    podUid: "u1",
    namespace: "default",
    name: "web",
    attempt: 0,
    ready: true,
    createdAt: 1000,
    ips: ["10.244.0.2"],
    labels: {},
    annotations: {},
    ...more,
  };
}

/** An attempt of a container of `of`, in sandbox s0 and running unless told otherwise. */
export function attempt(of: Pod, name: string, more: Partial<ObservedContainer> = {}): ObservedContainer {
  const spec = [...of.spec.initContainers ?? [], ...of.spec.containers].find((one) => one.name === name)!;
  const number = more.attempt ?? 0;
  return {
    id: `${name}-${number}`,
    sandboxId: "s0",
    podUid: "u1",
    name,
    attempt: number,
    state: "running",
    image: spec.image!,
    imageId: `sha256:${name}`,
    createdAt: 2000 + number,
    startedAt: 2000 + number,
    finishedAt: 0,
    exitCode: 0,
    reason: "",
    message: "",
    logPath: "",
    labels: {},
    annotations: containerAnnotations(of, spec, number),
    ...more,
  };
}

/** An attempt that has ended. */
export function ended(
  of: Pod,
  name: string,
  exitCode: number,
  more: Partial<ObservedContainer> = {},
): ObservedContainer {
  return attempt(of, name, { state: "exited", finishedAt: 5000, exitCode, ...more });
}

export function observed(sandboxes: ObservedSandbox[], containers: ObservedContainer[] = []): ObservedPod {
  return { uid: "u1", namespace: "default", name: "web", sandboxes, containers, observedAt: 0 };
}

/** A state in which nothing holds a plan back; `more` replaces parts. */
export function state(of: Pod, seen: ObservedPod | undefined, more: Partial<PodState> = {}): PodState {
  return {
    pod: of,
    now: 100_000,
    intent: { type: "run" },
    observed: seen,
    operations: [],
    prepared: true,
    released: false,
    retries: new Map(),
    backoff: new Map(),
    probes: new Map(),
    restartWanted: new Set(),
    stoppedSandboxes: new Set(),
    completedInits: new Map(),
    remembered: new Map(),
    actuated: new Map(
      seen?.containers.map(({ id, name }) => [id, resourcesOf(findContainer(of, name)?.container ?? {})]),
    ),
    grown: true,
    settled: true,
    resize: {},
    garbage: { perContainer: 1, minAgeMs: 0, excess: new Set(), wall: 100_000 },
    ...more,
  };
}

/** Actions as short lines: `start/web`, `kill/web-0`, `createSandbox 1`. */
export function lines(actions: readonly PodAction[]): string[] {
  return actions.map((action) => {
    switch (action.type) {
      case "createSandbox":
        return `createSandbox ${action.attempt}`;
      case "startContainer":
        return `start/${action.name} ${action.attempt}`;
      case "cancel":
        return `cancel ${action.key}`;
      default:
        return operationKey(action);
    }
  });
}

// For the tests of workers

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
