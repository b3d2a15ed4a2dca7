/** A node for tests of the API: pods in a map, a clock that stands, a runtime that says where to stream. */
import type { Hono } from "hono";
import { ManualClock } from "../clock.ts";
import type { Pod } from "../objects/mod.ts";
import type { ObservedPod } from "../observed/types.ts";
import type { Problem } from "../sources/mod.ts";
import type { Realm, StoreEvent, StoreObject } from "../store/mod.ts";
import { EventRing } from "../telemetry/events.ts";
import { silentLogger } from "../telemetry/log.ts";
import { createApp } from "./app.ts";
import type { AppDeps } from "./deps.ts";

export class FakeStore {
  #rows = new Map<string, { realm: Realm; object: StoreObject }>();
  #listeners = new Set<(event: StoreEvent) => void>();
  #version = 100;

  get resourceVersion(): string {
    return String(this.#version);
  }

  get watchers(): number {
    return this.#listeners.size;
  }

  put(object: Pod, realm: Realm = "local"): Pod {
    const key = `${realm}/${object.metadata.namespace}/${object.metadata.name}`;
    const previous = this.#rows.get(key)?.object;
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    const stored = { ...object, metadata } as unknown as StoreObject;
    this.#rows.set(key, { realm, object: stored });
    this.#tell({ type: previous ? "MODIFIED" : "ADDED", realm, object: stored, previous });
    return stored as unknown as Pod;
  }

  remove(namespace: string, name: string, realm: Realm = "local"): void {
    const key = `${realm}/${namespace}/${name}`;
    const previous = this.#rows.get(key)!.object;
    this.#rows.delete(key);
    const metadata = { ...previous.metadata, resourceVersion: String(++this.#version) };
    this.#tell({ type: "DELETED", realm, object: { ...previous, metadata }, previous });
  }

  get(realm: Realm, _kind: string, namespace: string, name: string): unknown {
    return this.#rows.get(`${realm}/${namespace}/${name}`)?.object;
  }

  list(_kind: string, { namespace }: { namespace?: string } = {}): unknown[] {
    return [...this.#rows.values()].filter(({ object }) =>
      namespace === undefined || object.metadata.namespace === namespace
    );
  }

  watch(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(event: StoreEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

export interface TestNode {
  app: Hono;
  store: FakeStore;
  events: EventRing;
  clock: ManualClock;
  observed: Map<string, ObservedPod>;
  problems: Problem[];
  healthy: boolean;
  closing: AbortController;
  podLogsDir: string;
}

export function testNode(deps: Partial<AppDeps> = {}): TestNode {
  const clock = new ManualClock();
  const node = {
    store: new FakeStore(),
    events: new EventRing({ nodeName: "edge-1", clock }),
    clock,
    observed: new Map<string, ObservedPod>(),
    problems: [] as Problem[],
    healthy: true,
    closing: new AbortController(),
    podLogsDir: "/nonexistent",
  } as TestNode;
  const config = {
    api: { socket: "" },
    nodeName: "edge-1",
    get podLogsDir() {
      return node.podLogsDir;
    },
  };
  node.app = createApp({
    config,
    store: node.store as unknown as AppDeps["store"],
    events: node.events,
    observer: { get: (uid) => node.observed.get(uid) },
    cri: {
      runtime: {
        exec: () => Promise.reject(new Error("no runtime")),
        attach: () => Promise.reject(new Error("no runtime")),
      },
    },
    log: silentLogger,
    clock,
    problems: () => node.problems,
    healthy: () => node.healthy,
    closing: node.closing.signal,
    ...deps,
  });
  return node;
}

/** A pod with one running container `web`; parts can be replaced. */
export function testPod(
  { name = "web", metadata = {}, spec = {}, status = {} }: {
    name?: string;
    metadata?: Partial<Pod["metadata"]>;
    spec?: Partial<Pod["spec"]>;
    status?: Partial<NonNullable<Pod["status"]>>;
  } = {},
): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      creationTimestamp: "2025-12-31T23:55:00Z",
      ...metadata,
    },
    spec: { nodeName: "edge-1", containers: [{ name: "web", image: "web:1" }], ...spec },
    status: {
      phase: "Running",
      podIP: "10.244.0.2",
      conditions: [{ type: "Initialized", status: "True" }, { type: "Ready", status: "True" }],
      containerStatuses: [running("web")],
      ...status,
    },
  } as Pod;
}

type Status = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

export function running(name: string, more: Partial<Status> = {}): Status {
  return {
    name,
    image: "web:1",
    imageID: "sha256:web",
    containerID: `containerd://${name}-0`,
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: { startedAt: "2025-12-31T23:55:01Z" } },
    lastState: {},
    ...more,
  };
}
