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
import { Code, ConnectError, createRouterTransport, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { createCriClient, type CriClient, type CriClientOptions } from "./client.ts";
import type { CriCode } from "./errors.ts";
import { type ArmedFault, type Fault, FaultTable } from "./fake_faults.ts";
import type { FakeContainer } from "./fake_model.ts";
import {
  containerdEvents,
  containerName,
  criEvents,
  imageEffects,
  runtimeEffects,
  sandboxName,
  taskEffects,
} from "./fake_services.ts";
import { FakeWorld } from "./fake_world.ts";
import { Tasks } from "./gen/containerd_task_service_pb.ts";
import { Events } from "./gen/containerd_events_pb.ts";
import { ImageService, RuntimeService } from "./gen/runtime_pb.ts";
import type { MethodName } from "./methods.ts";

export { FakeEvents } from "./fake_events.ts";
export type { ArmedFault, Fault } from "./fake_faults.ts";
export { type FakeImage, FakeImages } from "./fake_images.ts";
export * from "./fake_model.ts";
export type { FakeWorldOptions as FakeRuntimeOptions } from "./fake_world.ts";

/** One call that reached the runtime. */
export interface RecordedCall {
  method: MethodName;
  // deno-lint-ignore no-explicit-any
  request: any;
  /** On the clock, monotonic. */
  at: number;
}

export class FakeRuntime extends FakeWorld {
  /** Every call that reached the runtime, in order. */
  readonly calls: RecordedCall[] = [];
  #faults = new FaultTable();
  #up = true;
  #life = new AbortController();

  /** A real client that talks to this runtime. */
  client(options: CriClientOptions = {}): CriClient {
    const transport = createRouterTransport((router) => {
      router.service(RuntimeService, {
        ...this.#wrap(RuntimeService.methods, runtimeEffects(this)),
        getContainerEvents: (_: unknown, context: HandlerContext) => this.#follow(context, criEvents),
      } as unknown as ServiceImpl<typeof RuntimeService>);
      router.service(
        ImageService,
        this.#wrap(ImageService.methods, imageEffects(this)) as unknown as ServiceImpl<typeof ImageService>,
      );
      if (this.eventSource !== "cri") router.service(Tasks, taskEffects(this));
      router.service(Events, { subscribe: (_, context) => this.#follow(context, containerdEvents) });
    });
    return createCriClient(transport, transport, { clock: this.clock, ...options });
  }

  // ---- What tests do to it

  /** Arms a fault for a method, or for any (`*`). */
  fault(method: MethodName | "*", fault: Fault): ArmedFault {
    return this.#faults.arm(method, fault);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** The newest container of that name; throws when there is none. */
  containerNamed(name: string): FakeContainer {
    const found = [...this.containers.values()].findLast((container) => container.name === name);
    if (!found) {
      throw new Error(
        `Cannot find container ${name}: there is ${
          [...this.containers.values()].map(({ name }) => name).join(", ") || "none"
        }`,
      );
    }
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
    for (const sandbox of this.sandboxes.values()) this.end(sandbox);
    this.start();
  }

  /** A sandbox's process dies, and with it the pod's shared namespaces. */
  killSandbox(id: string): void {
    const sandbox = this.sandbox(id);
    for (const container of this.containersOf(sandbox)) container.exit(137);
    this.end(sandbox);
  }

  /** Ends timers that still run; call at the end of a test with a real clock. */
  dispose(): void {
    this.stop();
    this.cancelTimers();
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
    this.calls.push({ method, request, at: this.clock.mono() });
    const fault = this.#faults.take(method, request);
    switch (fault?.kind) {
      case "error":
        throw new ConnectError(fault.message ?? "injected fault", codeOf(fault.code ?? "unknown"));
      case "stuck":
        this.#reserveOnly(request);
        return await this.#hang(context, life);
      case "hang":
        return await this.#hang(context, life);
      case "delay":
        await this.#until(new Promise<void>((resolve) => this.after(fault.delayMs ?? 0, resolve)), context, life);
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

  /** What a stuck create leaves: its name reserved. */
  // deno-lint-ignore no-explicit-any
  #reserveOnly({ config, podSandboxId }: any): void {
    if (podSandboxId) this.reserve("container", containerName(config, this.sandbox(podSandboxId)));
    else this.reserve("sandbox", sandboxName(config));
  }

  /** A stream of events that breaks when the runtime goes away. */
  async *#follow<Message>(
    context: HandlerContext,
    source: (world: FakeWorld, signal: AbortSignal) => AsyncGenerator<Message>,
  ): AsyncGenerator<Message> {
    this.#requireUp();
    const life = this.#life.signal;
    yield* source(this, AbortSignal.any([context.signal, life]));
    if (life.aborted) throw new ConnectError("runtime went away", Code.Unavailable);
  }
}

function codeOf(code: CriCode): Code {
  const name = code.split("_").map((word) => word[0].toUpperCase() + word.slice(1)).join("");
  return Code[name as keyof typeof Code];
}
