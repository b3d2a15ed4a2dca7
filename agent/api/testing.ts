/** A node for tests of the API: pods in a map, a clock that stands, a runtime that says where to stream. */
import type { Hono } from "hono";
import { type Clock, ManualClock } from "../clock.ts";
import type { Pod } from "../objects/mod.ts";
import type { ObservedPod } from "../observed/types.ts";
import type { Problem } from "../sources/mod.ts";
import { MemoryStore, type Realm, type StoreListener, type StoreObject } from "../store/mod.ts";
import { EventRing } from "../telemetry/events.ts";
import { silentLogger } from "../telemetry/log.ts";
import { createApp } from "./app.ts";
import { mostStreams, StreamLimit } from "./streams/mod.ts";
import type { AppDeps } from "./deps.ts";
import type { AppEnv } from "./request.ts";

/** A store in memory that tests write to without waiting; it holds the namespace `default`. */
export class FakeStore extends MemoryStore {
  readonly #watchers: { count: number };

  constructor(clock: Clock = new ManualClock()) {
    let version = 100;
    super({
      log: silentLogger,
      clock,
      versions: {
        get resourceVersion() {
          return String(version);
        },
        nextVersion: () => String(++version),
      },
    });
    this.#watchers = { count: 0 };
    this.put({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "default" },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    });
  }

  get watchers(): number {
    return this.#watchers.count;
  }

  override watch<T = StoreObject>(listener: StoreListener<T>, options: { kind?: string } = {}): () => void {
    this.#watchers.count++;
    const stop = super.watch(listener, options);
    let stopped = false;
    return () => {
      if (!stopped) this.#watchers.count--;
      stopped = true;
      stop();
    };
  }

  /** What is given, status included, whatever was there. */
  put<T extends StoreObject>(object: T, realm: Realm = "local"): T {
    const { kind, metadata: { namespace = "", name } } = object;
    return this.changeNow<T>(realm, kind, namespace, name, () => object, { status: true })!;
  }

  remove(namespace: string, name: string, realm: Realm = "local", kind = "Pod"): void {
    this.changeNow(realm, kind, namespace, name, () => undefined);
  }
}

export interface TestNode {
  app: Hono<AppEnv>;
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
  const store = new FakeStore(clock);
  const node = {
    store,
    events: new EventRing({ nodeName: "edge-1", clock, nextVersion: () => store.nextVersion() }),
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
    store: node.store,
    events: node.events,
    observer: { get: (uid) => node.observed.get(uid) },
    cri: {
      runtime: {
        exec: () => Promise.reject(new Error("no runtime")),
        attach: () => Promise.reject(new Error("no runtime")),
        portForward: () => Promise.reject(new Error("no runtime")),
      },
    },
    log: silentLogger,
    clock,
    problems: () => node.problems,
    healthy: () => node.healthy,
    closing: node.closing.signal,
    limit: new StreamLimit(mostStreams),
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
