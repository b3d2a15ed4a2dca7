/**
 * What the client knows of each unary method beyond its messages: which lane it runs in and how long it may take.
 * Deadlines are kubelet's: two minutes, twice that for a sandbox (its network is set up in the call), and the caller's
 * own time on top where the call waits for a grace period or a command. Pulls have none: they end by their signal.
 */
import type { ExecSyncRequest, ImageService, RuntimeService, StopContainerRequest } from "./gen/runtime_pb.ts";
import type { Lane } from "./queue.ts";

type UnaryOf<Methods extends Record<string, { methodKind: string }>> = {
  [Name in keyof Methods]: Methods[Name]["methodKind"] extends "unary" ? Name : never;
}[keyof Methods];

/** Unary methods, as the client spells them: `runPodSandbox`. */
export type MethodName = UnaryOf<(typeof RuntimeService)["method"]> | UnaryOf<(typeof ImageService)["method"]>;

interface Rule {
  lane: Lane;
  /** Milliseconds; Infinity: none. */
  timeoutMs: number;
  /** Milliseconds that the request itself asks for, on top; Infinity: no deadline at all. */
  asked?: (request: never) => number;
}

const minutes = 60_000;
/** The deadline of an ordinary call. */
export const ordinaryTimeoutMs = 2 * minutes;
const query: Rule = { lane: "query", timeoutMs: 2 * minutes };
const change: Rule = { lane: "change", timeoutMs: 2 * minutes };

export const methodRules: Record<MethodName, Rule> = {
  version: query,
  status: query,
  runtimeConfig: query,
  updateRuntimeConfig: change,

  runPodSandbox: { lane: "change", timeoutMs: 4 * minutes },
  stopPodSandbox: { lane: "wait", timeoutMs: 2 * minutes },
  removePodSandbox: change,
  podSandboxStatus: query,
  listPodSandbox: query,
  updatePodSandboxResources: change,

  createContainer: change,
  startContainer: change,
  stopContainer: {
    lane: "wait",
    timeoutMs: 2 * minutes,
    asked: (request: StopContainerRequest) => Number(request.timeout) * 1000,
  },
  removeContainer: change,
  listContainers: query,
  containerStatus: query,
  updateContainerResources: change,
  reopenContainerLog: query,

  execSync: {
    lane: "wait",
    timeoutMs: 2 * minutes,
    asked: (request: ExecSyncRequest) => request.timeout > 0n ? Number(request.timeout) * 1000 : Infinity,
  },
  exec: query,
  attach: query,
  portForward: query,

  containerStats: query,
  listContainerStats: query,
  podSandboxStats: query,
  listPodSandboxStats: query,
  listMetricDescriptors: query,
  listPodSandboxMetrics: query,

  listImages: query,
  imageStatus: query,
  pullImage: { lane: "wait", timeoutMs: Infinity },
  removeImage: change,
  imageFsInfo: query,
};
