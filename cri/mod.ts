/**
 * The Container Runtime Interface for Deno: a client for containerd, CRI-O or any runtime that speaks CRI v1 on a Unix
 * socket. It knows the protocol and nothing of pods' policies.
 *
 *     proto/ → gen/     messages and services; `create(PodSandboxConfigSchema, { … })` makes one
 *     transport.ts      gRPC by `fetch` · queue.ts, methods.ts  turns and deadlines · errors.ts  what can go wrong
 *     client.ts         connectCri(): start reading here · events.ts  what happened, and where it comes from
 *     streams.ts        exec, attach and port-forward; spdy.ts, the older way in · fake.ts  a runtime in memory, for tests of faults and time
 */
export * from "./client.ts";
export * from "./errors.ts";
export type { Clock as CriClock, CriContainerEvent, CriEventSource, EventWatch, EventWatchOptions } from "./events.ts";
export type { MethodName } from "./methods.ts";
export { type Endpoint, parseEndpoint } from "./transport.ts";
export * from "./gen/runtime_pb.ts";
