/**
 * The CRI client: every unary method of RuntimeService and ImageService as a function that has a deadline, can be
 * cancelled, waits its turn (queue.ts) and fails with a CriError; and the runtime's events.
 *
 *     const cri = connectCri("unix:///run/containerd/containerd.sock");
 *     const { podSandboxId } = await cri.runtime.runPodSandbox({ config }, { signal });
 */
import {
  create,
  type DescMethodUnary,
  type DescService,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { CriError, isNotFound, isUnimplemented } from "./errors.ts";
import { type Clock, type EventWatch, type EventWatchOptions, realClock, watchEvents } from "./events.ts";
import { Tasks } from "./gen/containerd_task_service_pb.ts";
import { type ContainerState, ImageService, type PodSandboxState, RuntimeService } from "./gen/runtime_pb.ts";
import {
  type ContainerStates,
  ContainerStatesSchema,
  type SandboxStates,
  SandboxStatesSchema,
} from "./gen/states_pb.ts";
import { type MethodName, methodRules, ordinaryTimeoutMs } from "./methods.ts";
import { CallQueue, laneLimits } from "./queue.ts";
import { openTransport, parseEndpoint } from "./transport.ts";

export interface CallOptions {
  /** Ends the call, also while it waits for its turn. */
  signal?: AbortSignal;
  /** In place of the method's deadline; Infinity: none. */
  timeoutMs?: number;
}

type UnaryClient<Service extends DescService> = {
  [Name in keyof Service["method"] as Service["method"][Name] extends { methodKind: "unary" } ? Name : never]: (
    request: MessageInitShape<Service["method"][Name]["input"]>,
    options?: CallOptions,
  ) => Promise<MessageShape<Service["method"][Name]["output"]>>;
};

export type RuntimeClient = UnaryClient<typeof RuntimeService>;
export type ImageClient = UnaryClient<typeof ImageService>;

/** What there is, and in which state: all of a list that changes. */
export interface RuntimeStates {
  sandboxes: Map<string, PodSandboxState>;
  containers: Map<string, ContainerState>;
}

export interface CriClient {
  readonly runtime: RuntimeClient;
  readonly image: ImageClient;
  /** ListPodSandbox and ListContainers for a look that expects no news: for a tenth of what reading them whole costs. */
  states(filter: { labelSelector: Record<string, string> }, options?: CallOptions): Promise<RuntimeStates>;
  /**
   * Kills and forgets a container's task by containerd's own task service: for tasks that its CRI plugin has lost track of,
   * which no CRI call reaches. Nothing when there is no such task; rejects with `unimplemented` where the runtime is no containerd.
   */
  endTask(containerId: string): Promise<void>;
  /** Tells of containers' changes until closed; see events.ts. */
  watchEvents(options: EventWatchOptions): EventWatch;
  /** Calls in flight and waiting, for metrics. */
  readonly load: { running: number; waiting: number };
  /** Ends everything: calls in flight fail as `canceled`. */
  close(): void;
}

export interface CriClientOptions {
  /** Calls in flight at most, a quarter of them reserved for queries; calls that wait for others are not counted. Default 16. */
  maxCalls?: number;
  /** What ordinary calls get, in milliseconds; slower methods get their multiple of it. Default two minutes. */
  requestTimeoutMs?: number;
  /** Deadlines in milliseconds in place of the methods' own. */
  timeouts?: Partial<Record<MethodName, number>>;
  clock?: Clock;
  /** Told of every unary call that has ended, for metrics. Must not throw. */
  observe?(call: EndedCall): void;
}

/** A unary call that has ended, well or with an error. */
export interface EndedCall {
  method: MethodName;
  request: unknown;
  /** From the moment it was made: its wait for a turn counts. */
  ms: number;
  error?: CriError;
}

/** Where containerd's CRI plugin keeps its containers. */
const containerdNamespace = "k8s.io";
const taskTimeoutMs = 10_000;

/** A client for the runtime at `unix:///path` or `grpc-web+unix:///path`. It connects on first use. */
export function connectCri(endpoint: string, options?: CriClientOptions): CriClient {
  const parsed = parseEndpoint(endpoint);
  const unary = openTransport(parsed, "unary");
  const streams = openTransport(parsed, "stream");
  return createCriClient(unary.transport, streams.transport, options, () => {
    unary.close();
    streams.close();
  });
}

/** A client over transports that exist already: the fake's, for one. */
export function createCriClient(
  unary: Transport,
  streams: Transport,
  options: CriClientOptions = {},
  release: () => void = () => {},
): CriClient {
  const { maxCalls = 16, timeouts = {}, requestTimeoutMs = ordinaryTimeoutMs, clock = realClock, observe } = options;
  const queue = new CallQueue(laneLimits(maxCalls));
  const closed = new AbortController();

  async function call(method: DescMethodUnary, init: unknown, options: CallOptions = {}): Promise<unknown> {
    const rule = methodRules[method.localName as MethodName];
    const request = create(method.input, init as MessageInitShape<typeof method.input>);
    const timeoutMs = options.timeoutMs ?? timeouts[method.localName as MethodName] ??
      rule.timeoutMs / ordinaryTimeoutMs * requestTimeoutMs + (rule.asked?.(request as never) ?? 0);

    const ended = new AbortController();
    const end = (code: "canceled" | "deadline_exceeded", detail: string, cause?: unknown) =>
      ended.abort(new CriError(method.name, code, detail, { cause }));
    const onAbort = () => end("canceled", "canceled by the caller", options.signal?.reason);
    const onClose = () => end("canceled", "the client is closed");
    if (options.signal?.aborted) onAbort();
    if (closed.signal.aborted) onClose();
    options.signal?.addEventListener("abort", onAbort, { once: true });
    closed.signal.addEventListener("abort", onClose, { once: true });
    const cancelTimer = timeoutMs === Infinity
      ? undefined
      : clock.after(timeoutMs, () => end("deadline_exceeded", `no answer within ${timeoutMs} ms`));

    let entered = false;
    let error: CriError | undefined;
    const started = clock.mono();
    try {
      await queue.enter(rule.lane, ended.signal);
      entered = true;
      const header = new Headers();
      if (timeoutMs !== Infinity) header.set("grpc-timeout", grpcTimeout(timeoutMs - (clock.mono() - started)));
      const answer = unary.unary(method, ended.signal, undefined, header, request as never);
      return (await Promise.race([answer, rejection(ended.signal)])).message;
    } catch (err) {
      error = ended.signal.aborted ? ended.signal.reason as CriError : CriError.from(method.name, err);
      throw error;
    } finally {
      observe?.({ method: method.localName as MethodName, request, ms: clock.mono() - started, error });
      if (entered) queue.leave(rule.lane);
      cancelTimer?.();
      options.signal?.removeEventListener("abort", onAbort);
      closed.signal.removeEventListener("abort", onClose);
    }
  }

  function methodsOf(service: DescService) {
    return Object.fromEntries(
      service.methods.filter((method): method is DescMethodUnary => method.methodKind === "unary")
        .map((method) => [method.localName, (init: unknown, options?: CallOptions) => call(method, init, options)]),
    );
  }

  const listSandboxes: DescMethodUnary = { ...RuntimeService.method.listPodSandbox, output: SandboxStatesSchema };
  const listContainers: DescMethodUnary = { ...RuntimeService.method.listContainers, output: ContainerStatesSchema };

  return {
    async states(filter, options) {
      const [{ items }, { containers }] = await Promise.all([
        call(listSandboxes, { filter }, options) as Promise<SandboxStates>,
        call(listContainers, { filter }, options) as Promise<ContainerStates>,
      ]);
      return {
        sandboxes: new Map(items.map(({ id, state }) => [id, state])),
        containers: new Map(containers.map(({ id, state }) => [id, state])),
      };
    },
    async endTask(containerId) {
      const header = new Headers({ "containerd-namespace": containerdNamespace });
      const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(taskTimeoutMs)]);
      const ask = async (method: DescMethodUnary, request: Record<string, unknown>) => {
        try {
          await unary.unary(method, signal, undefined, header, create(method.input, request) as never);
        } catch (err) {
          throw CriError.from(method.name, err);
        }
      };
      // A task that has ended cannot be killed, and is to be forgotten all the same.
      await ask(Tasks.method.kill, { containerId, signal: 9, all: true }).catch((err) => {
        if (isUnimplemented(err)) throw err;
      });
      await ask(Tasks.method.delete, { containerId }).catch((err) => {
        if (!isNotFound(err)) throw err;
      });
    },
    runtime: methodsOf(RuntimeService) as unknown as RuntimeClient,
    image: methodsOf(ImageService) as unknown as ImageClient,
    watchEvents: (options) => watchEvents(streams, { clock, ...options, closed: closed.signal }),
    get load() {
      return queue.load;
    },
    close() {
      closed.abort();
      release();
    },
  };
}

/** Rejects when the signal aborts, with its reason. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

/** gRPC's header allows eight digits and a unit. */
function grpcTimeout(ms: number): string {
  const left = Math.max(1, Math.ceil(ms));
  return left < 1e8 ? `${left}m` : `${Math.min(99_999_999, Math.ceil(left / 1000))}S`;
}
