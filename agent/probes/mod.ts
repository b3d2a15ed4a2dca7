/**
 * Probes and lifecycle hooks: everything that asks a container something from outside.
 *
 * `ProbeManager` keeps one worker per container and probe type and answers with values; `runHook` runs a postStart or
 * preStop handler once. Both share the handlers (httpGet, tcpSocket, exec, grpc, sleep), and reach containers only over
 * the network or through the `ExecSync` that they are given.
 */
export { type KnownState, ProbeManager, type ProbeManagerOptions, type ProbeResults } from "./manager.ts";
export { HookError, type HookOptions, type HookTarget, runHook } from "./hooks.ts";
export { runProbe } from "./handlers.ts";
export { probeDurationBounds, ProbeTally, type TalliedProbe } from "./tally.ts";
export type {
  ExecSync,
  HookHandler,
  ProbedContainer,
  ProbedPod,
  ProbeHandler,
  ProbeTarget,
  ProbeValue,
} from "./types.ts";
