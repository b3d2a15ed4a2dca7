/** A store in memory for tests of controllers, with a clock that stands and the events that were told. */
import { ManualClock } from "../clock.ts";
import type { Pod } from "../objects/mod.ts";
import { Store, type StoreObject } from "../store/mod.ts";
import { EventRing } from "../telemetry/events.ts";
import { silentLogger } from "../telemetry/log.ts";

export class TestStore {
  readonly clock = new ManualClock();
  readonly log = silentLogger;
  readonly store = Store.open(":memory:", { log: silentLogger, clock: this.clock });
  readonly events = new EventRing({ nodeName: "edge-1", clock: this.clock, burst: 1000 });
  /** How often anything was written. */
  writes = 0;

  constructor() {
    this.store.watch(() => void this.writes++);
  }

  async put(object: unknown): Promise<StoreObject> {
    const { kind, metadata: { namespace = "", name } } = object as StoreObject;
    return (await this.store.change<StoreObject>("local", kind, namespace, name, () => object as StoreObject, {
      status: true,
    }))!;
  }

  async remove(kind: string, namespace: string, name: string): Promise<void> {
    await this.store.remove("local", kind, namespace, name);
  }

  get<T = StoreObject>(kind: string, namespace: string, name: string): T | undefined {
    return this.store.get<T>("local", kind, namespace, name);
  }

  pod(name: string): Pod | undefined {
    return this.get<Pod>("Pod", "default", name);
  }

  /** `reason: message` of the events about an object. */
  told(name: string): string[] {
    return this.events.list({ name }).map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** Lets controllers do what there is to do now. */
  async settle(...controllers: { idle(): Promise<void> }[]): Promise<void> {
    for (let before = -1; before !== this.writes;) {
      before = this.writes;
      for (let turn = 0; turn < 5; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        for (const one of controllers) await one.idle();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
  }
}

/** A pod of the API, as it is stored. */
export function testPod(name: string, spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", ...metadata },
    spec: {
      schedulerName: "default-scheduler",
      terminationGracePeriodSeconds: 30,
      containers: [{ name: "main", image: "busybox" }],
      ...spec,
    },
    status: { phase: "Pending" },
  };
}
