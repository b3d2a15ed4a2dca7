/**
 * A container runtime in memory, behind the real client and the real codec: for tests of faults and of time, which a
 * real runtime cannot be asked for. It behaves as containerd 1.6 does where callers could tell.
 *
 *     const fake = new FakeRuntime({ clock, images: ["web:1"] });
 *     const cri = fake.client();
 *     fake.fault("createContainer", { kind: "lostAnswer" });
 *     fake.program = (container) => container.name === "job" ? { exitAfterMs: 500, exitCode: 1 } : {};
 *     fake.containerNamed("web").exit(137, "OOMKilled");
 *
 * Its processes are `Program`s: they run until they are told to end, or for a time on the clock. Exec'd commands go to
 * `exec`. There is no network and no streaming server: `exec`, `attach` and `portForward` answer with `streamingUrl`.
 */
import type { DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { createCriClient, type CriClient, type CriClientOptions } from "./client.ts";
import type { CriCode } from "./errors.ts";
import type { CriContainerEvent } from "./events.ts";
import { FakeEvents } from "./fake_events.ts";
import { type ArmedFault, type Fault, FaultTable } from "./fake_faults.ts";
import { FakeImages } from "./fake_images.ts";
import { containerdEvent, containerStatus, execResponse, imageMessage, info, sandboxStatus } from "./fake_messages.ts";
import { type ExecResult, type FakeClock, FakeContainer, type FakeSandbox, type Program } from "./fake_model.ts";
import { Events } from "./gen/containerd_events_pb.ts";
import {
  CgroupDriver,
  type ContainerEventType,
  ContainerState,
  type ContainerStatsSchema,
  ImageService,
  NamespaceMode,
  RuntimeService,
} from "./gen/runtime_pb.ts";
import type { MethodName } from "./methods.ts";

export type { ArmedFault, Fault } from "./fake_faults.ts";
export { FakeEvents } from "./fake_events.ts";
export { type FakeImage, FakeImages } from "./fake_images.ts";
export * from "./fake_model.ts";

export interface FakeRuntimeOptions {
  clock?: FakeClock;
  /** References that are on the node from the start. */
  images?: string[];
  /** Which event source it has, as events.ts names them. Default `containerd`. */
  events?: "cri" | "containerd" | "none";
}

/** One call that reached the runtime. */
export interface RecordedCall {
  method: MethodName;
  // deno-lint-ignore no-explicit-any
  request: any;
  /** On the clock, monotonic. */
  at: number;
}

const realClock: FakeClock = {
  now: Date.now,
  mono: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

export class FakeRuntime {
  readonly sandboxes = new Map<string, FakeSandbox>();
  readonly containers = new Map<string, FakeContainer>();
  readonly images = new FakeImages();
  readonly events = new FakeEvents();
  /** Every call that reached the runtime, in order. */
  readonly calls: RecordedCall[] = [];
  /** What a container's process does, asked at its start. */
  program: (container: FakeContainer) => Program = () => ({});
  /** What a command in a container does. */
  exec: (container: FakeContainer, cmd: string[]) => ExecResult | Promise<ExecResult> = () => ({});
  conditions = [{ type: "RuntimeReady", status: true }, { type: "NetworkReady", status: true }];
  streamingUrl = "http://127.0.0.1:1";
  podCidr = "";

  #clock: FakeClock;
  #eventSource: "cri" | "containerd" | "none";
  #faults = new FaultTable();
  #reserved = new Map<string, string>();
  #timers = new Set<() => void>();
  #next = 1;
  #lastStamp = 0n;
  #up = true;
  #life = new AbortController();

  constructor(options: FakeRuntimeOptions = {}) {
    this.#clock = options.clock ?? realClock;
    this.#eventSource = options.events ?? "containerd";
    for (const reference of options.images ?? []) this.images.add(reference);
  }

  /** A real client that talks to this runtime. */
  client(options: CriClientOptions = {}): CriClient {
    const transport = createRouterTransport((router) => {
      router.service(RuntimeService, {
        ...this.#wrap(RuntimeService.methods, this.#runtimeMethods()),
        getContainerEvents: (_: unknown, context: HandlerContext) => this.#criEvents(context),
      } as unknown as ServiceImpl<typeof RuntimeService>);
      router.service(
        ImageService,
        this.#wrap(ImageService.methods, this.#imageMethods()) as unknown as ServiceImpl<typeof ImageService>,
      );
      router.service(Events, { subscribe: (_, context) => this.#containerdEvents(context) });
    });
    return createCriClient(transport, transport, { clock: this.#clock, ...options });
  }

  // ---- What tests do to it

  /** Arms a fault for a method, or for any (`*`). */
  fault(method: MethodName | "*", fault: Fault): ArmedFault {
    return this.#faults.arm(method, fault);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** Gives back the names that `stuck` creates hold. */
  releaseNames(): void {
    for (const [name, id] of this.#reserved) {
      if (!this.sandboxes.has(id) && !this.containers.has(id)) this.#reserved.delete(name);
    }
  }

  /** The newest container of that name; throws when there is none. */
  containerNamed(name: string): FakeContainer {
    const found = [...this.containers.values()].findLast((container) => container.name === name);
    if (!found) throw new Error(`Cannot find container ${name}: there is ${this.#names() || "none"}`);
    return found;
  }

  /** Calls of a method that reached the runtime. */
  callsOf(method: MethodName): RecordedCall[] {
    return this.calls.filter((call) => call.method === method);
  }

  /** The runtime goes away: calls in flight and streams break, new ones are `unavailable`. Containers run on. */
  stop(): void {
    this.#up = false;
    this.#life.abort();
  }

  /** It comes back with what it had. */
  start(): void {
    this.#up = true;
    this.#life = new AbortController();
  }

  /** The machine restarts: nothing runs, records remain. */
  reboot(): void {
    this.stop();
    for (const container of this.containers.values()) container.exit(255, "Unknown");
    for (const sandbox of this.sandboxes.values()) this.#end(sandbox);
    this.start();
  }

  /** A sandbox's process dies, and with it the pod's shared namespaces. */
  killSandbox(id: string): void {
    const sandbox = this.#sandbox(id);
    for (const container of this.#containersOf(sandbox)) container.exit(137);
    this.#end(sandbox);
  }

  /** Ends timers that still run; call at the end of a test with a real clock. */
  dispose(): void {
    this.stop();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  // ---- Calls

  #wrap(
    methods: readonly { localName: string; methodKind: string }[],
    effects: Record<string, (request: never, context: HandlerContext) => unknown>,
  ): Record<string, unknown> {
    const handlers: Record<string, unknown> = {};
    for (const { localName, methodKind } of methods) {
      if (methodKind !== "unary" || !effects[localName]) continue;
      handlers[localName] = (request: never, context: HandlerContext) =>
        this.#answer(localName as MethodName, request, context, () => effects[localName](request, context));
    }
    return handlers;
  }

  async #answer(method: MethodName, request: unknown, context: HandlerContext, effect: () => unknown) {
    this.#requireUp();
    const life = this.#life.signal;
    this.calls.push({ method, request, at: this.#clock.mono() });
    const fault = this.#faults.take(method, request);
    switch (fault?.kind) {
      case "error":
        throw new ConnectError(fault.message ?? "injected fault", codeOf(fault.code ?? "unknown"));
      case "stuck":
        this.#reserve(method, request);
        return await this.#hang(context, life);
      case "hang":
        return await this.#hang(context, life);
      case "delay":
        await this.#until(this.#sleep(fault.delayMs ?? 0), context, life);
    }
    const result = await this.#until(Promise.resolve().then(effect), context, life);
    if (fault?.kind === "lostAnswer") throw new ConnectError("injected: connection lost", Code.Unavailable);
    if (fault?.kind === "hangAfter") return await this.#hang(context, life);
    return result ?? {};
  }

  #requireUp(): void {
    if (!this.#up) throw new ConnectError("runtime does not answer: connection refused", Code.Unavailable);
  }

  #hang(context: HandlerContext, life: AbortSignal): Promise<never> {
    return this.#until(new Promise<never>(() => {}), context, life);
  }

  /** `work`, unless the caller gives up or the runtime goes away first. */
  async #until<T>(work: Promise<T>, context: HandlerContext, life: AbortSignal): Promise<T> {
    const broken = Promise.withResolvers<never>();
    const onCancel = () => broken.reject(new ConnectError("canceled", Code.Canceled));
    const onStop = () => broken.reject(new ConnectError("runtime went away", Code.Unavailable));
    if (context.signal.aborted) onCancel();
    if (life.aborted) onStop();
    context.signal.addEventListener("abort", onCancel);
    life.addEventListener("abort", onStop);
    try {
      return await Promise.race([work, broken.promise]);
    } finally {
      context.signal.removeEventListener("abort", onCancel);
      life.removeEventListener("abort", onStop);
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#after(ms, resolve));
  }

  #after(ms: number, fn: () => void): void {
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(cancel);
      fn();
    });
    this.#timers.add(cancel);
  }

  // ---- RuntimeService

  #runtimeMethods(): Effects<typeof RuntimeService> {
    return {
      version: () => ({ version: "0.1.0", runtimeName: "fake", runtimeVersion: "1.6.20", runtimeApiVersion: "v1" }),
      status: ({ verbose }) => ({
        status: { conditions: this.conditions },
        info: info(verbose, "config", { sandboxImage: "pause:1" }),
      }),
      runtimeConfig: () => {
        if (this.#eventSource !== "cri") throw unimplemented("RuntimeConfig");
        return { linux: { cgroupDriver: CgroupDriver.CGROUPFS } };
      },
      updateRuntimeConfig: ({ runtimeConfig }) => void (this.podCidr = runtimeConfig?.networkConfig?.podCidr ?? ""),

      runPodSandbox: (request) => {
        const config = required(request.config, "sandbox config");
        const id = this.#reserve("runPodSandbox", request);
        const hostNetwork = config.linux?.securityContext?.namespaceOptions?.network === NamespaceMode.NODE;
        if (hostNetwork && config.hostname) {
          this.#release(id);
          throw new ConnectError(
            "failed to create containerd task: unable to set hostname without a private UTS namespace: unknown",
            Code.Unknown,
          );
        }
        const number = this.#next;
        const ips = hostNetwork ? [] : [`10.244.${number >> 8 & 255}.${number & 255}`];
        const { runtimeHandler } = request;
        this.sandboxes.set(id, { id, config, runtimeHandler, ready: true, ips, createdAt: this.#stamp() });
        this.#emit("created", id);
        this.#emit("started", id);
        return { podSandboxId: id };
      },
      stopPodSandbox: ({ podSandboxId }) => {
        const sandbox = this.sandboxes.get(podSandboxId);
        if (!sandbox) return;
        for (const container of this.#containersOf(sandbox)) container.exit(137);
        this.#end(sandbox);
      },
      removePodSandbox: ({ podSandboxId }) => {
        const sandbox = this.sandboxes.get(podSandboxId);
        if (!sandbox) return;
        for (const container of this.#containersOf(sandbox)) this.#remove(container);
        this.#end(sandbox);
        this.sandboxes.delete(sandbox.id);
        this.#release(sandbox.id);
        this.#emit("deleted", sandbox.id, sandbox);
      },
      podSandboxStatus: ({ podSandboxId, verbose }) => ({
        status: sandboxStatus(this.#sandbox(podSandboxId)),
        info: info(verbose, "info", { pid: 1 }),
      }),
      listPodSandbox: ({ filter }) => ({
        items: [...this.sandboxes.values()].map(sandboxStatus).filter((sandbox) =>
          (!filter?.id || sandbox.id.startsWith(filter.id)) &&
          (!filter?.state || filter.state.state === sandbox.state) &&
          selects(filter?.labelSelector, sandbox.labels)
        ),
      }),
      updatePodSandboxResources: () => {
        throw unimplemented("UpdatePodSandboxResources");
      },

      createContainer: (request) => {
        const config = required(request.config, "container config");
        const sandbox = this.#sandbox(request.podSandboxId);
        if (!sandbox.ready) throw new ConnectError(`sandbox container "${sandbox.id}" is not running`, Code.Unknown);
        const reference = config.image?.image ?? "";
        const image = this.images.find(reference);
        if (!image) throw new ConnectError(`failed to resolve image "${reference}": not found`, Code.NotFound);
        const id = this.#reserve("createContainer", request);
        const onExit = (container: FakeContainer) => {
          container.finishedAt = this.#stamp();
          if (container.reason === "OOMKilled") this.#emit("oom", id, sandbox);
          this.#emit("stopped", id, sandbox, container.exitCode);
        };
        this.containers.set(id, new FakeContainer(id, sandbox, config, image.id, this.#stamp(), onExit));
        this.#emit("created", id, sandbox);
        return { containerId: id };
      },
      startContainer: ({ containerId }) => {
        const container = this.#container(containerId);
        if (container.state !== ContainerState.CONTAINER_CREATED) {
          throw new ConnectError(`container is in ${ContainerState[container.state]} state`, Code.Unknown);
        }
        const program = container.program = this.program(container);
        container.state = ContainerState.CONTAINER_RUNNING;
        if (program.startError) {
          container.exit(128, "StartError", program.startError);
          throw new ConnectError(`failed to create containerd task: ${program.startError}`, Code.Unknown);
        }
        container.startedAt = this.#stamp();
        this.#emit("started", containerId, container.sandbox);
        if (program.exitAfterMs !== undefined) {
          this.#after(program.exitAfterMs, () => container.exit(program.exitCode));
        }
      },
      stopContainer: async ({ containerId, timeout }, context) => {
        const container = this.containers.get(containerId);
        if (!container?.running) return;
        const { ignoresTerm, termAfterMs = 0, termExitCode = 143 } = container.program;
        if (timeout > 0n && !ignoresTerm) {
          if (termAfterMs === 0) container.exit(termExitCode);
          else this.#after(termAfterMs, () => container.exit(termExitCode));
        }
        if (timeout > 0n) await Promise.race([container.ended, this.#sleep(Number(timeout) * 1000)]);
        if (!context.signal.aborted) container.exit(137);
      },
      removeContainer: ({ containerId }) => {
        const container = this.containers.get(containerId);
        if (container) this.#remove(container);
      },
      listContainers: ({ filter }) => ({
        containers: [...this.containers.values()].filter((container) =>
          (!filter?.id || container.id.startsWith(filter.id)) &&
          (!filter?.podSandboxId || container.sandbox.id.startsWith(filter.podSandboxId)) &&
          (!filter?.state || filter.state.state === container.state) &&
          selects(filter?.labelSelector, container.config.labels)
        ).map((container) => ({ ...containerStatus(container), podSandboxId: container.sandbox.id })),
      }),
      containerStatus: ({ containerId, verbose }) => ({
        status: containerStatus(this.#container(containerId)),
        info: info(verbose, "info", { pid: 1 }),
      }),
      updateContainerResources: ({ containerId, linux }) => {
        const container = this.#container(containerId);
        container.resources = linux;
      },
      reopenContainerLog: ({ containerId }) => {
        const container = this.#running(containerId);
        container.logReopened++;
      },

      execSync: async ({ containerId, cmd, timeout }) => {
        const container = this.#running(containerId);
        const work = Promise.resolve(this.exec(container, cmd));
        if (timeout === 0n) return execResponse(await work);
        const late = Symbol();
        const seconds = Number(timeout);
        const timer = Promise.withResolvers<typeof late>();
        const cancel = this.#clock.after(seconds * 1000, () => timer.resolve(late));
        this.#timers.add(cancel);
        const result = await Promise.race([work, timer.promise]).finally(() => {
          cancel();
          this.#timers.delete(cancel);
        });
        if (result === late) {
          throw new ConnectError(
            `failed to exec in container: timeout ${seconds}s exceeded: context deadline exceeded`,
            Code.DeadlineExceeded,
          );
        }
        return execResponse(result as ExecResult);
      },
      exec: ({ containerId }) => ({ url: `${this.streamingUrl}/exec/${this.#running(containerId).id}` }),
      attach: ({ containerId }) => ({ url: `${this.streamingUrl}/attach/${this.#running(containerId).id}` }),
      portForward: ({ podSandboxId }) => ({
        url: `${this.streamingUrl}/portforward/${this.#sandbox(podSandboxId).id}`,
      }),

      containerStats: ({ containerId }) => ({ stats: this.#stats(this.#container(containerId)) }),
      listContainerStats: ({ filter }) => ({
        stats: [...this.containers.values()].filter((container) =>
          container.running && (!filter?.id || container.id.startsWith(filter.id)) &&
          (!filter?.podSandboxId || container.sandbox.id.startsWith(filter.podSandboxId)) &&
          selects(filter?.labelSelector, container.config.labels)
        ).map((container) => this.#stats(container)),
      }),
      podSandboxStats: ({ podSandboxId }) => ({ stats: this.#podStats(this.#sandbox(podSandboxId)) }),
      listPodSandboxStats: ({ filter }) => ({
        stats: [...this.sandboxes.values()].filter((sandbox) =>
          sandbox.ready && (!filter?.id || sandbox.id.startsWith(filter.id)) &&
          selects(filter?.labelSelector, sandbox.config.labels)
        ).map((sandbox) => this.#podStats(sandbox)),
      }),
      listMetricDescriptors: () => {
        throw unimplemented("ListMetricDescriptors");
      },
      listPodSandboxMetrics: () => {
        throw unimplemented("ListPodSandboxMetrics");
      },
    };
  }

  // ---- ImageService

  #imageMethods(): Effects<typeof ImageService> {
    return {
      listImages: ({ filter }) => {
        const wanted = filter?.image?.image;
        const found = wanted ? [this.images.find(wanted)] : [...this.images.local.values()];
        return { images: found.filter((image) => image !== undefined).map(imageMessage) };
      },
      imageStatus: ({ image }) => {
        const found = this.images.find(image?.image ?? "");
        return { image: found && imageMessage(found) };
      },
      pullImage: ({ image }) => ({ imageRef: this.images.pull(image?.image ?? "").id }),
      removeImage: ({ image }) => this.images.remove(image?.image ?? ""),
      imageFsInfo: () => {
        const used = [...this.images.local.values()].reduce((sum, image) => sum + image.size, 0);
        return {
          imageFilesystems: [{
            timestamp: this.#stamp(),
            fsId: { mountpoint: "/var/lib/fake" },
            usedBytes: { value: BigInt(used) },
            inodesUsed: { value: BigInt(this.images.local.size) },
          }],
        };
      },
    };
  }

  // ---- Events

  async *#follow(context: HandlerContext): AsyncGenerator<CriContainerEvent> {
    this.#requireUp();
    const life = this.#life.signal;
    yield* this.events.subscribe(AbortSignal.any([context.signal, life]));
    if (life.aborted) throw new ConnectError("runtime went away", Code.Unavailable);
  }

  async *#criEvents(context: HandlerContext) {
    this.#requireUp();
    if (this.#eventSource !== "cri") throw unimplemented("GetContainerEvents");
    for await (const event of this.#follow(context)) {
      if (event.type === "oom") continue;
      const container = this.containers.get(event.id);
      const sandbox = container?.sandbox ?? this.sandboxes.get(event.id);
      yield {
        containerId: event.id,
        containerEventType: ["created", "started", "stopped", "deleted"].indexOf(event.type) as ContainerEventType,
        createdAt: BigInt(event.at) * 1_000_000n,
        podSandboxStatus: sandbox && sandboxStatus(sandbox),
        containersStatuses: sandbox ? this.#containersOf(sandbox).map(containerStatus) : [],
      };
    }
  }

  async *#containerdEvents(context: HandlerContext) {
    this.#requireUp();
    if (this.#eventSource !== "containerd") throw unimplemented("Subscribe");
    for await (const event of this.#follow(context)) {
      yield containerdEvent(event);
    }
  }

  #emit(type: CriContainerEvent["type"], id: string, sandbox?: FakeSandbox, exitCode?: number): void {
    const podUid = (sandbox ?? this.sandboxes.get(id))?.config.metadata?.uid;
    this.events.emit({ type, id, at: this.#clock.now(), podUid, exitCode });
  }

  // ---- Parts

  /** Reserves the name that a create asks for, with containerd's refusal when it is taken. */
  #reserve(method: MethodName, request: unknown): string {
    // deno-lint-ignore no-explicit-any
    const { config, podSandboxId } = request as any;
    const { name, namespace, uid, attempt } = config?.metadata ?? {};
    const kind = method === "runPodSandbox" ? "sandbox" : "container";
    let full = `${name}_${namespace}_${uid}_${attempt}`;
    if (kind === "container") {
      const pod = this.#sandbox(podSandboxId).config.metadata;
      full = `${name}_${pod?.name}_${pod?.namespace}_${pod?.uid}_${attempt}`;
    }
    const key = `${kind} ${full}`;
    const holder = this.#reserved.get(key);
    if (holder) {
      throw new ConnectError(
        `failed to reserve ${kind} name "${full}": name "${full}" is reserved for "${holder}"`,
        Code.Unknown,
      );
    }
    const id = (this.#next++).toString(16).padStart(64, "0");
    this.#reserved.set(key, id);
    return id;
  }

  #release(id: string): void {
    for (const [name, holder] of this.#reserved) if (holder === id) this.#reserved.delete(name);
  }

  #end(sandbox: FakeSandbox): void {
    if (!sandbox.ready) return;
    sandbox.ready = false;
    sandbox.ips = [];
    this.#emit("stopped", sandbox.id, sandbox, 137);
  }

  #remove(container: FakeContainer): void {
    container.exit(137);
    this.containers.delete(container.id);
    this.#release(container.id);
    this.#emit("deleted", container.id, container.sandbox);
  }

  #containersOf(sandbox: FakeSandbox): FakeContainer[] {
    return [...this.containers.values()].filter((container) => container.sandbox === sandbox);
  }

  #sandbox(id: string): FakeSandbox {
    const sandbox = this.sandboxes.get(id);
    if (!sandbox) {
      throw new ConnectError(`an error occurred when try to find sandbox "${id}": not found`, Code.NotFound);
    }
    return sandbox;
  }

  #container(id: string): FakeContainer {
    const container = this.containers.get(id);
    if (!container) {
      throw new ConnectError(`an error occurred when try to find container "${id}": not found`, Code.NotFound);
    }
    return container;
  }

  #running(id: string): FakeContainer {
    const container = this.#container(id);
    if (!container.running) {
      throw new ConnectError(`container is in ${ContainerState[container.state]} state`, Code.Unknown);
    }
    return container;
  }

  #stats(container: FakeContainer): MessageInitShape<typeof ContainerStatsSchema> {
    const timestamp = this.#stamp();
    const { id, usage, config } = container;
    return {
      attributes: { id, metadata: config.metadata, labels: config.labels, annotations: config.annotations },
      cpu: { timestamp, usageCoreNanoSeconds: { value: usage.cpuNanoSeconds } },
      memory: { timestamp, workingSetBytes: { value: usage.workingSetBytes } },
      writableLayer: { timestamp, usedBytes: { value: usage.writableLayerBytes } },
    };
  }

  #podStats(sandbox: FakeSandbox) {
    const { id, config } = sandbox;
    return {
      attributes: { id, metadata: config.metadata, labels: config.labels, annotations: config.annotations },
      linux: { containers: this.#containersOf(sandbox).filter(({ running }) => running).map((c) => this.#stats(c)) },
    };
  }

  /** Nanoseconds of the wall clock, no two alike. */
  #stamp(): bigint {
    const now = BigInt(Math.floor(this.#clock.now())) * 1_000_000n;
    this.#lastStamp = now > this.#lastStamp ? now : this.#lastStamp + 1n;
    return this.#lastStamp;
  }

  #names(): string {
    return [...this.containers.values()].map(({ name }) => name).join(", ");
  }
}

/** One handler a unary method; answers may be partial messages or nothing. */
type Effects<Service extends typeof RuntimeService | typeof ImageService> = {
  [Name in keyof Service["method"] as Service["method"][Name] extends { methodKind: "unary" } ? Name : never]: (
    request: Parameters<
      Extract<ServiceImpl<Service>[Name & keyof ServiceImpl<Service>], (...args: never) => unknown>
    >[0],
    context: HandlerContext,
  ) => Answer<Service["method"][Name]> | void | Promise<Answer<Service["method"][Name]> | void>;
};
type Answer<Method> = Method extends DescMethodUnary<infer _, infer Output> ? MessageInitShape<Output> : never;

function selects(selector: Record<string, string> | undefined, labels: Record<string, string>): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new ConnectError(`${what} is missing`, Code.InvalidArgument);
  return value;
}

function unimplemented(method: string): ConnectError {
  return new ConnectError(`unknown method ${method}`, Code.Unimplemented);
}

function codeOf(code: CriCode): Code {
  const name = code.split("_").map((word) => word[0].toUpperCase() + word.slice(1)).join("");
  return Code[name as keyof typeof Code];
}
