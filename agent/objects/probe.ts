/** Handlers, probes and lifecycle hooks. */
import {
  define,
  int,
  lazily,
  list,
  long,
  neededInt,
  neededIntOrString,
  neededLong,
  neededText,
  opt,
  text,
  texts,
  word,
  type z,
} from "./schema.ts";

export const execAction = lazily(() => define("core.v1.ExecAction", { command: texts }));
export interface ExecAction extends z.infer<ReturnType<typeof execAction>> {}

export const httpGetAction = lazily(() =>
  define("core.v1.HTTPGetAction", {
    path: text,
    port: neededIntOrString,
    host: text,
    scheme: word("HTTP", "HTTPS"),
    httpHeaders: list(define("core.v1.HTTPHeader", { name: neededText, value: neededText })),
  })
);
export interface HTTPGetAction extends z.infer<ReturnType<typeof httpGetAction>> {}

export const tcpSocketAction = lazily(() => define("core.v1.TCPSocketAction", { port: neededIntOrString, host: text }));
export interface TCPSocketAction extends z.infer<ReturnType<typeof tcpSocketAction>> {}

export const grpcAction = lazily(() => define("core.v1.GRPCAction", { port: neededInt, service: text }));
export interface GRPCAction extends z.infer<ReturnType<typeof grpcAction>> {}

export const probe = lazily(() =>
  define("core.v1.Probe", {
    exec: opt(execAction()),
    httpGet: opt(httpGetAction()),
    tcpSocket: opt(tcpSocketAction()),
    grpc: opt(grpcAction()),
    initialDelaySeconds: int,
    timeoutSeconds: int,
    periodSeconds: int,
    successThreshold: int,
    failureThreshold: int,
    terminationGracePeriodSeconds: long,
  })
);
export interface Probe extends z.infer<ReturnType<typeof probe>> {}

export const lifecycleHandler = lazily(() =>
  define("core.v1.LifecycleHandler", {
    exec: opt(execAction()),
    httpGet: opt(httpGetAction()),
    tcpSocket: opt(tcpSocketAction()),
    sleep: opt(define("core.v1.SleepAction", { seconds: neededLong })),
  })
);
export interface LifecycleHandler extends z.infer<ReturnType<typeof lifecycleHandler>> {}

export const lifecycle = lazily(() =>
  define("core.v1.Lifecycle", {
    postStart: opt(lifecycleHandler()),
    preStop: opt(lifecycleHandler()),
    stopSignal: text,
  })
);
export interface Lifecycle extends z.infer<ReturnType<typeof lifecycle>> {}
