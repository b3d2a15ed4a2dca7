/**
 * The fake runtime's world: what exists in it, and the rules by which things come, change and go. Calls are in
 * fake_services.ts, faults and the connection in fake.ts.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import type { CriContainerEvent, CriEventSource } from "./events.ts";
import { FakeEvents } from "./fake_events.ts";
import { FakeImages } from "./fake_images.ts";
import { type ExecResult, type FakeClock, FakeContainer, type FakeSandbox, type Program } from "./fake_model.ts";
import { type ContainerConfig, ContainerState } from "./gen/runtime_pb.ts";

const realClock: FakeClock = {
  now: Date.now,
  mono: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

export interface FakeWorldOptions {
  clock?: FakeClock;
  /** References that are on the node from the start. */
  images?: string[];
  /** Which event source it has, as events.ts names them. Default `containerd`. */
  events?: CriEventSource;
}

export class FakeWorld {
  readonly sandboxes = new Map<string, FakeSandbox>();
  readonly containers = new Map<string, FakeContainer>();
  readonly images = new FakeImages();
  readonly events = new FakeEvents();
  /** What a container's process does, asked at its start. */
  program: (container: FakeContainer) => Program = () => ({});
  /** What a command in a container does. */
  exec: (container: FakeContainer, cmd: string[]) => ExecResult | Promise<ExecResult> = () => ({});
  conditions = [{ type: "RuntimeReady", status: true }, { type: "NetworkReady", status: true }];
  streamingUrl = "http://127.0.0.1:1";
  podCidr = "";

  readonly clock: FakeClock;
  readonly eventSource: CriEventSource;
  #reserved = new Map<string, string>();
  #timers = new Set<() => void>();
  #next = 1;
  #lastStamp = 0n;

  constructor(options: FakeWorldOptions = {}) {
    this.clock = options.clock ?? realClock;
    this.eventSource = options.events ?? "containerd";
    for (const reference of options.images ?? []) this.images.add(reference);
  }

  /** Runs `fn` once after `ms` on the clock; the returned function cancels it. */
  after(ms: number, fn: () => void): () => void {
    const cancel = this.clock.after(ms, () => {
      this.#timers.delete(cancel);
      fn();
    });
    this.#timers.add(cancel);
    return () => {
      cancel();
      this.#timers.delete(cancel);
    };
  }

  /** Ends timers that still run. */
  cancelTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  emit(type: CriContainerEvent["type"], id: string, sandbox?: FakeSandbox, exitCode?: number): void {
    const podUid = (sandbox ?? this.sandboxes.get(id))?.config.metadata?.uid;
    this.events.emit({ type, id, at: this.clock.now(), podUid, exitCode });
  }

  /** Reserves a name, with containerd's refusal when it is taken; returns the id for it. */
  reserve(kind: "sandbox" | "container", name: string): string {
    const key = `${kind} ${name}`;
    const holder = this.#reserved.get(key);
    if (holder) {
      throw new ConnectError(
        `failed to reserve ${kind} name "${name}": name "${name}" is reserved for "${holder}"`,
        Code.Unknown,
      );
    }
    const id = (this.#next++).toString(16).padStart(64, "0");
    this.#reserved.set(key, id);
    return id;
  }

  /** Gives back the names that `stuck` creates hold. */
  releaseNames(): void {
    for (const [name, id] of this.#reserved) {
      if (!this.sandboxes.has(id) && !this.containers.has(id)) this.#reserved.delete(name);
    }
  }

  release(id: string): void {
    for (const [name, holder] of this.#reserved) if (holder === id) this.#reserved.delete(name);
  }

  /** Ends a sandbox's own process. */
  end(sandbox: FakeSandbox): void {
    if (!sandbox.ready) return;
    sandbox.ready = false;
    sandbox.ips = [];
    this.emit("stopped", sandbox.id, sandbox, 137);
  }

  /** A new container in a sandbox. */
  add(id: string, sandbox: FakeSandbox, config: ContainerConfig, imageId: string): void {
    const container = new FakeContainer(id, sandbox, config, imageId, this.stamp(), () => {
      container.finishedAt = this.stamp();
      if (container.reason === "OOMKilled") this.emit("oom", id, sandbox);
      this.emit("stopped", id, sandbox, container.exitCode);
    });
    this.containers.set(id, container);
    this.emit("created", id, sandbox);
  }

  /** Ends and forgets a container; throws as containerd does when its task was lost. */
  remove(container: FakeContainer): void {
    if (container.taskLost) {
      throw new ConnectError(
        `failed to delete task: cannot delete running task ${container.id}: failed precondition`,
        Code.FailedPrecondition,
      );
    }
    container.exit(137);
    this.containers.delete(container.id);
    this.release(container.id);
    this.emit("deleted", container.id, container.sandbox);
  }

  containersOf(sandbox: FakeSandbox): FakeContainer[] {
    return [...this.containers.values()].filter((container) => container.sandbox === sandbox);
  }

  sandbox(id: string): FakeSandbox {
    const sandbox = this.sandboxes.get(id);
    if (!sandbox) {
      throw new ConnectError(`an error occurred when try to find sandbox "${id}": not found`, Code.NotFound);
    }
    return sandbox;
  }

  container(id: string): FakeContainer {
    const container = this.containers.get(id);
    if (!container) {
      throw new ConnectError(`an error occurred when try to find container "${id}": not found`, Code.NotFound);
    }
    return container;
  }

  running(id: string): FakeContainer {
    const container = this.container(id);
    if (!container.running) {
      throw new ConnectError(`container is in ${ContainerState[container.state]} state`, Code.Unknown);
    }
    return container;
  }

  /** Nanoseconds of the wall clock, no two alike. */
  stamp(): bigint {
    const now = BigInt(Math.floor(this.clock.now())) * 1_000_000n;
    this.#lastStamp = now > this.#lastStamp ? now : this.#lastStamp + 1n;
    return this.#lastStamp;
  }
}
