/**
 * The runtime's word that something happened to a container, from whichever source it has:
 *
 * - `cri`: GetContainerEvents (containerd 1.7, CRI-O 1.26 and later);
 * - `containerd`: containerd's own Events/Subscribe on the same socket (1.6);
 * - `none`: neither. The caller relists often.
 *
 * Events are hints: they come late, twice, out of order, or never (a subscriber that was away missed them), so the
 * caller relists after every connection and now and then anyway. A subscription to a quiet runtime gets no answer, not
 * even headers, until something happens; silence for `settleMs` counts as connected, and nothing waits for it.
 */
import { fromBinary } from "@bufbuild/protobuf";
import type { DescMethodServerStreaming, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { CriError, isUnimplemented } from "./errors.ts";
import { type Envelope, Events } from "./gen/containerd_events_pb.ts";
import {
  ContainerCreateSchema,
  ContainerDeleteSchema,
  TaskExitSchema,
  TaskOOMSchema,
  TaskStartSchema,
} from "./gen/containerd_tasks_pb.ts";
import { type ContainerEventResponse, ContainerEventType, RuntimeService } from "./gen/runtime_pb.ts";

/** The part of the agent's clock that is used here. */
export interface Clock {
  mono(): number;
  after(ms: number, fn: () => void): () => void;
}

export const realClock: Clock = {
  mono: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, Math.min(ms, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

export type CriEventSource = "cri" | "containerd" | "none";

/** Something happened to a container or a sandbox. */
export interface CriContainerEvent {
  type: "created" | "started" | "stopped" | "deleted" | "oom";
  /** A container's id, or a sandbox's. */
  id: string;
  /** Wall-clock milliseconds, the runtime's. */
  at: number;
  /** The pod's UID, where the source tells. */
  podUid?: string;
  /** Of a stopped container, where the source tells. */
  exitCode?: number;
}

export interface EventWatchOptions {
  onEvent(event: CriContainerEvent): void;
  /** Subscribed: relist now, after 1 s and after 5 s. `none`: the runtime has no events; told once. */
  onConnected(source: CriEventSource): void;
  /** The subscription ended or could not be made; it is tried again with back-off. */
  onBroken(err: CriError): void;
  clock?: Clock;
  /** Silence that counts as connected. Default 500 ms. */
  settleMs?: number;
}

export interface EventWatch {
  close(): void;
}

const minDelay = 100;
const maxDelay = 10_000;
const noneDelay = 60_000;

/** Subscribes, and again whenever the subscription breaks, until closed. Callbacks must not throw. */
export function watchEvents(
  transport: Transport,
  options: EventWatchOptions & { closed?: AbortSignal },
): EventWatch {
  const { onEvent, onConnected, onBroken, clock = realClock, settleMs = 500, closed } = options;
  const stop = new AbortController();
  const close = () => stop.abort();
  if (closed?.aborted) close();
  closed?.addEventListener("abort", close, { once: true });

  /** One subscription, from its request to its end. Returns how it ended. */
  async function follow<Method extends DescMethodServerStreaming>(
    source: CriEventSource,
    method: Method,
    request: MessageInitShape<Method["input"]>,
    toEvent: (message: MessageShape<Method["output"]>) => CriContainerEvent | undefined,
  ): Promise<{ error: CriError; connected: boolean }> {
    const ended = new AbortController();
    const end = () => ended.abort();
    stop.signal.addEventListener("abort", end, { once: true });
    let connected = false;
    const connect = () => {
      if (connected || stop.signal.aborted) return;
      connected = true;
      onConnected(source);
    };
    const cancelSettle = clock.after(settleMs, connect);
    try {
      const response = await transport.stream(method, ended.signal, undefined, undefined, once(request));
      for await (const message of response.message) {
        connect();
        const event = toEvent(message as MessageShape<Method["output"]>);
        if (event && !stop.signal.aborted) onEvent(event);
      }
      return { error: new CriError(method.name, "unavailable", "stream ended"), connected };
    } catch (err) {
      return { error: CriError.from(method.name, err), connected };
    } finally {
      cancelSettle();
      stop.signal.removeEventListener("abort", end);
      ended.abort();
    }
  }

  async function run(): Promise<void> {
    let delay = minDelay;
    let toldNone = false;
    while (!stop.signal.aborted) {
      const started = clock.mono();
      let end = await follow("cri", RuntimeService.method.getContainerEvents, {}, fromCri);
      if (isUnimplemented(end.error) && !stop.signal.aborted) {
        end = await follow("containerd", Events.method.subscribe, { filters }, fromContainerd);
      }
      if (stop.signal.aborted) return;
      if (isUnimplemented(end.error)) {
        if (!toldNone) onConnected("none");
        toldNone = true;
        delay = noneDelay;
      } else {
        toldNone = false;
        onBroken(end.error);
        if (end.connected && clock.mono() - started > maxDelay || delay > maxDelay) delay = minDelay;
      }
      await pause(clock, delay, stop.signal);
      delay = Math.min(delay * 2, maxDelay);
    }
  }

  run().finally(() => closed?.removeEventListener("abort", close));
  return { close };
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done, { once: true });
  });
}

// deno-lint-ignore no-explicit-any
async function* once(message: any) {
  yield message;
}

const typeNames = {
  [ContainerEventType.CONTAINER_CREATED_EVENT]: "created",
  [ContainerEventType.CONTAINER_STARTED_EVENT]: "started",
  [ContainerEventType.CONTAINER_STOPPED_EVENT]: "stopped",
  [ContainerEventType.CONTAINER_DELETED_EVENT]: "deleted",
} as const;

/** A CRI event; types that are newer than this file are none. */
export function fromCri(event: ContainerEventResponse): CriContainerEvent | undefined {
  const type = typeNames[event.containerEventType];
  if (!type) return undefined;
  const status = event.containersStatuses.find(({ id }) => id === event.containerId);
  return {
    type,
    id: event.containerId,
    at: Number(event.createdAt / 1_000_000n),
    podUid: event.podSandboxStatus?.metadata?.uid || undefined,
    exitCode: type === "stopped" ? status?.exitCode : undefined,
  };
}

/** CRI's containers live in namespace k8s.io. Topics are named one by one: each exec probe would send three others. */
const filters = ["/tasks/start", "/tasks/exit", "/tasks/oom", "/containers/create", "/containers/delete"]
  .map((topic) => `namespace=="k8s.io",topic=="${topic}"`);

/** A containerd event; an exec's exit is none. */
export function fromContainerd({ timestamp, topic, event }: Envelope): CriContainerEvent | undefined {
  if (!event) return undefined;
  const at = timestamp ? Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1e6) : 0;
  switch (topic) {
    case "/tasks/start":
      return { type: "started", id: fromBinary(TaskStartSchema, event.value).containerId, at };
    case "/tasks/exit": {
      const exit = fromBinary(TaskExitSchema, event.value);
      if (exit.id && exit.id !== exit.containerId) return undefined;
      return { type: "stopped", id: exit.containerId, at, exitCode: exit.exitStatus };
    }
    case "/tasks/oom":
      return { type: "oom", id: fromBinary(TaskOOMSchema, event.value).containerId, at };
    case "/containers/create":
      return { type: "created", id: fromBinary(ContainerCreateSchema, event.value).id, at };
    case "/containers/delete":
      return { type: "deleted", id: fromBinary(ContainerDeleteSchema, event.value).id, at };
    default:
      return undefined;
  }
}
